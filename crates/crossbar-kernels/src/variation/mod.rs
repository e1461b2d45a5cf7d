//! Weight variation: the error of a programmed weight, drawn while weights are packed.
//!
//! Must not know: products, images, devices (it is given standard deviations in weight units).

use crate::lanes::{copy, F32x4, U32x4};
use crate::random::{NoiseBlock, NOISE_BLOCK};

/// How often a call draws ΔW.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Draw {
    /// Never: the weights as stored.
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
    /// Key of the stream.
    pub key: u64,
    /// Index of the call's first sample in the whole batch, where every sample has its own draw; 0 otherwise.
    pub first_sample: u32,
}

impl Variation {
    /// No variation.
    pub const NONE: Self =
        Self { draw: Draw::None, s_max: 0.0, sigma_outer: 0.0, sigma_mid: 0.0, key: 0, first_sample: 0 };

    /// Whether every weight has the same σ.
    pub fn is_uniform(&self) -> bool {
        self.sigma_outer == self.sigma_mid
    }

    /// σ of four weights.
    #[inline(always)]
    fn sigma(&self, w: F32x4) -> F32x4 {
        let magnitude = w.abs();
        let middle = F32x4::splat(0.25 * self.s_max).lt(magnitude).and(magnitude.lt(F32x4::splat(0.75 * self.s_max)));
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
    /// Their variation.
    pub variation: Variation,
    /// Index of the sample in the call: with the call's first sample, the draw's coordinate when every sample has its own.
    pub sample: u32,
}

impl<'a> Weights<'a> {
    /// Noise block `block` of row `row`, the columns from 256·block on: the stored values, or varied ones in `buffer`.
    #[inline(always)]
    pub fn segment<'b>(&self, row: usize, block: usize, buffer: &'b mut [f32; NOISE_BLOCK]) -> &'b [f32]
    where
        'a: 'b,
    {
        let from = block * NOISE_BLOCK;
        let to = self.cols.min(from + NOISE_BLOCK);
        let values = &self.values[row * self.cols + from..row * self.cols + to];
        if self.variation.draw == Draw::None {
            return values;
        }
        vary(&self.variation, row, block, self.sample, values, buffer);
        &buffer[..values.len()]
    }

    /// Writes row `row`, all its columns.
    #[inline(never)]
    pub fn write_row(&self, row: usize, buffer: &mut NoiseBuffers, out: &mut [f32]) {
        let [buffer, ..] = buffer.blocks() else { unreachable!("one buffer at least") };
        for (block, out) in out[..self.cols].chunks_mut(NOISE_BLOCK).enumerate() {
            copy(self.segment(row, block, buffer), out);
        }
    }
}

/// Buffers of a noise block each. On the heap: filling arrays of this size in place takes kilobytes of code.
pub struct NoiseBuffers(Vec<f32>);

impl NoiseBuffers {
    /// `count` ≥ 1 buffers.
    #[inline(never)]
    pub fn new(count: usize) -> Self {
        Self(vec![0.0; count * NOISE_BLOCK])
    }

    /// All of them.
    pub fn blocks(&mut self) -> &mut [[f32; NOISE_BLOCK]] {
        self.0.as_chunks_mut().0
    }
}

/// buffer = w + σ(w)·ε for one noise block of a row; ε depends on key and coordinates alone.
#[inline(never)]
fn vary(variation: &Variation, row: usize, block: usize, sample: u32, w: &[f32], buffer: &mut [f32; NOISE_BLOCK]) {
    let mut generator = NoiseBlock::new(variation.key, row as u32, block as u32, variation.first_sample + sample);
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

/// max |x|; 0 for an empty array, +∞ if a value is NaN, so that a broken tensor cannot look small.
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
    let mut buffer = NoiseBuffers::new(1);
    for (row, out) in out.chunks_mut(weights.cols.max(1)).enumerate() {
        weights.write_row(row, &mut buffer, out);
    }
}

/// σ(w)² of every weight: the variance that it adds to an output per squared input.
pub fn squared_sigma(weights: &Weights, out: &mut [f32]) {
    for (&w, out) in weights.values.iter().zip(out) {
        let sigma = weights.variation.sigma(F32x4::splat(w)).to_array()[0];
        *out = sigma * sigma;
    }
}

#[cfg(test)]
mod tests;
