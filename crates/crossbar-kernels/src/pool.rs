//! Maximum and average pooling of planes [h, w] → [oh, ow], with their gradients.

use crate::lanes::{copy, set, F32x4};
use crate::reduce::{max_or_nan, sum};
use core::ops::Range;

/// One axis of a pooling: sizes, window, and the padding before the first value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolAxis {
    /// Input size.
    pub size: usize,
    /// Output size.
    pub out: usize,
    /// Window size.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// Padding before.
    pub before: usize,
    /// Padding after: only an average that counts its padding reads it.
    pub after: usize,
    /// Step inside the window.
    pub dilation: usize,
}

impl PoolAxis {
    /// The places of window `o` inside the input, as a range of window indices.
    fn inside(&self, o: usize) -> Range<usize> {
        let start = o * self.stride;
        let first = self.before.saturating_sub(start).div_ceil(self.dilation);
        let end = (self.size + self.before).saturating_sub(start).div_ceil(self.dilation).min(self.kernel);
        first.min(end)..end
    }

    /// The input place of window index `k` of window `o`.
    fn place(&self, o: usize, k: usize) -> usize {
        o * self.stride + k * self.dilation - self.before
    }

    fn is_halving(&self) -> bool {
        let Self { kernel, stride, before, dilation, .. } = *self;
        (kernel, stride, before, dilation) == (2, 2, 0, 1) && self.out * 2 <= self.size
    }
}

/// Largest value of every window, and where in the window it was.
///
/// `positions` [planes, oh, ow] receives ky·kw + kx of the first maximum as a float, −1 for a window that lies
/// in the padding altogether (its maximum is −∞). NaN in a window gives NaN.
pub fn max(x: &[f32], y: &mut [f32], mut positions: Option<&mut [f32]>, [rows, cols]: [PoolAxis; 2]) {
    let (plane, out) = (rows.size * cols.size, rows.out * cols.out);
    if plane == 0 || out == 0 {
        return y.fill(f32::NEG_INFINITY);
    }
    for (p, (x, y)) in x.chunks_exact(plane).zip(y.chunks_exact_mut(out)).enumerate() {
        let mut positions = positions.as_deref_mut().map(|all| &mut all[p * out..][..out]);
        for oy in 0..rows.out {
            let row = oy * cols.out..(oy + 1) * cols.out;
            let at = positions.as_deref_mut().map(|all| &mut all[row.clone()]);
            if rows.is_halving() && cols.is_halving() {
                let [top, bottom] = [2 * oy, 2 * oy + 1].map(|r| &x[r * cols.size..][..2 * cols.out]);
                halving_max(top, bottom, &mut y[row], at);
            } else {
                window_max(x, &mut y[row], at, oy, [rows, cols]);
            }
        }
    }
}

/// One output row of windows in general position.
fn window_max(x: &[f32], y: &mut [f32], mut at: Option<&mut [f32]>, oy: usize, [rows, cols]: [PoolAxis; 2]) {
    for (ox, y) in y.iter_mut().enumerate() {
        let (mut best, mut position) = (f32::NEG_INFINITY, -1.0f32);
        for ky in rows.inside(oy) {
            let row = &x[rows.place(oy, ky) * cols.size..][..cols.size];
            for kx in cols.inside(ox) {
                let value = row[cols.place(ox, kx)];
                if (value > best || value.is_nan() || position < 0.0) && !best.is_nan() {
                    (best, position) = (value, (ky * cols.kernel + kx) as f32);
                }
            }
        }
        *y = best;
        if let Some(at) = at.as_deref_mut() {
            at[ox] = position;
        }
    }
}

/// One output row of 2×2 windows side by side.
fn halving_max(top: &[f32], bottom: &[f32], y: &mut [f32], mut at: Option<&mut [f32]>) {
    let pick = |(best, position): (F32x4, F32x4), value: F32x4, k: f32| {
        let larger = max_or_nan(best, value);
        // The place moves only where the best really changed; NaN equals nothing, so it moves there, once or more.
        (larger, larger.eq(best).select(position, F32x4::splat(k)))
    };
    let four = |top: [F32x4; 2], bottom: [F32x4; 2]| {
        let (a, b) = F32x4::unzip(top[0], top[1]);
        let (c, d) = F32x4::unzip(bottom[0], bottom[1]);
        pick(pick(pick((a, F32x4::splat(0.0)), b, 1.0), c, 2.0), d, 3.0)
    };
    let (tops, top_tail) = top.as_chunks::<8>();
    let (bottoms, bottom_tail) = bottom.as_chunks::<8>();
    for (i, (top, bottom)) in tops.iter().zip(bottoms).enumerate() {
        let [top, bottom] = [top, bottom].map(halves);
        let (best, position) = four(top, bottom);
        store_row(best, &mut y[4 * i..]);
        if let Some(at) = at.as_deref_mut() {
            store_row(position, &mut at[4 * i..]);
        }
    }
    let (done, count) = (4 * tops.len(), top_tail.len() / 2);
    if count > 0 {
        let (best, position) = four(padded(top_tail), padded(bottom_tail));
        copy(&best.to_array()[..count], &mut y[done..]);
        if let Some(at) = at {
            copy(&position.to_array()[..count], &mut at[done..]);
        }
    }
}

fn halves(eight: &[f32; 8]) -> [F32x4; 2] {
    let (fours, _) = eight.as_chunks::<4>();
    [F32x4::load(&fours[0]), F32x4::load(&fours[1])]
}

fn padded(tail: &[f32]) -> [F32x4; 2] {
    let mut eight = [0.0; 8];
    copy(tail, &mut eight[..tail.len()]);
    halves(&eight)
}

#[inline(always)]
fn store_row(value: F32x4, row: &mut [f32]) {
    value.store(row.first_chunk_mut().expect("four places are left"));
}

/// dx gets every dy at the place its maximum came from, summed where windows overlap; 0 elsewhere.
pub fn max_gradient(dy: &[f32], positions: &[f32], dx: &mut [f32], [rows, cols]: [PoolAxis; 2]) {
    let (plane, out) = (rows.size * cols.size, rows.out * cols.out);
    if plane == 0 || out == 0 {
        return dx.fill(0.0);
    }
    let halving = rows.is_halving() && cols.is_halving();
    for ((dy, at), dx) in dy.chunks_exact(out).zip(positions.chunks_exact(out)).zip(dx.chunks_exact_mut(plane)) {
        if halving {
            halving_max_gradient(dy, at, dx, [rows, cols]);
            continue;
        }
        dx.fill(0.0);
        for (o, (&dy, &k)) in dy.iter().zip(at).enumerate() {
            if k >= 0.0 {
                let (k, oy, ox) = (k as usize, o / cols.out, o % cols.out);
                let (row, col) = (rows.place(oy, k / cols.kernel), cols.place(ox, k % cols.kernel));
                dx[row * cols.size + col] += dy;
            }
        }
    }
}

fn halving_max_gradient(dy: &[f32], at: &[f32], dx: &mut [f32], [rows, cols]: [PoolAxis; 2]) {
    let zero = F32x4::splat(0.0);
    let width = 2 * cols.out;
    for (oy, (dy, at)) in dy.chunks_exact(cols.out).zip(at.chunks_exact(cols.out)).enumerate() {
        let (top, bottom) = dx[2 * oy * cols.size..][..2 * cols.size].split_at_mut(cols.size);
        set(&mut top[width..], 0.0);
        set(&mut bottom[width..], 0.0);
        let (dys, dy_tail) = dy.as_chunks::<4>();
        let (ats, at_tail) = at.as_chunks::<4>();
        for (i, (dy, at)) in dys.iter().zip(ats).enumerate() {
            let (dy, at) = (F32x4::load(dy), F32x4::load(at));
            for (row, first) in [(&mut *top, 0.0), (&mut *bottom, 2.0)] {
                let take = |k: f32| at.eq(F32x4::splat(k)).select(dy, zero);
                let (low, high) = F32x4::zip(take(first), take(first + 1.0));
                store_row(low, &mut row[8 * i..]);
                store_row(high, &mut row[8 * i + 4..]);
            }
        }
        for (i, (&dy, &at)) in dy_tail.iter().zip(at_tail).enumerate() {
            let col = 8 * dys.len() + 2 * i;
            for k in 0..4 {
                let row = if k < 2 { &mut *top } else { &mut *bottom };
                row[col + k % 2] = if at == k as f32 { dy } else { 0.0 };
            }
        }
    }
    set(&mut dx[2 * rows.out * cols.size..], 0.0);
}

/// A window of an average along one axis: its places and the number it divides by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Places inside the input.
    pub places: Range<usize>,
    /// What the window counts for along this axis.
    pub count: usize,
}

/// Windows of an average pool along one axis.
///
/// With `count_padding` a window counts its places in the padding too, but never those beyond it (ceil mode).
pub fn windows(axis: &PoolAxis, count_padding: bool) -> Vec<Window> {
    (0..axis.out)
        .map(|o| {
            let start = o * axis.stride;
            let padded = (start + axis.kernel).min(axis.size + axis.before + axis.after).saturating_sub(start);
            let end = (start + axis.kernel).saturating_sub(axis.before).min(axis.size);
            let places = start.saturating_sub(axis.before).min(end)..end;
            let count = if count_padding { padded } else { places.len() };
            Window { places, count: count.max(1) }
        })
        .collect()
}

/// Windows that cover `size` places by `out` nearly equal parts: ⌊i·size/out⌋ to ⌈(i+1)·size/out⌉.
pub fn adaptive_windows(size: usize, out: usize) -> Vec<Window> {
    (0..out)
        .map(|i| {
            let places = i * size / out..((i + 1) * size).div_ceil(out);
            Window { count: places.len().max(1), places }
        })
        .collect()
}

/// Mean of every window: x planes [h, w], `cols_size` = w, y planes [rows.len(), cols.len()].
pub fn average(x: &[f32], y: &mut [f32], plane: usize, cols_size: usize, rows: &[Window], cols: &[Window]) {
    let out = rows.len() * cols.len();
    if plane == 0 || out == 0 {
        return y.fill(0.0);
    }
    for (x, y) in x.chunks_exact(plane).zip(y.chunks_exact_mut(out)) {
        if let ([row], [col]) = (rows, cols) {
            if row.places.len() * col.places.len() == plane {
                y[0] = (sum(x) / (row.count * col.count) as f64) as f32;
                continue;
            }
        }
        for (row, y) in rows.iter().zip(y.chunks_exact_mut(cols.len())) {
            for (col, y) in cols.iter().zip(y) {
                let mut total = 0.0;
                for r in row.places.clone() {
                    total += x[r * cols_size..][col.places.clone()].iter().sum::<f32>();
                }
                *y = total / (row.count * col.count) as f32;
            }
        }
    }
}

/// Gradient of [`average`]: every place of a window gets dy divided by the window's count.
pub fn average_gradient(dy: &[f32], dx: &mut [f32], plane: usize, cols_size: usize, rows: &[Window], cols: &[Window]) {
    let out = rows.len() * cols.len();
    dx.fill(0.0);
    if plane == 0 || out == 0 {
        return;
    }
    for (dy, dx) in dy.chunks_exact(out).zip(dx.chunks_exact_mut(plane)) {
        for (row, dy) in rows.iter().zip(dy.chunks_exact(cols.len())) {
            for (col, dy) in cols.iter().zip(dy) {
                let part = dy / (row.count * col.count) as f32;
                for r in row.places.clone() {
                    dx[r * cols_size..][col.places.clone()].iter_mut().for_each(|dx| *dx += part);
                }
            }
        }
    }
}
