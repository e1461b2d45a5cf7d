//! Weight variation: how calls give it, and varied weights written out.

use crate::calls;
use crate::descriptor::read;
use crate::view::{floats, floats_mut};
use crossbar_kernels::variation::{self, Draw, Sigma, Variation, Weights};
use wasm_bindgen::prelude::wasm_bindgen;

/// The kind of a variation: see [`calls::Variation`].
pub fn draw(kind: u32) -> Draw {
    [Draw::None, Draw::Batch, Draw::Sample][kind as usize]
}

/// A call's variation.
pub fn variation<'a>(given: calls::Variation) -> Variation<'a> {
    let calls::Variation { kind, s_max, sigma_outer, sigma_mid, table, table_size, key, first_sample } = given;
    let sigma = match table {
        0 => Sigma::levels(sigma_outer, sigma_mid),
        _ => Sigma::Table(floats(table, table_size)),
    };
    // With σ = 0 it is the digital product, which may take another algorithm than a draw for every sample.
    let draw = if sigma.is_zero() { Draw::None } else { draw(kind) };
    let first_sample = if draw == Draw::Sample { first_sample } else { 0 };
    Variation { draw, s_max, sigma, key, first_sample }
}

/// max |x|; infinite when a value is NaN.
#[wasm_bindgen(js_name = maxAbs)]
pub fn max_abs(x: u32, n: usize) -> f32 {
    variation::max_abs(floats(x, n))
}

/// W + ΔW written out: what a product with this variation uses for its first sample.
#[wasm_bindgen(js_name = variedWeight)]
pub fn varied_weight(count: usize) {
    let calls::VariedWeight { w, out, rows, cols, variation: given } = read(count);
    let weights = Weights { values: floats(w, rows * cols), cols, variation: variation(given), sample: 0 };
    variation::varied_weight(&weights, floats_mut(out, rows * cols));
}
