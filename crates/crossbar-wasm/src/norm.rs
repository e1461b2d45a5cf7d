//! Batch normalisation of [n, c, spatial]; gamma, beta, mean and (biased) variance are [c].

use crate::view::{floats, floats_mut, optional_floats_mut};
use crossbar_kernels::norm::{self, NormSize};
use wasm_bindgen::prelude::wasm_bindgen;

/// With the statistics given.
#[wasm_bindgen(js_name = batchNorm)]
#[allow(clippy::too_many_arguments)]
pub fn batch_norm(
    x: u32,
    gamma: u32,
    beta: u32,
    mean: u32,
    variance: u32,
    y: u32,
    n: usize,
    c: usize,
    spatial: usize,
    epsilon: f32,
) {
    let (size, all) = (NormSize { n, c, spatial }, n * c * spatial);
    let [gamma, beta, mean, variance] = [gamma, beta, mean, variance].map(|p| floats(p, c));
    norm::normalise(floats(x, all), gamma, beta, mean, variance, floats_mut(y, all), size, epsilon);
}

/// With the batch's own statistics, which are written to `mean` and `variance`.
#[wasm_bindgen(js_name = batchNormTrain)]
#[allow(clippy::too_many_arguments)]
pub fn batch_norm_train(
    x: u32,
    gamma: u32,
    beta: u32,
    y: u32,
    mean: u32,
    variance: u32,
    n: usize,
    c: usize,
    spatial: usize,
    epsilon: f32,
) {
    let (size, all) = (NormSize { n, c, spatial }, n * c * spatial);
    let (mean, variance) = (floats_mut(mean, c), floats_mut(variance, c));
    norm::normalise_batch(floats(x, all), floats(gamma, c), floats(beta, c), floats_mut(y, all), mean, variance, size, epsilon);
}

/// Gradients of either form; `dx` may be null.
#[wasm_bindgen(js_name = batchNormGradient)]
#[allow(clippy::too_many_arguments)]
pub fn batch_norm_gradient(
    x: u32,
    dy: u32,
    gamma: u32,
    mean: u32,
    variance: u32,
    dx: u32,
    dgamma: u32,
    dbeta: u32,
    n: usize,
    c: usize,
    spatial: usize,
    epsilon: f32,
    frozen: bool,
) {
    let (size, all) = (NormSize { n, c, spatial }, n * c * spatial);
    let [gamma, mean, variance] = [gamma, mean, variance].map(|p| floats(p, c));
    let (dgamma, dbeta) = (floats_mut(dgamma, c), floats_mut(dbeta, c));
    let dx = optional_floats_mut(dx, all);
    norm::gradient(floats(x, all), floats(dy, all), gamma, mean, variance, dx, dgamma, dbeta, size, epsilon, frozen);
}
