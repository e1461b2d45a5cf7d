//! Average pooling of planes [h, w], by windows or by nearly equal parts, with its gradient.

use crate::lanes::{copy, F32x4};
use crate::pool::{groups, padded, pairs, store_row, PoolAxis};
use crate::reduce::{load_at, sum};
use core::ops::Range;

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

/// Whether these are windows of two places side by side.
fn is_halving(windows: &[Window]) -> bool {
    windows.iter().enumerate().all(|(i, w)| w.places == (2 * i..2 * i + 2) && w.count == 2)
}

/// One output row of means of 2×2 windows side by side.
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

/// Gradient of [`average`]: every place of a window gets dy divided by the window's count.
pub fn gradient(dy: &[f32], dx: &mut [f32], plane: usize, cols_size: usize, rows: &[Window], cols: &[Window]) {
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
                for r in row.places.clone() {
                    dx[r * cols_size..][col.places.clone()].iter_mut().for_each(|dx| *dx += part);
                }
            }
        }
    }
}
