//! Weight variation: the error of a programmed weight, drawn while weights are packed.
//!
//! Must not know: products, images, devices (it is given standard deviations in weight units).

mod sigma;

pub use sigma::Sigma;

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

/// W + ΔW with ΔW ~ N(0, σ(|w|/s_max)²).
#[derive(Clone, Copy)]
pub struct Variation<'a> {
    /// Whether and how often ΔW is drawn.
    pub draw: Draw,
    /// max |w| of the whole tensor.
    pub s_max: f32,
    /// Standard deviation, in weight units.
    pub sigma: Sigma<'a>,
    /// Key of the stream.
    pub key: u64,
    /// Index of the call's first sample in the whole batch, where every sample has its own draw; 0 otherwise.
    pub first_sample: u32,
}

impl Variation<'_> {
    /// No variation.
    pub const NONE: Self = Self { draw: Draw::None, s_max: 0.0, sigma: Sigma::Uniform(0.0), key: 0, first_sample: 0 };
}

/// A weight tensor in its stored layout, a matrix [rows, cols], with its variation.
#[derive(Clone, Copy)]
pub struct Weights<'a> {
    /// Row-major values.
    pub values: &'a [f32],
    /// Values in a row.
    pub cols: usize,
    /// Their variation.
    pub variation: Variation<'a>,
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
    let generator = NoiseBlock::new(variation.key, row as u32, block as u32, variation.first_sample + sample);
    match variation.sigma {
        Sigma::Uniform(sigma) => add_noise(w, generator, |_| F32x4::splat(sigma), buffer),
        sigma => {
            // In a pass of its own, so that all other kinds share a loop of the generator, which takes kilobytes of code.
            sigma.write(variation.s_max, w, buffer);
            add_noise(w, generator, |sigma| sigma, buffer);
        }
    }
}

/// buffer = w + σ·ε, where σ is a function of what the buffer held.
#[inline(always)]
fn add_noise(w: &[f32], mut generator: NoiseBlock, sigma: impl Fn(F32x4) -> F32x4, buffer: &mut [f32; NOISE_BLOCK]) {
    let (whole, rest) = w.as_chunks::<8>();
    let (out, _) = buffer.as_chunks_mut::<8>();
    for (w, out) in whole.iter().zip(out.iter_mut()) {
        add_scaled(w, generator.normals(), &sigma, out);
    }
    if !rest.is_empty() {
        let mut last = [0.0; 8];
        copy(rest, &mut last[..rest.len()]);
        add_scaled(&last, generator.normals(), &sigma, &mut out[whole.len()]);
    }
}

#[inline(always)]
fn add_scaled(w: &[f32; 8], normals: [F32x4; 2], sigma: impl Fn(F32x4) -> F32x4, out: &mut [f32; 8]) {
    let (w, _) = w.as_chunks::<4>();
    let (out, _) = out.as_chunks_mut::<4>();
    for i in 0..2 {
        let sigma = sigma(F32x4::load(&out[i]));
        // Rounded twice on purpose: the build must not change a seeded number.
        F32x4::load(&w[i]).add(sigma.mul(normals[i])).store(&mut out[i]);
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
    weights.variation.sigma.write(weights.variation.s_max, weights.values, out);
    for out in out {
        *out *= *out;
    }
}

#[cfg(test)]
mod tests;
