//! The probe that benchmarks measure kernels against.

use crossbar_kernels::roofline;
use wasm_bindgen::prelude::wasm_bindgen;

/// Accumulators of each unroll.
#[wasm_bindgen(js_name = rooflineUnrolls)]
pub fn roofline_unrolls() -> Vec<u32> {
    roofline::UNROLLS.map(|n| n as u32).to_vec()
}

/// `steps` rounds of one four-lane multiply-add an accumulator.
#[wasm_bindgen(js_name = rooflineProbe)]
pub fn roofline_probe(unroll: usize, steps: usize, factor: f32) -> f32 {
    roofline::probe(unroll, steps, factor)
}
