//! Reductions along one axis by code; the table is in `crossbar_kernels::arrays::reduce`.

use crate::view::{floats, floats_mut};
use crossbar_kernels::arrays::reduce::{self, REDUCTIONS};
use wasm_bindgen::prelude::wasm_bindgen;

/// y[o, i] = reduction over l of x[o, l, i].
#[wasm_bindgen(js_name = reduce)]
pub fn reduce(code: u32, x: u32, y: u32, outer: usize, len: usize, inner: usize) {
    let (x, y) = (floats(x, outer * len * inner), floats_mut(y, outer * inner));
    reduce::reduce(REDUCTIONS[code as usize], x, y, len, inner);
}

/// Gradient of a maximum: dy goes to the first place that holds it.
#[wasm_bindgen(js_name = reduceMaxGradient)]
pub fn reduce_max_gradient(x: u32, y: u32, dy: u32, dx: u32, outer: usize, len: usize, inner: usize) {
    let (all, kept) = (outer * len * inner, outer * inner);
    reduce::max_gradient(floats(x, all), floats(y, kept), floats(dy, kept), floats_mut(dx, all), len, inner);
}

/// dx[o, l, i] = scale·dy[o, i]: the gradient of a sum or a mean.
#[wasm_bindgen(js_name = spread)]
pub fn spread(dy: u32, dx: u32, outer: usize, len: usize, inner: usize, scale: f32) {
    reduce::spread(floats(dy, outer * inner), floats_mut(dx, outer * len * inner), len, inner, scale);
}
