//! Pooling. `desc` = [planes, h, w, oh, ow, kh, kw, strideH, strideW, padT, padL, padB, padR, dilH, dilW].

use crate::view::{floats, floats_mut, optional_floats_mut};
use crossbar_kernels::nn::pool::{self, PoolAxis, Window};
use wasm_bindgen::prelude::wasm_bindgen;

struct Desc {
    planes: usize,
    axes: [PoolAxis; 2],
}

impl Desc {
    fn new(desc: &[i32]) -> Self {
        let at = |i: usize| desc[i] as usize;
        let axis = |i: usize| PoolAxis {
            size: at(1 + i),
            out: at(3 + i),
            kernel: at(5 + i),
            stride: at(7 + i),
            before: at(9 + i),
            after: at(11 + i),
            dilation: at(13 + i),
        };
        Self { planes: at(0), axes: [axis(0), axis(1)] }
    }
    fn inputs(&self) -> usize {
        self.planes * self.plane()
    }
    fn plane(&self) -> usize {
        self.axes[0].size * self.axes[1].size
    }
    fn outputs(&self) -> usize {
        self.planes * self.axes[0].out * self.axes[1].out
    }
    fn windows(&self, count_padding: bool) -> [Vec<Window>; 2] {
        [0, 1].map(|i| pool::windows(&self.axes[i], count_padding))
    }
}

/// Largest value of every window; `positions` (one float an output) may be null.
#[wasm_bindgen(js_name = maxPool)]
pub fn max_pool(x: u32, y: u32, positions: u32, desc: &[i32]) {
    let desc = Desc::new(desc);
    let positions = optional_floats_mut(positions, desc.outputs());
    pool::max(floats(x, desc.inputs()), floats_mut(y, desc.outputs()), positions, desc.axes);
}

/// dx from dy and the positions of the forward pass.
#[wasm_bindgen(js_name = maxPoolGradient)]
pub fn max_pool_gradient(dy: u32, positions: u32, dx: u32, desc: &[i32]) {
    let desc = Desc::new(desc);
    let n = desc.outputs();
    pool::max_gradient(floats(dy, n), floats(positions, n), floats_mut(dx, desc.inputs()), desc.axes);
}

/// Mean of every window.
#[wasm_bindgen(js_name = averagePool)]
pub fn average_pool(x: u32, y: u32, desc: &[i32], count_padding: bool) {
    let desc = Desc::new(desc);
    let [rows, cols] = desc.windows(count_padding);
    let (x, y) = (floats(x, desc.inputs()), floats_mut(y, desc.outputs()));
    pool::average(x, y, desc.plane(), desc.axes[1].size, &rows, &cols);
}

/// dx from dy.
#[wasm_bindgen(js_name = averagePoolGradient)]
pub fn average_pool_gradient(dy: u32, dx: u32, desc: &[i32], count_padding: bool) {
    let desc = Desc::new(desc);
    let [rows, cols] = desc.windows(count_padding);
    let (dy, dx) = (floats(dy, desc.outputs()), floats_mut(dx, desc.inputs()));
    pool::average_gradient(dy, dx, desc.plane(), desc.axes[1].size, &rows, &cols);
}

/// Mean of oh × ow nearly equal parts of every plane [h, w].
#[wasm_bindgen(js_name = adaptivePool)]
pub fn adaptive_pool(x: u32, y: u32, planes: usize, h: usize, w: usize, oh: usize, ow: usize) {
    let (rows, cols) = (pool::adaptive_windows(h, oh), pool::adaptive_windows(w, ow));
    pool::average(floats(x, planes * h * w), floats_mut(y, planes * oh * ow), h * w, w, &rows, &cols);
}

/// dx from dy.
#[wasm_bindgen(js_name = adaptivePoolGradient)]
pub fn adaptive_pool_gradient(dy: u32, dx: u32, planes: usize, h: usize, w: usize, oh: usize, ow: usize) {
    let (rows, cols) = (pool::adaptive_windows(h, oh), pool::adaptive_windows(w, ow));
    pool::average_gradient(floats(dy, planes * oh * ow), floats_mut(dx, planes * h * w), h * w, w, &rows, &cols);
}
