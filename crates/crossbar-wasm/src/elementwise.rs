//! Elementwise functions by code; the tables are in `crossbar_kernels::arrays::elementwise`.

use crate::view::{bytes, floats, floats_mut};
use crossbar_kernels::arrays::elementwise::{self, BINARY, UNARY};
use wasm_bindgen::prelude::wasm_bindgen;

/// y = f(x), n values; p0 and p1 are the function's parameters.
#[wasm_bindgen(js_name = unary)]
pub fn unary(code: u32, x: u32, y: u32, n: usize, p0: f32, p1: f32) {
    elementwise::unary(UNARY[code as usize], floats(x, n), floats_mut(y, n), p0, p1);
}

/// dx = dy·f′; `value` is the function's output or its input, as the table says.
#[wasm_bindgen(js_name = unaryGradient)]
pub fn unary_gradient(code: u32, dy: u32, value: u32, dx: u32, n: usize, p0: f32, p1: f32) {
    elementwise::unary_gradient(UNARY[code as usize], floats(dy, n), floats(value, n), floats_mut(dx, n), p0, p1);
}

/// y = a ∘ b, n values each.
#[wasm_bindgen(js_name = binary)]
pub fn binary(code: u32, a: u32, b: u32, y: u32, n: usize) {
    elementwise::binary(BINARY[code as usize], floats(a, n), floats(b, n), floats_mut(y, n));
}

/// y = a ∘ b with broadcasting: y contiguous over `dims`, strides in elements, 0 where a value repeats.
#[wasm_bindgen(js_name = binaryBroadcast)]
pub fn binary_broadcast(code: u32, a: u32, b: u32, y: u32, dims: &[i32], a_strides: &[i32], b_strides: &[i32]) {
    let (op, n) = (BINARY[code as usize], dims.iter().map(|&d| d as usize).product());
    let (a, b) = (floats(a, extent(dims, a_strides)), floats(b, extent(dims, b_strides)));
    crossbar_kernels::arrays::binary_broadcast(op, a, b, floats_mut(y, n), dims, a_strides, b_strides);
}

/// y = where the condition's byte isn't 0: a, else b, with broadcasting; strides: those of the condition, then of a, then of b.
#[wasm_bindgen(js_name = selectBroadcast)]
pub fn select_broadcast(condition: u32, a: u32, b: u32, y: u32, dims: &[i32], strides: &[i32]) {
    let n = dims.iter().map(|&d| d as usize).product();
    let (c_strides, rest) = strides.split_at(dims.len());
    let (a_strides, b_strides) = rest.split_at(dims.len());
    let condition = bytes(condition, extent(dims, c_strides));
    let (a, b) = (floats(a, extent(dims, a_strides)), floats(b, extent(dims, b_strides)));
    let strides = [c_strides, a_strides, b_strides];
    crossbar_kernels::arrays::select_broadcast(condition, a, b, floats_mut(y, n), dims, strides);
}

/// Elements from the first to the last one a view with non-negative strides touches.
fn extent(dims: &[i32], strides: &[i32]) -> usize {
    if dims.contains(&0) {
        return 0;
    }
    1 + dims.iter().zip(strides).map(|(&d, &s)| (d as usize - 1) * s as usize).sum::<usize>()
}

/// y += alpha·x.
#[wasm_bindgen(js_name = axpy)]
pub fn axpy(alpha: f32, x: u32, y: u32, n: usize) {
    elementwise::axpy(alpha, floats(x, n), floats_mut(y, n));
}

/// Sets n values.
#[wasm_bindgen(js_name = fill)]
pub fn fill(y: u32, n: usize, value: f32) {
    floats_mut(y, n).fill(value);
}

/// y = x/(1−p) where y held a uniform number ≥ p, else 0.
#[wasm_bindgen(js_name = dropOut)]
pub fn drop_out(x: u32, y: u32, n: usize, p: f32) {
    elementwise::drop_out(floats(x, n), floats_mut(y, n), p);
}
