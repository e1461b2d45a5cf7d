//! Reductions and cumulative functions along one axis by code; the tables are in `crossbar_kernels::arrays::reduce` and `lines`.

use crate::view::{floats, floats_mut};
use crossbar_kernels::arrays::lines::{self, Order, SCANS};
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

/// dx *= slope of the reduction, a norm or a log-sum of exponentials, by x.
#[wasm_bindgen(js_name = scaleBySlopes)]
pub fn scale_by_slopes(code: u32, x: u32, y: u32, dx: u32, outer: usize, len: usize, inner: usize) {
    let (all, kept) = (outer * len * inner, outer * inner);
    reduce::scale_by_slopes(
        REDUCTIONS[code as usize],
        floats(x, all),
        floats(y, kept),
        floats_mut(dx, all),
        len,
        inner,
    );
}

/// Gradient of a product; dy [outer, inner].
#[wasm_bindgen(js_name = reduceProductGradient)]
pub fn reduce_product_gradient(x: u32, dy: u32, dx: u32, outer: usize, len: usize, inner: usize) {
    let all = outer * len * inner;
    lines::product_gradient(floats(x, all), floats(dy, outer * inner), floats_mut(dx, all), len, inner);
}

/// y[o, l, i] = cumulative function of x[o, 0..=l, i]; order: 1 exclusive, 2 from the end, 3 both.
#[wasm_bindgen(js_name = scan)]
pub fn scan(code: u32, order: u32, x: u32, y: u32, outer: usize, len: usize, inner: usize) {
    let all = outer * len * inner;
    lines::scan(SCANS[code as usize], order_of(order), floats(x, all), floats_mut(y, all), len, inner);
}

/// Gradient of a cumulative product; dy [outer, len, inner].
#[wasm_bindgen(js_name = scanProductGradient)]
pub fn scan_product_gradient(order: u32, x: u32, dy: u32, dx: u32, outer: usize, len: usize, inner: usize) {
    let all = outer * len * inner;
    lines::scan_product_gradient(order_of(order), floats(x, all), floats(dy, all), floats_mut(dx, all), len, inner);
}

fn order_of(bits: u32) -> Order {
    Order { is_exclusive: bits & 1 != 0, is_reverse: bits & 2 != 0 }
}
