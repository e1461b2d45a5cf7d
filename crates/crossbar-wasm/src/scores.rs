//! Counts of class scores; see `crossbar_kernels::nn::scores` for the units of the sums.

use crate::view::{doubles, doubles_mut, floats, integers};
use crossbar_kernels::nn::scores;
use wasm_bindgen::prelude::wasm_bindgen;

/// Counts scores [rows, classes] times `factor` with i32 labels. Softmax and logarithms are added to `sums` and `logarithms` (f64),
/// or to nothing where these are null. Returns [right, confidence right, confidence wrong, broken, entropy, loss, information] and the
/// gaps of 15 ranges of confidence.
#[wasm_bindgen(js_name = countScores)]
pub fn count_scores(
    scores: u32,
    labels: u32,
    sums: u32,
    logarithms: u32,
    rows: usize,
    classes: usize,
    factor: f32,
) -> Vec<f64> {
    let n = rows * classes;
    let at = |offset: u32| doubles_mut(offset, if offset == 0 { 0 } else { n });
    let mut sums = scores::Sums { probabilities: at(sums), logarithms: at(logarithms) };
    let counts = scores::count(floats(scores, n), integers(labels, rows), classes, factor, &mut sums);
    let scores::Counts { right, confidence_right, confidence_wrong, broken, entropy, loss, information, gaps } = counts;
    [right, confidence_right, confidence_wrong, broken, entropy, loss, information].into_iter().chain(gaps).collect()
}

/// Slope in `factor` of the summed cross entropy of scores (f32 [rows, classes]) times `factor` with i32 labels.
#[wasm_bindgen(js_name = lossSlope)]
pub fn loss_slope(scores: u32, labels: u32, rows: usize, classes: usize, factor: f32) -> f64 {
    scores::loss_slope(floats(scores, rows * classes), integers(labels, rows), classes, factor)
}

/// Sum over rows of the entropy of counts/total (f64 [rows, classes]), in units.
#[wasm_bindgen]
pub fn entropy(counts: u32, rows: usize, classes: usize, total: f64) -> f64 {
    scores::entropy(doubles(counts, rows * classes), classes, total)
}
