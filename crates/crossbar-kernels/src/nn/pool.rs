//! Maximum and average pooling of planes [h, w] → [oh, ow], with their gradients.

use crate::arrays::reduce::{pick, sum};
use crate::lanes::{copy, load_at, set, F32x4};
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
    /// The part of window `o` inside the input, as a range of window indices.
    fn inside(&self, o: usize) -> Range<usize> {
        let start = o * self.stride;
        let first = self.before.saturating_sub(start).div_ceil(self.dilation);
        let end = (self.size + self.before).saturating_sub(start).div_ceil(self.dilation).min(self.kernel);
        first.min(end)..end
    }

    /// The input position of window index `k` of window `o`.
    fn position(&self, o: usize, k: usize) -> usize {
        o * self.stride + k * self.dilation - self.before
    }

    fn is_halving(&self) -> bool {
        let Self { kernel, stride, before, dilation, .. } = *self;
        (kernel, stride, before, dilation) == (2, 2, 0, 1) && self.out * 2 <= self.size
    }
}

/// Largest value of every window, and where in the window it was.
///
/// `positions` [planes, oh, ow] receives ky·kw + kx of the first maximum as a float, −1 for a window
/// within the padding (its maximum is −∞). NaN in a window gives NaN.
pub fn max(x: &[f32], y: &mut [f32], mut positions: Option<&mut [f32]>, [rows, cols]: [PoolAxis; 2]) {
    let (plane, out) = (rows.size * cols.size, rows.out * cols.out);
    if plane == 0 || out == 0 {
        return y.fill(f32::NEG_INFINITY);
    }
    let halving = rows.is_halving() && cols.is_halving();
    let inside: Vec<Range<usize>> = (0..cols.out).map(|o| cols.inside(o)).collect();
    for (p, (x, y)) in x.chunks_exact(plane).zip(y.chunks_exact_mut(out)).enumerate() {
        let mut positions = positions.as_deref_mut().map(|all| &mut all[p * out..][..out]);
        for oy in 0..rows.out {
            let row = oy * cols.out..(oy + 1) * cols.out;
            let at = positions.as_deref_mut().map(|all| &mut all[row.clone()]);
            if halving {
                let [top, bottom] = [2 * oy, 2 * oy + 1].map(|r| &x[r * cols.size..][..2 * cols.out]);
                halving_max(top, bottom, &mut y[row], at);
            } else {
                let tops = rows.inside(oy).map(|ky| (ky, rows.position(oy, ky) * cols.size)).collect::<Vec<_>>();
                window_max(x, &mut y[row], at, &tops, &cols, &inside);
            }
        }
    }
}

/// One output row of windows in general position: `tops` are the window's rows inside the input with their first value,
/// `inside` the window's columns inside the input.
fn window_max(
    x: &[f32],
    y: &mut [f32],
    mut at: Option<&mut [f32]>,
    tops: &[(usize, usize)],
    cols: &PoolAxis,
    inside: &[Range<usize>],
) {
    let whole = 0..cols.kernel;
    let last = cols.kernel - 1;
    let mut ox = 0;
    while ox < y.len() {
        // Four windows at a time where none of them meets the padding.
        let fits = ox + 4 <= y.len() && inside[ox] == whole && inside[ox + 3] == whole;
        if let (true, Some(&(first, start))) = (fits, tops.first()) {
            let four = |start: usize, kx: usize| strided_four(x, start + cols.position(ox, kx), cols.stride);
            let mut best = (four(start, 0), F32x4::splat((first * cols.kernel) as f32));
            for &(ky, start) in tops {
                for kx in 0..=last {
                    best = pick(best, four(start, kx), (ky * cols.kernel + kx) as f32);
                }
            }
            store_row(best.0, &mut y[ox..]);
            if let Some(at) = at.as_deref_mut() {
                store_row(best.1, &mut at[ox..]);
            }
            ox += 4;
            continue;
        }
        let (mut best, mut position) = (f32::NEG_INFINITY, -1.0f32);
        for &(ky, start) in tops {
            for kx in inside[ox].clone() {
                let value = x[start + cols.position(ox, kx)];
                if (value > best || value.is_nan() || position < 0.0) && !best.is_nan() {
                    (best, position) = (value, (ky * cols.kernel + kx) as f32);
                }
            }
        }
        y[ox] = best;
        if let Some(at) = at.as_deref_mut() {
            at[ox] = position;
        }
        ox += 1;
    }
}

/// x[at], x[at + stride], …: four values.
#[inline(always)]
fn strided_four(x: &[f32], at: usize, stride: usize) -> F32x4 {
    match (stride, x[at..].first_chunk::<8>()) {
        (1, _) => F32x4::load(x[at..].first_chunk().expect("four values inside")),
        (2, Some(eight)) => {
            let [low, high] = halves(eight);
            F32x4::unzip(low, high).0
        }
        _ => F32x4::load(&[x[at], x[at + stride], x[at + 2 * stride], x[at + 3 * stride]]),
    }
}

/// Starts of groups of four of `count` ≥ 4 values; the last group may overlap the one before it, so that there is no tail.
#[inline(always)]
fn groups(count: usize) -> impl Iterator<Item = usize> {
    (0..count / 4).map(|i| 4 * i).chain((count % 4 != 0).then(|| count - 4))
}

/// One output row of adjacent 2×2 windows.
fn halving_max(top: &[f32], bottom: &[f32], y: &mut [f32], at: Option<&mut [f32]>) {
    let count = y.len();
    if count < 4 {
        let (mut y4, mut at4) = ([0.0; 4], [0.0; 4]);
        halving_max(&padded(top), &padded(bottom), &mut y4, Some(&mut at4));
        copy(&y4[..count], y);
        if let Some(at) = at {
            copy(&at4[..count], at);
        }
        return;
    }
    let four = |i: usize| {
        let [(a, b), (c, d)] = [top, bottom].map(|row| pairs(row, i));
        pick(pick(pick((a, F32x4::splat(0.0)), b, 1.0), c, 2.0), d, 3.0)
    };
    match at {
        Some(at) => {
            for i in groups(count) {
                let (best, position) = four(i);
                store_row(best, &mut y[i..]);
                store_row(position, &mut at[i..]);
            }
        }
        None => {
            for i in groups(count) {
                store_row(four(i).0, &mut y[i..]);
            }
        }
    }
}

/// The left and the right values of the four pairs from pair `i` on.
#[inline(always)]
fn pairs(row: &[f32], i: usize) -> (F32x4, F32x4) {
    let [low, high] = halves(row[2 * i..].first_chunk().expect("four pairs inside"));
    F32x4::unzip(low, high)
}

#[inline(always)]
fn halves(eight: &[f32; 8]) -> [F32x4; 2] {
    let (vectors, _) = eight.as_chunks::<4>();
    [F32x4::load(&vectors[0]), F32x4::load(&vectors[1])]
}

/// Up to eight values, zeros above.
fn padded(row: &[f32]) -> [f32; 8] {
    let mut eight = [0.0; 8];
    copy(row, &mut eight[..row.len()]);
    eight
}

#[inline(always)]
fn store_row(value: F32x4, row: &mut [f32]) {
    value.store(row.first_chunk_mut().expect("four values remain"));
}

/// Adds every dy to dx at the position of its maximum; 0 elsewhere.
pub fn max_gradient(dy: &[f32], positions: &[f32], dx: &mut [f32], [rows, cols]: [PoolAxis; 2]) {
    let (plane, out) = (rows.size * cols.size, rows.out * cols.out);
    if plane == 0 || out == 0 {
        return dx.fill(0.0);
    }
    let halving = rows.is_halving() && cols.is_halving();
    // Offset of window index k from the window's first position, which may be in the padding.
    let places: Vec<isize> = (0..rows.kernel * cols.kernel)
        .map(|k| (k / cols.kernel * rows.dilation * cols.size + k % cols.kernel * cols.dilation) as isize)
        .collect();
    for ((dy, at), dx) in dy.chunks_exact(out).zip(positions.chunks_exact(out)).zip(dx.chunks_exact_mut(plane)) {
        if halving {
            halving_max_gradient(dy, at, dx, [rows, cols]);
            continue;
        }
        dx.fill(0.0);
        for (oy, (dy, at)) in dy.chunks_exact(cols.out).zip(at.chunks_exact(cols.out)).enumerate() {
            let top = (oy * rows.stride) as isize - rows.before as isize;
            for (ox, (&dy, &k)) in dy.iter().zip(at).enumerate() {
                if k >= 0.0 {
                    let left = (ox * cols.stride) as isize - cols.before as isize;
                    dx[(top * cols.size as isize + left + places[k as usize]) as usize] += dy;
                }
            }
        }
    }
}

fn halving_max_gradient(dy: &[f32], at: &[f32], dx: &mut [f32], [rows, cols]: [PoolAxis; 2]) {
    let width = 2 * cols.out;
    for (oy, (dy, at)) in dy.chunks_exact(cols.out).zip(at.chunks_exact(cols.out)).enumerate() {
        let (top, bottom) = dx[2 * oy * cols.size..][..2 * cols.size].split_at_mut(cols.size);
        set(&mut top[width..], 0.0);
        set(&mut bottom[width..], 0.0);
        halving_max_gradient_row(dy, at, &mut top[..width], &mut bottom[..width]);
    }
    set(&mut dx[2 * rows.out * cols.size..], 0.0);
}

#[inline(always)]
fn halving_max_gradient_row(dy: &[f32], at: &[f32], top: &mut [f32], bottom: &mut [f32]) {
    if dy.len() < 4 {
        for (i, (&dy, &at)) in dy.iter().zip(at).enumerate() {
            for (k, row) in [(0, &mut *top), (2, &mut *bottom)] {
                row[2 * i] = if at == k as f32 { dy } else { 0.0 };
                row[2 * i + 1] = if at == (k + 1) as f32 { dy } else { 0.0 };
            }
        }
        return;
    }
    let zero = F32x4::splat(0.0);
    for i in groups(dy.len()) {
        let (dy, at) = (load_at(dy, i), load_at(at, i));
        for (row, first) in [(&mut *top, 0.0), (&mut *bottom, 2.0)] {
            let take = |k: f32| at.eq(F32x4::splat(k)).select(dy, zero);
            let (low, high) = F32x4::zip(take(first), take(first + 1.0));
            store_row(low, &mut row[2 * i..]);
            store_row(high, &mut row[2 * i + 4..]);
        }
    }
}

/// A window of an average along one axis: its input positions and its divisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Positions inside the input.
    pub inputs: Range<usize>,
    /// Divisor along this axis.
    pub count: usize,
}

/// Windows of an average pool along one axis.
///
/// With `count_padding` a window counts its positions in the padding too, but never those beyond it (ceil mode).
pub fn windows(axis: &PoolAxis, count_padding: bool) -> Vec<Window> {
    (0..axis.out)
        .map(|o| {
            let start = o * axis.stride;
            let padded = (start + axis.kernel).min(axis.size + axis.before + axis.after).saturating_sub(start);
            let end = (start + axis.kernel).saturating_sub(axis.before).min(axis.size);
            let inputs = start.saturating_sub(axis.before).min(end)..end;
            let count = if count_padding { padded } else { inputs.len() };
            Window { inputs, count: count.max(1) }
        })
        .collect()
}

/// Windows that cover `size` positions by `out` nearly equal parts: ⌊i·size/out⌋ to ⌈(i+1)·size/out⌉.
pub fn adaptive_windows(size: usize, out: usize) -> Vec<Window> {
    (0..out)
        .map(|i| {
            let inputs = i * size / out..((i + 1) * size).div_ceil(out);
            Window { count: inputs.len().max(1), inputs }
        })
        .collect()
}

/// Mean of every window: x planes [h, w], `cols_size` = w, y planes [rows.len(), cols.len()].
pub fn average(x: &[f32], y: &mut [f32], plane: usize, cols_size: usize, rows: &[Window], cols: &[Window]) {
    let out = rows.len() * cols.len();
    if plane == 0 || out == 0 {
        return y.fill(0.0);
    }
    let halving = is_halving(rows) && is_halving(cols);
    for (x, y) in x.chunks_exact(plane).zip(y.chunks_exact_mut(out)) {
        if halving {
            for (oy, y) in y.chunks_exact_mut(cols.len()).enumerate() {
                let [top, bottom] = [2 * oy, 2 * oy + 1].map(|r| &x[r * cols_size..][..2 * cols.len()]);
                halving_mean(top, bottom, y);
            }
            continue;
        }
        if let ([row], [col]) = (rows, cols) {
            if row.inputs.len() * col.inputs.len() == plane {
                y[0] = (sum(x) / (row.count * col.count) as f64) as f32;
                continue;
            }
        }
        for (row, y) in rows.iter().zip(y.chunks_exact_mut(cols.len())) {
            for (col, y) in cols.iter().zip(y) {
                let mut total = 0.0;
                for r in row.inputs.clone() {
                    total += x[r * cols_size..][col.inputs.clone()].iter().sum::<f32>();
                }
                *y = total / (row.count * col.count) as f32;
            }
        }
    }
}

/// Whether these are adjacent windows of two positions.
fn is_halving(windows: &[Window]) -> bool {
    windows.iter().enumerate().all(|(i, w)| w.inputs == (2 * i..2 * i + 2) && w.count == 2)
}

/// One output row of means of adjacent 2×2 windows.
fn halving_mean(top: &[f32], bottom: &[f32], y: &mut [f32]) {
    let count = y.len();
    if count < 4 {
        let mut y4 = [0.0; 4];
        halving_mean(&padded(top), &padded(bottom), &mut y4);
        return copy(&y4[..count], y);
    }
    for i in groups(count) {
        let [(a, b), (c, d)] = [top, bottom].map(|row| pairs(row, i));
        store_row(a.add(c).add(b.add(d)).mul(F32x4::splat(0.25)), &mut y[i..]);
    }
}

/// Two rows of the gradient of such means.
fn halving_mean_gradient(dy: &[f32], top: &mut [f32], bottom: &mut [f32]) {
    if dy.len() < 4 {
        for (i, dy) in dy.iter().enumerate() {
            for row in [&mut *top, &mut *bottom] {
                row[2 * i..2 * i + 2].copy_from_slice(&[0.25 * dy; 2]);
            }
        }
        return;
    }
    for i in groups(dy.len()) {
        let part = load_at(dy, i).mul(F32x4::splat(0.25));
        let (low, high) = F32x4::zip(part, part);
        for row in [&mut *top, &mut *bottom] {
            store_row(low, &mut row[2 * i..]);
            store_row(high, &mut row[2 * i + 4..]);
        }
    }
}

/// Gradient of [`average`]: every position of a window gets dy divided by the window's count.
pub fn average_gradient(dy: &[f32], dx: &mut [f32], plane: usize, cols_size: usize, rows: &[Window], cols: &[Window]) {
    let out = rows.len() * cols.len();
    dx.fill(0.0);
    if plane == 0 || out == 0 {
        return;
    }
    let halving = is_halving(rows) && is_halving(cols);
    for (dy, dx) in dy.chunks_exact(out).zip(dx.chunks_exact_mut(plane)) {
        if halving {
            for (dy, dx) in dy.chunks_exact(cols.len()).zip(dx.chunks_exact_mut(2 * cols_size)) {
                let (top, bottom) = dx.split_at_mut(cols_size);
                halving_mean_gradient(dy, top, bottom);
            }
            continue;
        }
        for (row, dy) in rows.iter().zip(dy.chunks_exact(cols.len())) {
            for (col, dy) in cols.iter().zip(dy) {
                let part = dy / (row.count * col.count) as f32;
                for r in row.inputs.clone() {
                    dx[r * cols_size..][col.inputs.clone()].iter_mut().for_each(|dx| *dx += part);
                }
            }
        }
    }
}
