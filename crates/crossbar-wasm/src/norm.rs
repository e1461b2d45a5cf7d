//! Batch normalisation of [n, c, spatial]; gamma, beta, mean and (biased) variance are [c].

use crate::calls::{self, NormShape};
use crate::descriptor::read;
use crate::view::{floats, floats_mut, optional_floats_mut};
use crossbar_kernels::nn::norm::{self, Affine, Gradients, NormSize, Normalised, Statistics, StatisticsMut};
use wasm_bindgen::prelude::wasm_bindgen;

fn size_of(NormShape { n, c, spatial }: NormShape) -> (NormSize, usize) {
    (NormSize { n, c, spatial }, n * c * spatial)
}

/// With given statistics.
#[wasm_bindgen(js_name = batchNorm)]
pub fn batch_norm(count: usize) {
    let calls::BatchNorm { x, gamma, beta, mean, variance, y, epsilon, shape } = read(count);
    let (size, all) = size_of(shape);
    let [gamma, beta, mean, variance] = [gamma, beta, mean, variance].map(|address| floats(address, size.c));
    norm::normalise(
        floats(x, all),
        Affine { gamma, beta },
        Statistics { mean, variance },
        floats_mut(y, all),
        size,
        epsilon,
    );
}

/// With the batch's own statistics, which are written to `mean` and `variance`.
#[wasm_bindgen(js_name = batchNormTrain)]
pub fn batch_norm_train(count: usize) {
    let calls::BatchNorm { x, gamma, beta, mean, variance, y, epsilon, shape } = read(count);
    let (size, all) = size_of(shape);
    let affine = Affine { gamma: floats(gamma, size.c), beta: floats(beta, size.c) };
    let statistics = StatisticsMut { mean: floats_mut(mean, size.c), variance: floats_mut(variance, size.c) };
    norm::normalise_batch(floats(x, all), affine, floats_mut(y, all), statistics, size, epsilon);
}

/// Gradients of either form; `dx` may be null.
#[wasm_bindgen(js_name = batchNormGradient)]
pub fn batch_norm_gradient(count: usize) {
    let calls::BatchNormGradient { x, dy, gamma, mean, variance, dx, dgamma, dbeta, epsilon, frozen, shape } =
        read(count);
    let (size, all) = size_of(shape);
    let [gamma, mean, variance] = [gamma, mean, variance].map(|address| floats(address, size.c));
    let layer = Normalised { size, gamma, statistics: Statistics { mean, variance }, epsilon, is_frozen: frozen };
    let gradients = Gradients {
        dx: optional_floats_mut(dx, all),
        dgamma: floats_mut(dgamma, size.c),
        dbeta: floats_mut(dbeta, size.c),
    };
    norm::gradient(&layer, floats(x, all), floats(dy, all), gradients);
}
