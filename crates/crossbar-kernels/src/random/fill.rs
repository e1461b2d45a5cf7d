//! Arrays of a stream's numbers.

use super::noise_block::{NoiseBlock, NOISE_BLOCK};
use crate::lanes::{copy, F32x4};

/// Fills an array with a stream's numbers from block `first` on: block b of row 0 holds the values from 256·b on.
#[inline(always)]
fn fill<T: Copy, const N: usize>(key: u64, first: u32, out: &mut [T], mut draw: impl FnMut(&mut NoiseBlock) -> [T; N]) {
    for (b, values) in out.chunks_mut(NOISE_BLOCK).enumerate() {
        let mut block = NoiseBlock::new(key, 0, first + b as u32, 0);
        let (whole, rest) = values.as_chunks_mut::<N>();
        for part in whole {
            *part = draw(&mut block);
        }
        if !rest.is_empty() {
            copy(&draw(&mut block)[..rest.len()], rest);
        }
    }
}

/// Standard normals of a stream.
pub fn fill_normal(key: u64, out: &mut [f32]) {
    fill_normal_from(key, 0, out);
}

/// Standard normals of a stream from a noise block on.
#[inline(never)]
pub fn fill_normal_from(key: u64, first: u32, out: &mut [f32]) {
    fill(key, first, out, |block| {
        let [[a, b, c, d], [e, f, g, h]] = block.normals().map(F32x4::to_array);
        [a, b, c, d, e, f, g, h]
    });
}

/// Uniform numbers in [0, 1), 24 bits each.
pub fn fill_uniform(key: u64, out: &mut [f32]) {
    fill_uniform_from(key, 0, out);
}

/// Uniform numbers in [0, 1) from a noise block on.
#[inline(never)]
pub fn fill_uniform_from(key: u64, first: u32, out: &mut [f32]) {
    fill(key, first, out, |block| block.bits().shr(8).to_f32_signed().mul(F32x4::splat(1.0 / 16_777_216.0)).to_array());
}

/// Uniform 32-bit words.
pub fn fill_bits(key: u64, out: &mut [u32]) {
    fill(key, 0, out, |block| block.bits().to_array());
}
