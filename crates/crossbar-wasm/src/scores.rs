//! Counts of class scores; see `crossbar_kernels::nn::scores` for the units of the sums.

use crate::view::{doubles, doubles_mut, floats, integers};
use crossbar_kernels::nn::scores;
use wasm_bindgen::prelude::wasm_bindgen;

/// Counts scores [rows, classes] with i32 labels; the softmax is added to `sums` (f64), or to nothing where that is null.
/// Returns [right, confidence right, confidence wrong, entropy, broken].
#[wasm_bindgen(js_name = countScores)]
pub fn count_scores(scores: u32, labels: u32, sums: u32, rows: usize, classes: usize) -> Vec<f64> {
    let n = rows * classes;
    let sums = doubles_mut(sums, if sums == 0 { 0 } else { n });
    let counts = scores::count(floats(scores, n), integers(labels, rows), classes, sums);
    vec![counts.right, counts.confidence_right, counts.confidence_wrong, counts.entropy, counts.broken]
}

/// Sum over rows of the entropy of counts/total (f64 [rows, classes]), in units.
#[wasm_bindgen]
pub fn entropy(counts: u32, rows: usize, classes: usize, total: f64) -> f64 {
    scores::entropy(doubles(counts, rows * classes), classes, total)
}
