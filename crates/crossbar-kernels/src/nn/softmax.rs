//! Softmax, its logarithm, and the mean cross entropy with its gradient.

use crate::arrays::elementwise::{map, zip};
use crate::arrays::reduce::{max, sum_of_pairs};
use crate::lanes::math::{exp4, ln4, scalar};
use crate::lanes::{load_at, load_tail, max_or_nan, store_tail, F32x4};

/// Lanes of `value` from `count` on are set to zero.
#[inline(always)]
fn keep_low(value: F32x4, count: usize) -> F32x4 {
    let mut lanes = [0.0; 4];
    store_tail(value, &mut lanes[..count]);
    F32x4::load(&lanes)
}

/// Σ e^(x[i] − shift); with `out`, the summands are kept there.
#[inline(never)]
pub(super) fn exp_sum(x: &[f32], shift: F32x4, out: Option<&mut [f32]>) -> f32 {
    let (vectors, tail) = x.as_chunks::<4>();
    let mut acc = F32x4::splat(0.0);
    match out {
        Some(out) => {
            let (outs, out_tail) = out.as_chunks_mut::<4>();
            for (x, out) in vectors.iter().zip(outs) {
                let e = exp4(F32x4::load(x).sub(shift));
                e.store(out);
                acc = acc.add(e);
            }
            if !tail.is_empty() {
                let e = keep_low(exp4(load_tail(tail).sub(shift)), tail.len());
                store_tail(e, out_tail);
                acc = acc.add(e);
            }
        }
        None => {
            for x in vectors {
                acc = acc.add(exp4(F32x4::load(x).sub(shift)));
            }
            if !tail.is_empty() {
                acc = acc.add(keep_low(exp4(load_tail(tail).sub(shift)), tail.len()));
            }
        }
    }
    acc.sum()
}

/// y[o, l, i] = e^(x[o, l, i]) / Σ_l e^(x[o, l, i]), or its logarithm; x is [outer, len, inner].
pub fn softmax(x: &[f32], y: &mut [f32], len: usize, inner: usize, logarithm: bool) {
    if x.is_empty() {
        return;
    }
    if inner > 1 {
        for (x, y) in x.chunks_exact(len * inner).zip(y.chunks_exact_mut(len * inner)) {
            columns(x, y, inner, logarithm);
        }
        return;
    }
    for (x, y) in x.chunks_exact(len).zip(y.chunks_exact_mut(len)) {
        let shift = F32x4::splat(max(x));
        if logarithm {
            let offset = F32x4::splat(scalar(ln4, exp_sum(x, shift, None)));
            map(x, y, |x| x.sub(shift).sub(offset));
        } else {
            let total = F32x4::splat(exp_sum(x, shift, Some(&mut *y)));
            for_each(y, |e| e.div(total));
        }
    }
}

/// y[i] = f(y[i]).
#[inline(always)]
fn for_each(y: &mut [f32], f: impl Fn(F32x4) -> F32x4) {
    let (vectors, tail) = y.as_chunks_mut::<4>();
    for four in vectors {
        f(F32x4::load(four)).store(four);
    }
    if !tail.is_empty() {
        store_tail(f(load_tail(tail)), tail);
    }
}

/// Softmax down the columns of x [len, inner], four columns at a time.
fn columns(x: &[f32], y: &mut [f32], inner: usize, logarithm: bool) {
    for at in (0..inner).step_by(4) {
        let end = inner.min(at + 4);
        let rows = || x.chunks_exact(inner).map(|row| load_at(row, at));
        let shift = rows().fold(F32x4::splat(f32::NEG_INFINITY), max_or_nan);
        let total = rows().fold(F32x4::splat(0.0), |total, x| total.add(exp4(x.sub(shift))));
        let offset = ln4(total);
        for (x, y) in rows().zip(y.chunks_exact_mut(inner)) {
            let x = x.sub(shift);
            store_tail(if logarithm { x.sub(offset) } else { exp4(x).div(total) }, &mut y[at..end]);
        }
    }
}

/// dx = y·(dy − Σ_l dy·y), or dx = dy − e^y·Σ_l dy for the logarithm. All [outer, len, inner].
pub fn softmax_gradient(dy: &[f32], y: &[f32], dx: &mut [f32], len: usize, inner: usize, logarithm: bool) {
    if dy.is_empty() {
        return;
    }
    let gradient = |dy: F32x4, y: F32x4, total: F32x4| {
        if logarithm {
            dy.sub(exp4(y).mul(total))
        } else {
            y.mul(dy.sub(total))
        }
    };
    let term = |dy: F32x4, y: F32x4| if logarithm { dy } else { dy.mul(y) };
    let size = len * inner;
    for ((dy, y), dx) in dy.chunks_exact(size).zip(y.chunks_exact(size)).zip(dx.chunks_exact_mut(size)) {
        if inner == 1 {
            let total = F32x4::splat(sum_of_pairs(dy, y, term) as f32);
            zip(dy, y, dx, |dy, y| gradient(dy, y, total));
            continue;
        }
        for at in (0..inner).step_by(4) {
            let end = inner.min(at + 4);
            let rows =
                || dy.chunks_exact(inner).zip(y.chunks_exact(inner)).map(|(dy, y)| (load_at(dy, at), load_at(y, at)));
            let total = rows().fold(F32x4::splat(0.0), |total, (dy, y)| total.add(term(dy, y)));
            for ((dy, y), dx) in rows().zip(dx.chunks_exact_mut(inner)) {
                store_tail(gradient(dy, y, total), &mut dx[at..end]);
            }
        }
    }
}

/// Mean over rows of −ln softmax(logits)[label]; logits [rows, cols], every label in 0..cols.
///
/// `gradient` [rows, cols] receives (softmax − one-hot)/rows. The loss has the same bits with and without it.
pub fn cross_entropy(logits: &[f32], labels: &[i32], mut gradient: Option<&mut [f32]>, cols: usize) -> f32 {
    let rows = labels.len();
    assert_eq!(logits.len(), rows * cols);
    let mut total = 0.0f64;
    for (r, &label) in labels.iter().enumerate() {
        let row = &logits[r * cols..][..cols];
        let shift = max(row);
        let shift4 = F32x4::splat(shift);
        let sum = match gradient.as_deref_mut() {
            None => exp_sum(row, shift4, None),
            Some(gradient) => {
                let gradient = &mut gradient[r * cols..][..cols];
                let sum = exp_sum(row, shift4, Some(gradient));
                let factor = F32x4::splat(1.0 / (sum * rows as f32));
                for_each(gradient, |e| e.mul(factor));
                gradient[label as usize] -= 1.0 / rows as f32;
                sum
            }
        };
        total += f64::from(scalar(ln4, sum)) - f64::from(row[label as usize] - shift);
    }
    (total / rows as f64) as f32
}
