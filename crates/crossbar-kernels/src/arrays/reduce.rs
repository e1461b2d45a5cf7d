//! Reductions along one axis, and the sums other kernels share.

use super::codes::codes;
use super::elementwise::map;
use super::lines::{self, Line};
use crate::lanes::doubles::{math, F64x4};
use crate::lanes::{load_at, load_tail, max_or_nan, store_tail, F32x4};

codes! {
    /// A reduction, by its index in the code table of the wasm surface.
    Reduction, REDUCTIONS:
    /// Σ x
    Sum,
    /// Σ x / n
    Mean,
    /// The largest value.
    Max,
    /// Π x
    Product,
    /// √Σ x²
    Norm,
    /// ln Σ e^x
    LogSumExp,
}

/// Values summed in f32 before a partial sum goes to f64: rounding stays near 2⁻²⁴·√16 for any length.
const BLOCK: usize = 256;

/// Σ f(x[i]): four vector accumulators within blocks, f64 across them. The order depends on the length alone.
#[inline(always)]
pub(crate) fn sum_of(x: &[f32], f: impl Fn(F32x4) -> F32x4) -> f64 {
    let mut total = 0.0f64;
    for block in x.chunks(BLOCK) {
        let (sixteens, rest) = block.as_chunks::<16>();
        let mut acc = [F32x4::splat(0.0); 4];
        for part in sixteens {
            let (vectors, _) = part.as_chunks::<4>();
            for (acc, four) in acc.iter_mut().zip(vectors) {
                *acc = acc.add(f(F32x4::load(four)));
            }
        }
        let (vectors, tail) = rest.as_chunks::<4>();
        for four in vectors {
            acc[0] = acc[0].add(f(F32x4::load(four)));
        }
        if !tail.is_empty() {
            let mut last = [0.0; 4];
            store_tail(f(load_tail(tail)), &mut last[..tail.len()]);
            acc[1] = acc[1].add(F32x4::load(&last));
        }
        total += f64::from(acc[0].add(acc[1]).add(acc[2].add(acc[3])).sum());
    }
    total
}

/// Σ f(x[i], y[i]), summed like [`sum_of`].
#[inline(always)]
pub(crate) fn sum_of_pairs(x: &[f32], y: &[f32], f: impl Fn(F32x4, F32x4) -> F32x4) -> f64 {
    assert_eq!(x.len(), y.len());
    let mut total = 0.0f64;
    for (x, y) in x.chunks(BLOCK).zip(y.chunks(BLOCK)) {
        let (xs, x_tail) = x.as_chunks::<4>();
        let (ys, y_tail) = y.as_chunks::<4>();
        let mut acc = [F32x4::splat(0.0); 2];
        for (i, (x, y)) in xs.iter().zip(ys).enumerate() {
            acc[i & 1] = acc[i & 1].add(f(F32x4::load(x), F32x4::load(y)));
        }
        if !x_tail.is_empty() {
            let mut last = [0.0; 4];
            store_tail(f(load_tail(x_tail), load_tail(y_tail)), &mut last[..x_tail.len()]);
            acc[1] = acc[1].add(F32x4::load(&last));
        }
        total += f64::from(acc[0].add(acc[1]).sum());
    }
    total
}

/// Σ x[i].
pub fn sum(x: &[f32]) -> f64 {
    sum_of(x, |x| x)
}

/// The larger of two with its position; NaN stays. The position changes only where `value` is larger.
#[inline(always)]
pub(crate) fn pick((best, position): (F32x4, F32x4), value: F32x4, k: f32) -> (F32x4, F32x4) {
    let larger = max_or_nan(best, value);
    (larger, larger.eq(best).select(position, F32x4::splat(k)))
}

/// The largest value, −∞ for none; NaN when any value is NaN.
pub(crate) fn max(x: &[f32]) -> f32 {
    let (vectors, tail) = x.as_chunks::<4>();
    let mut best = F32x4::splat(f32::NEG_INFINITY);
    for four in vectors {
        best = max_or_nan(best, F32x4::load(four));
    }
    for &value in tail {
        best = max_or_nan(best, F32x4::splat(value));
    }
    let [a, b, c, d] = best.to_array().map(F32x4::splat);
    max_or_nan(max_or_nan(a, b), max_or_nan(c, d)).to_array()[0]
}

/// y[o, i] = reduction over l of x[o, l, i]; x is [outer, len, inner]. Of nothing: 0, the mean NaN, the product 1, −∞ the maximum
/// and the logarithm.
pub fn reduce(op: Reduction, x: &[f32], y: &mut [f32], len: usize, inner: usize) {
    if y.is_empty() {
        return;
    }
    if len == 0 {
        return y.fill(match op {
            Reduction::Sum | Reduction::Norm => 0.0,
            Reduction::Mean => f32::NAN,
            Reduction::Product => 1.0,
            Reduction::Max | Reduction::LogSumExp => f32::NEG_INFINITY,
        });
    }
    match op {
        Reduction::Product => return lines::reduce(x, y, len, inner, Line::product),
        Reduction::Norm => return lines::reduce(x, y, len, inner, Line::norm),
        Reduction::LogSumExp => return lines::reduce(x, y, len, inner, Line::log_sum_exp),
        Reduction::Sum | Reduction::Mean | Reduction::Max => {}
    }
    if inner == 1 {
        for (x, y) in x.chunks_exact(len).zip(y) {
            *y = match op {
                Reduction::Sum => sum(x) as f32,
                Reduction::Mean => (sum(x) / len as f64) as f32,
                _ => max(x),
            };
        }
        return;
    }
    for (x, y) in x.chunks_exact(len * inner).zip(y.chunks_exact_mut(inner)) {
        match op {
            Reduction::Sum => column_sums(x, y, 1.0),
            Reduction::Mean => column_sums(x, y, len as f64),
            _ => column_maxima(x, y),
        }
    }
}

/// Rows summed in f32 before the partial sum goes to f64.
const ROWS: usize = 64;

/// y[i] = Σ_l x[l, i] / divisor, four columns at a time.
fn column_sums(x: &[f32], y: &mut [f32], divisor: f64) {
    let inner = y.len();
    for (strip, y) in y.chunks_mut(4).enumerate() {
        let mut total = [0.0f64; 4];
        for rows in x.chunks(ROWS * inner) {
            let mut acc = F32x4::splat(0.0);
            for row in rows.chunks_exact(inner) {
                acc = acc.add(load_at(row, strip * 4));
            }
            total.iter_mut().zip(acc.to_array()).for_each(|(total, part)| *total += f64::from(part));
        }
        y.iter_mut().zip(total).for_each(|(y, total)| *y = (total / divisor) as f32);
    }
}

/// y[i] = max_l x[l, i]; NaN when any is.
fn column_maxima(x: &[f32], y: &mut [f32]) {
    let inner = y.len();
    for (strip, y) in y.chunks_mut(4).enumerate() {
        let mut best = F32x4::splat(f32::NEG_INFINITY);
        for row in x.chunks_exact(inner) {
            best = max_or_nan(best, load_at(row, strip * 4));
        }
        store_tail(best, y);
    }
}

/// Gradient of a maximum: dx is dy at the first position of the maximum along the axis, 0 elsewhere.
///
/// Shapes: x and dx [outer, len, inner], y and dy [outer, inner].
pub fn max_gradient(x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32], len: usize, inner: usize) {
    dx.fill(0.0);
    if len == 0 || inner == 0 {
        return;
    }
    for (o, (x, dx)) in x.chunks_exact(len * inner).zip(dx.chunks_exact_mut(len * inner)).enumerate() {
        for i in 0..inner {
            let at = o * inner + i;
            if let Some(l) = (0..len).find(|l| x[l * inner + i] == y[at]) {
                dx[l * inner + i] = dy[at];
            }
        }
    }
}

/// dx *= slope of a norm or a log-sum of exponentials y [outer, inner] by x [outer, len, inner]; that of a norm of 0 is 0.
pub fn scale_by_slopes(op: Reduction, x: &[f32], y: &[f32], dx: &mut [f32], len: usize, inner: usize) {
    match op {
        Reduction::Norm => lines::scale(x, y, dx, len, inner, |x, y| if y == 0.0 { 0.0 } else { x / y }),
        _ => lines::scale(x, y, dx, len, inner, |x, y| math::exp(F64x4::splat(x - y)).to_array()[0]),
    }
}

/// dx[o, l, i] = scale·dy[o, i]: the gradient of a sum (scale 1) or of a mean (1/len).
pub fn spread(dy: &[f32], dx: &mut [f32], len: usize, inner: usize, scale: f32) {
    if dx.is_empty() {
        return;
    }
    let factor = F32x4::splat(scale);
    if inner == 1 {
        for (dy, dx) in dy.iter().zip(dx.chunks_exact_mut(len)) {
            dx.fill(dy * scale);
        }
        return;
    }
    for (dy, dx) in dy.chunks_exact(inner).zip(dx.chunks_exact_mut(len * inner)) {
        for dx in dx.chunks_exact_mut(inner) {
            map(dy, dx, |dy| dy.mul(factor));
        }
    }
}
