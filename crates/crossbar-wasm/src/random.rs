//! Streams of random numbers.

use crate::view::{floats_mut, words_mut};
use crossbar_kernels::random;
use wasm_bindgen::prelude::wasm_bindgen;

/// The key of the stream (seed, purpose, name, index, step).
#[wasm_bindgen(js_name = deriveKey)]
pub fn derive_key(seed_low: u32, seed_high: u32, purpose: &str, name: &str, index: u32, step: u32) -> u64 {
    random::derive_key(u64::from(seed_high) << 32 | u64::from(seed_low), purpose, name, index, step)
}

/// Standard normals.
#[wasm_bindgen(js_name = fillNormal)]
pub fn fill_normal(key: u64, out: u32, n: usize) {
    random::fill_normal(key, floats_mut(out, n));
}

/// Uniform numbers in [0, 1).
#[wasm_bindgen(js_name = fillUniform)]
pub fn fill_uniform(key: u64, out: u32, n: usize) {
    random::fill_uniform(key, floats_mut(out, n));
}

/// Uniform 32-bit words.
#[wasm_bindgen(js_name = fillBits)]
pub fn fill_bits(key: u64, out: u32, n: usize) {
    random::fill_bits(key, words_mut(out, n));
}
