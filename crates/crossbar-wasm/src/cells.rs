//! Cells that hold weights: mapping, writes, drift, noise, recombination.

use crate::calls;
use crate::descriptor::read;
use crate::view::{doubles, doubles_mut, floats, floats_mut, words, words_mut};
use crossbar_kernels::cells::{self, Arm, Codes, Drift, Flicker, Line, Scales, Sigma, Writing};
use wasm_bindgen::prelude::wasm_bindgen;

/// values = max(least, target + σ(judged)·z).
#[wasm_bindgen(js_name = writeCells)]
pub fn write_cells(count: usize) {
    let call: calls::WriteCells = read(count);
    let how = Writing {
        stream: (call.key, call.first),
        is_uniform: call.uniform,
        sigma: Sigma::of(doubles(call.sigma, call.sigma_size)),
        verified: Sigma::of(doubles(call.verified, call.verified_size)),
        least: call.least,
    };
    let errors = doubles_mut(call.errors, if call.errors == 0 { 0 } else { call.n });
    let (target, judged) = (floats(call.target, call.n), floats(call.judged, call.n));
    cells::write(how, target, judged, floats_mut(call.values, call.n), errors);
}

/// Values decay by a power of time.
#[wasm_bindgen(js_name = driftCells)]
pub fn drift_cells(count: usize) {
    let calls::DriftCells { target, values, n, lines, factor, scale, log_time, key, first } = read(count);
    let line = |from: u32| {
        let numbers = doubles(from, 4);
        Line { constant: numbers[0], slope: numbers[1], least: numbers[2], most: numbers[3] }
    };
    let how = Drift { factor, nu: line(lines), sigma: line(lines + 32), scale, log_time };
    cells::drift((key, first), how, floats(target, n), floats_mut(values, n));
}

/// Standard deviations of 1/f noise.
#[wasm_bindgen(js_name = flickerCells)]
pub fn flicker_cells(count: usize) {
    let calls::FlickerCells { programmed, values, sigma, n, factor, exponent, growth, most, share, least } =
        read(count);
    let how = Flicker { factor, exponent, growth, most, share, least };
    cells::flicker(how, floats(programmed, n), floats(values, n), floats_mut(sigma, n));
}

/// values = max(0, values + sigma·z), from noise block `first` of the stream on.
#[wasm_bindgen(js_name = addNoise)]
pub fn add_noise(key: u64, first: u32, sigma: u32, values: u32, n: usize) {
    cells::add_noise((key, first), floats(sigma, n), floats_mut(values, n));
}

fn scales<'a>(scales: u32, size: usize, parts: u32, n: usize) -> Scales<'a> {
    Scales { scales: doubles(scales, size), parts: words(parts, if parts == 0 { 0 } else { n }) }
}

/// Arms from their slopes, shifts and gains; the second is that of a pair.
fn arms(address: u32, size: usize) -> [Arm; 2] {
    let numbers = doubles(address, 3 * size);
    let arm = |i: usize| Arm { slope: numbers[3 * i], shift: numbers[3 * i + 1], gain: numbers[3 * i + 2] };
    [arm(0), arm(size - 1)]
}

/// Codes, conductances of their digits, and the weights that they stand for.
#[wasm_bindgen(js_name = mapCodes)]
pub fn map_codes(count: usize) {
    let call: calls::MapCodes = read(count);
    let n = call.n;
    let how = Codes {
        bias: call.bias,
        most: call.most,
        digit_bits: call.digit_bits,
        conductances: floats(call.conductances, call.digits),
    };
    let scales = scales(call.scales, call.scales_size, call.parts, n);
    let arms = &arms(call.arms, call.arms_size)[..call.arms_size];
    let target = floats_mut(call.target, call.arms_size * call.slices * n);
    let made = (words_mut(call.codes, call.arms_size * n), target, floats_mut(call.held, n));
    cells::map_codes(scales, arms, how, floats(call.weights, n), made);
}

/// Conductances of the fractions that arms hold.
#[wasm_bindgen(js_name = mapFractions)]
pub fn map_fractions(count: usize) {
    let call: calls::MapFractions = read(count);
    let scales = scales(call.scales, call.scales_size, call.parts, call.n);
    let arms = &arms(call.arms, call.arms_size)[..call.arms_size];
    let target = floats_mut(call.target, call.arms_size * call.n);
    cells::map_fractions(scales, arms, call.off, floats(call.weights, call.n), target);
}

/// Weights with what the deviations of their cells add to them.
#[wasm_bindgen]
pub fn recombine(count: usize) {
    let call: calls::Recombine = read(count);
    let (n, all) = (call.n, call.cells * call.n);
    let scales = scales(call.scales, call.scales_size, call.parts, n);
    let conductances = (floats(call.conductances, all), floats(call.target, all));
    let weights = floats(call.weights, n);
    cells::recombine(scales, doubles(call.factors, call.cells), conductances, weights, floats_mut(call.combined, n));
}
