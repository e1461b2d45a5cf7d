//! Weight variation: what a programmed weight misses its target by, generated where weights are packed.

use crate::lanes::{copy, F32x4, U32x4};
use crate::random::{Tile, TILE};

/// Whose weights a product uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Draw {
    /// The weights as they are.
    None,
    /// One draw for the whole call.
    Batch,
    /// A fresh draw for every sample (first axis).
    Sample,
}

/// W + ΔW with ΔW ~ N(0, σ(w)²): σ is `sigma_mid` where 0.25 < |w|/s_max < 0.75, else `sigma_outer`.
#[derive(Clone, Copy)]
pub struct Variation {
    /// Whether and how often ΔW is drawn.
    pub draw: Draw,
    /// max |w| of the whole tensor.
    pub s_max: f32,
    /// Standard deviation at the outer levels, in weight units.
    pub sigma_outer: f32,
    /// Standard deviation at the middle levels, in weight units.
    pub sigma_mid: f32,
    /// The stream.
    pub key: u64,
    /// Index of the call's first sample in the whole batch, where every sample has its own draw; 0 otherwise.
    pub first_sample: u32,
}

impl Variation {
    /// The weights as they are.
    pub const NONE: Self = Self { draw: Draw::None, s_max: 0.0, sigma_outer: 0.0, sigma_mid: 0.0, key: 0, first_sample: 0 };

    /// Whether every weight has the same σ.
    pub fn is_uniform(&self) -> bool {
        self.sigma_outer == self.sigma_mid
    }

    /// σ of four weights.
    #[inline(always)]
    fn sigma(&self, w: F32x4) -> F32x4 {
        let magnitude = w.abs();
        let middle = F32x4::splat(0.25 * self.s_max)
            .lt(magnitude)
            .and(magnitude.lt(F32x4::splat(0.75 * self.s_max)));
        middle.select(F32x4::splat(self.sigma_mid), F32x4::splat(self.sigma_outer))
    }
}

/// A weight tensor in its stored layout, a matrix [rows, cols], with its variation.
#[derive(Clone, Copy)]
pub struct Weights<'a> {
    /// Row-major values.
    pub values: &'a [f32],
    /// Values in a row.
    pub cols: usize,
    /// What is added to them.
    pub variation: Variation,
    /// Index of the sample in the call: with the call's first sample, the draw's coordinate when every sample has its own.
    pub sample: u32,
}

impl<'a> Weights<'a> {
    /// Row `row`, columns from tile `tile`·256, at most a tile: the values themselves, or written to `buffer` when they vary.
    #[inline(always)]
    pub fn segment<'b>(&self, row: usize, tile: usize, buffer: &'b mut [f32; TILE]) -> &'b [f32]
    where
        'a: 'b,
    {
        let from = tile * TILE;
        let to = self.cols.min(from + TILE);
        let values = &self.values[row * self.cols + from..row * self.cols + to];
        if self.variation.draw == Draw::None {
            return values;
        }
        vary(&self.variation, row, tile, self.sample, values, buffer);
        &buffer[..values.len()]
    }
}

/// Room for `count` tiles, see [`as_tiles`]. On the heap: filling arrays of this size in place takes kilobytes of code.
pub(crate) fn tile_buffers(count: usize) -> Vec<f32> {
    vec![0.0; count * TILE]
}

/// Values as whole tiles.
pub(crate) fn as_tiles(values: &mut [f32]) -> &mut [[f32; TILE]] {
    values.as_chunks_mut().0
}

/// buffer = w + σ(w)·ε for one tile of a row; ε depends on key and coordinates alone.
#[inline(never)]
fn vary(variation: &Variation, row: usize, tile: usize, sample: u32, w: &[f32], buffer: &mut [f32; TILE]) {
    let mut generator = Tile::new(variation.key, row as u32, tile as u32, variation.first_sample + sample);
    let (whole, rest) = w.as_chunks::<8>();
    let (out, _) = buffer.as_chunks_mut::<8>();
    if variation.is_uniform() {
        let sigma = F32x4::splat(variation.sigma_outer);
        for (w, out) in whole.iter().zip(out.iter_mut()) {
            add_scaled(w, generator.normals(), |_| sigma, out);
        }
    } else {
        for (w, out) in whole.iter().zip(out.iter_mut()) {
            add_scaled(w, generator.normals(), |w| variation.sigma(w), out);
        }
    }
    if !rest.is_empty() {
        let mut last = [0.0; 8];
        copy(rest, &mut last[..rest.len()]);
        add_scaled(&last, generator.normals(), |w| variation.sigma(w), &mut out[whole.len()]);
    }
}

#[inline(always)]
fn add_scaled(w: &[f32; 8], normals: [F32x4; 2], sigma: impl Fn(F32x4) -> F32x4, out: &mut [f32; 8]) {
    let (w, _) = w.as_chunks::<4>();
    let (out, _) = out.as_chunks_mut::<4>();
    for i in 0..2 {
        let value = F32x4::load(&w[i]);
        // Rounded twice on purpose: the build must not change a seeded number.
        value.add(sigma(value).mul(normals[i])).store(&mut out[i]);
    }
}

/// max |x|; 0 for nothing. NaN counts as +∞, so that a broken tensor cannot look small.
pub fn max_abs(x: &[f32]) -> f32 {
    let (whole, rest) = x.as_chunks::<4>();
    let mut best = F32x4::splat(0.0);
    let mut broken = U32x4::splat(0);
    for four in whole {
        let value = F32x4::load(four);
        best = best.max(value.abs());
        broken = broken.or(value.eq(value).xor(U32x4::splat(u32::MAX)));
    }
    if broken.any() || rest.iter().any(|v| v.is_nan()) {
        return f32::INFINITY;
    }
    let lanes = best.to_array();
    rest.iter().map(|v| v.abs()).chain(lanes).fold(0.0, f32::max)
}

/// W + ΔW written out, [rows, cols].
pub fn varied_weight(weights: &Weights, out: &mut [f32]) {
    let mut buffer = tile_buffers(1);
    let buffer = &mut as_tiles(&mut buffer)[0];
    for (row, out) in out.chunks_mut(weights.cols.max(1)).enumerate() {
        for (tile, out) in out.chunks_mut(TILE).enumerate() {
            copy(weights.segment(row, tile, buffer), out);
        }
    }
}

/// σ(w)² of a weight tensor: what a sum over a row's inputs has as variance per squared input.
pub fn squared_sigma(weights: &Weights, out: &mut [f32]) {
    for (&w, out) in weights.values.iter().zip(out) {
        let sigma = weights.variation.sigma(F32x4::splat(w)).to_array()[0];
        *out = sigma * sigma;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{derive_key, fill_normal};

    fn weight(n: usize) -> Vec<f32> {
        let mut w = vec![0.0; n];
        fill_normal(derive_key(5, "weight", "", 0, 0), &mut w);
        w
    }

    #[test]
    fn sigma_follows_the_level() {
        let n = 300_000;
        let mut w = vec![0.1; n];
        w[n / 2..].fill(0.5);
        w[0] = -1.0;
        let variation = Variation { draw: Draw::Batch, s_max: 1.0, sigma_outer: 0.1, sigma_mid: 0.4, key: 11, first_sample: 0 };
        let mut out = vec![0.0; n];
        varied_weight(&Weights { values: &w, cols: 1000, variation, sample: 0 }, &mut out);
        let std = |range: std::ops::Range<usize>| {
            let count = range.len() as f64;
            (range.map(|i| f64::from(out[i] - w[i]).powi(2)).sum::<f64>() / count).sqrt()
        };
        assert!((std(1..n / 2) - 0.1).abs() < 0.001);
        assert!((std(n / 2..n) - 0.4).abs() < 0.004);
    }

    #[test]
    fn bounds_of_the_middle_are_strict() {
        let variation = Variation { draw: Draw::Batch, s_max: 0.4, sigma_outer: 1.0, sigma_mid: 2.0, key: 0, first_sample: 0 };
        for (w, sigma) in [(0.1, 1.0), (0.3, 1.0), (-0.3, 1.0), (0.2, 2.0), (-0.2, 2.0), (0.4, 1.0), (0.0, 1.0)] {
            assert_eq!(variation.sigma(F32x4::splat(w)).to_array()[0], sigma, "{w}");
        }
    }

    #[test]
    fn samples_rows_and_keys_draw_apart_and_again_the_same() {
        let w = weight(3 * 300);
        let draw_after = |key, first_sample, sample| {
            let variation = Variation { draw: Draw::Sample, s_max: 3.0, sigma_outer: 0.1, sigma_mid: 0.1, key, first_sample };
            let mut out = vec![0.0; w.len()];
            varied_weight(&Weights { values: &w, cols: 300, variation, sample }, &mut out);
            out
        };
        let draw = |key, sample| draw_after(key, 0, sample);
        assert_eq!(draw(1, 0), draw(1, 0));
        assert_eq!(draw_after(1, 3, 2), draw(1, 5));
        assert_ne!(draw(1, 0), draw(1, 1));
        assert_ne!(draw(1, 0), draw(2, 0));
        let d = draw(1, 0);
        assert_ne!(d[0] - w[0], d[300] - w[300]);
    }

    #[test]
    fn zero_sigma_changes_no_bit() {
        let w = weight(517);
        let variation = Variation { draw: Draw::Batch, s_max: 3.0, sigma_outer: 0.0, sigma_mid: 0.0, key: 1, first_sample: 0 };
        let mut out = vec![0.0; w.len()];
        varied_weight(&Weights { values: &w, cols: 47, variation, sample: 0 }, &mut out);
        assert_eq!(out, w);
    }

    #[test]
    fn maximum_magnitude() {
        assert_eq!(max_abs(&[]), 0.0);
        assert_eq!(max_abs(&[1.0, -3.0, 2.0, 0.5, 2.5]), 3.0);
        assert_eq!(max_abs(&[1.0, 1.0, 1.0, 1.0, -9.0]), 9.0);
        assert_eq!(max_abs(&[1.0, f32::NAN, 1.0, 1.0, 2.0]), f32::INFINITY);
    }
}
