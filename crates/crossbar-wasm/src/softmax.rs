//! Softmax along one axis of [outer, len, inner], and the mean cross entropy.

use crate::view::{floats, floats_mut, integers, optional_floats_mut};
use crossbar_kernels::nn::softmax;
use wasm_bindgen::prelude::wasm_bindgen;

/// y = softmax(x), or its logarithm.
#[wasm_bindgen(js_name = softmax)]
pub fn softmax(x: u32, y: u32, outer: usize, len: usize, inner: usize, logarithm: bool) {
    let n = outer * len * inner;
    softmax::softmax(floats(x, n), floats_mut(y, n), len, inner, logarithm);
}

/// dx from dy and the output y.
#[wasm_bindgen(js_name = softmaxGradient)]
pub fn softmax_gradient(dy: u32, y: u32, dx: u32, outer: usize, len: usize, inner: usize, logarithm: bool) {
    let n = outer * len * inner;
    softmax::softmax_gradient(floats(dy, n), floats(y, n), floats_mut(dx, n), len, inner, logarithm);
}

/// Mean cross entropy of logits [rows, cols] with i32 labels; `gradient` may be null.
#[wasm_bindgen(js_name = crossEntropy)]
pub fn cross_entropy(logits: u32, labels: u32, gradient: u32, rows: usize, cols: usize) -> f32 {
    let gradient = optional_floats_mut(gradient, rows * cols);
    softmax::cross_entropy(floats(logits, rows * cols), integers(labels, rows), gradient, cols)
}
