//! Parameter updates.

use crate::calls;
use crate::descriptor::read;
use crate::view::{floats, floats_mut, optional_floats_mut};
use crossbar_kernels::nn::optim::{self, Adam};
use wasm_bindgen::prelude::wasm_bindgen;

/// One step of Adam.
#[wasm_bindgen(js_name = adamStep)]
pub fn adam_step(count: usize) {
    let calls::AdamStep { w, g, m, v, n, rate, beta1, beta2, epsilon, bias1, bias2, weight_decay } = read(count);
    let settings = Adam { rate, beta1, beta2, epsilon, bias1, bias2, weight_decay };
    optim::adam(floats_mut(w, n), floats(g, n), floats_mut(m, n), floats_mut(v, n), settings);
}

/// One step of gradient descent; `buffer` (the momentum) may be null.
#[wasm_bindgen(js_name = sgdStep)]
pub fn sgd_step(w: u32, g: u32, buffer: u32, n: usize, rate: f64, momentum: f64, weight_decay: f64) {
    let buffer = optional_floats_mut(buffer, n);
    optim::sgd(floats_mut(w, n), floats(g, n), buffer, rate, momentum, weight_decay);
}
