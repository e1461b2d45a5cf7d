//! Matrix products and fully connected layers.

use crate::calls::{self, LinearShape};
use crate::descriptor::read;
use crate::memory::with_workspace;
use crate::variation::variation;
use crate::view::{floats, floats_mut, optional_floats};
use crossbar_kernels::gemm::{self, Initial, Matrix, Shape};
use crossbar_kernels::nn::linear::{self, Inputs, Linear, Output, Saved};
use wasm_bindgen::prelude::wasm_bindgen;

/// C [m, n] = op(A)·op(B), or C + that.
#[wasm_bindgen]
pub fn gemm(count: usize) {
    let calls::Gemm { a, b, c, m, n, k, trans_a, trans_b, accumulate } = read(count);
    let a = Matrix { values: floats(a, m * k), stride: if trans_a { m } else { k }, transposed: trans_a };
    let b = Matrix { values: floats(b, k * n), stride: if trans_b { k } else { n }, transposed: trans_b };
    let initial = if accumulate { Initial::Values } else { Initial::Zero };
    with_workspace(|work| gemm::gemm(work, Shape { m, n, k }, a, b, floats_mut(c, m * n), initial));
}

fn layer(shape: LinearShape) -> Linear {
    let LinearShape { batch, rows_per_sample, inputs, outputs, inputs_first } = shape;
    Linear { batch, rows_per_sample, inputs, outputs, inputs_first }
}

/// y = x·(W + ΔW)ᵀ + b, or max(that, 0). `ratio` is written in the cheap form of a draw for every sample.
#[wasm_bindgen(js_name = linearForward)]
pub fn linear_forward(count: usize) {
    let calls::LinearForward { x, w, bias, y, ratio, rectified, shape, variation: given } = read(count);
    let shape = layer(shape);
    let inputs = Inputs {
        x: floats(x, shape.x_size()),
        w: floats(w, shape.w_size()),
        bias: optional_floats(bias, shape.outputs),
    };
    let ratio = floats_mut(ratio, if ratio == 0 { 0 } else { shape.batch * shape.outputs });
    let output = Output { y: floats_mut(y, shape.y_size()), is_rectified: rectified, ratio };
    with_workspace(|work| linear::forward(work, &shape, inputs, variation(given), output));
}

/// dx = dy·(W + ΔW). `x` and `ratio` are read in the cheap form of a draw for every sample.
#[wasm_bindgen(js_name = linearBackwardInput)]
pub fn linear_backward_input(count: usize) {
    let calls::LinearBackwardInput { dy, w, dx, x, ratio, shape, variation: given } = read(count);
    let shape = layer(shape);
    let saved =
        Saved { x: optional_floats(x, shape.x_size()), ratio: optional_floats(ratio, shape.batch * shape.outputs) };
    let (dy, w, dx) = (floats(dy, shape.y_size()), floats(w, shape.w_size()), floats_mut(dx, shape.x_size()));
    with_workspace(|work| linear::backward_input(work, &shape, dy, w, saved, variation(given), dx));
}

/// dW = dyᵀ·x in W's layout.
#[wasm_bindgen(js_name = linearBackwardWeight)]
pub fn linear_backward_weight(
    x: u32,
    dy: u32,
    dw: u32,
    rows: usize,
    inputs: usize,
    outputs: usize,
    inputs_first: bool,
) {
    let shape = Linear { batch: rows, rows_per_sample: 1, inputs, outputs, inputs_first };
    let (x, dy, dw) = (floats(x, shape.x_size()), floats(dy, shape.y_size()), floats_mut(dw, shape.w_size()));
    with_workspace(|work| linear::backward_weight(work, &shape, x, dy, dw));
}

/// Σ over rows.
#[wasm_bindgen(js_name = columnSum)]
pub fn column_sum(x: u32, out: u32, rows: usize, cols: usize) {
    linear::column_sum(floats(x, rows * cols), cols, floats_mut(out, cols));
}
