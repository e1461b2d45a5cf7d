//! Streams of random numbers and the weight variation drawn from them.

use crate::view::{floats, floats_mut, words_mut};
use crossbar_kernels::random;
use crossbar_kernels::variation::{self, Draw, Variation, Weights};
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

/// max |x|; infinite when a value is NaN.
#[wasm_bindgen(js_name = maxAbs)]
pub fn max_abs(x: u32, n: usize) -> f32 {
    variation::max_abs(floats(x, n))
}

/// W + ΔW written out: what a product with this variation uses. W is [rows, cols] as stored.
#[wasm_bindgen(js_name = variedWeight)]
#[allow(clippy::too_many_arguments)]
pub fn varied_weight(
    w: u32,
    rows: usize,
    cols: usize,
    out: u32,
    s_max: f32,
    sigma_outer: f32,
    sigma_mid: f32,
    key: u64,
    sample: u32,
) {
    let variation = Variation { draw: Draw::Sample, s_max, sigma_outer, sigma_mid, key, first_sample: 0 };
    let weights = Weights { values: floats(w, rows * cols), cols, variation, sample };
    variation::varied_weight(&weights, floats_mut(out, rows * cols));
}
