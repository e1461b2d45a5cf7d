//! What a network's class scores come to: softmax, confidence, entropy, counted so that sums are the same in any order.

use super::softmax::softmax;
use crate::arrays::elementwise::map;
use crate::lanes::math::ln4;

/// Probabilities and entropies are counted in whole multiples of 1/UNIT: sums of whole numbers below 2⁵³ are exact in f64.
pub const UNIT: f64 = (1 << 26) as f64;

/// `value` ≥ 0 as a whole multiple of 1/UNIT; halves go up.
#[inline(always)]
fn to_units(value: f64) -> f64 {
    (value * UNIT + 0.5).floor()
}

/// Counts over rows of scores.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub struct Counts {
    /// Rows whose first largest score is the label's.
    pub right: f64,
    /// Sum of the largest softmax value over them, in units.
    pub confidence_right: f64,
    /// The same over the others.
    pub confidence_wrong: f64,
    /// Sum of the softmax's entropy over all rows, in nats and units; 0 where no sums are kept.
    pub entropy: f64,
    /// Rows with a score that is no finite number: they count as wrong and nowhere else.
    pub broken: f64,
}

/// Counts scores [labels.len(), classes]. The softmax is added to `sums`, in units, unless that is empty.
pub fn count(scores: &[f32], labels: &[i32], classes: usize, sums: &mut [f64]) -> Counts {
    let mut counts = Counts::default();
    let mut probabilities = vec![0.0; scores.len()];
    softmax(scores, &mut probabilities, classes, 1, false);
    let mut units = vec![0.0; scores.len()];
    for (units, probability) in units.iter_mut().zip(&probabilities) {
        *units = to_units(f64::from(*probability));
    }
    let rows = scores.chunks_exact(classes).zip(labels);
    for ((scores, &label), units) in rows.zip(units.chunks_exact_mut(classes)) {
        if !scores.iter().all(|score| score.is_finite()) {
            counts.broken += 1.0;
            units.fill(0.0);
            continue;
        }
        let best = (1..classes).fold(0, |best, class| if scores[class] > scores[best] { class } else { best });
        if best as i32 == label {
            counts.right += 1.0;
            counts.confidence_right += units[best];
        } else {
            counts.confidence_wrong += units[best];
        }
    }
    if !sums.is_empty() {
        counts.entropy = entropy(&units, classes, UNIT);
        for (sum, units) in sums.iter_mut().zip(units) {
            *sum += units;
        }
    }
    counts
}

/// Sum over rows of the entropy −Σ p ln p, each in nats and units; p = counts/total. The logarithm is that of the f32 nearest to p,
/// so that a sum of equal rows has exactly the entropy of one.
pub fn entropy(counts: &[f64], classes: usize, total: f64) -> f64 {
    let rounded: Vec<f32> = counts.iter().map(|count| (count / total) as f32).collect();
    let mut logarithms = vec![0.0; rounded.len()];
    map(&rounded, &mut logarithms, ln4);
    let mut sum = 0.0;
    for ((counts, rounded), logarithms) in
        counts.chunks_exact(classes).zip(rounded.chunks_exact(classes)).zip(logarithms.chunks_exact(classes))
    {
        let mut row = 0.0;
        for ((count, rounded), logarithm) in counts.iter().zip(rounded).zip(logarithms) {
            // lim p→0 of p ln p is 0.
            if *rounded > 0.0 {
                row -= count / total * f64::from(*logarithm);
            }
        }
        sum += to_units(row);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_rows() {
        // Right; wrong, the first of two largest; broken; right.
        let scores = [2.0, 1.0, 0.0, 1.0, 3.0, 3.0, f32::NAN, 1.0, 2.0, -1.0, -1.0, 5.0];
        let mut sums = vec![1.0; 12];
        let counts = count(&scores, &[0, 2, 1, 2], 3, &mut sums);
        let p = |row: &[f32]| {
            let e: Vec<f64> = row.iter().map(|x| f64::from(*x).exp()).collect();
            let total: f64 = e.iter().sum();
            e.into_iter().map(|e| e / total).collect::<Vec<_>>()
        };
        let rows = [p(&scores[..3]), p(&scores[3..6]), p(&scores[9..])];
        let close = |a: f64, b: f64| (a / UNIT - b).abs() < 1e-6;
        assert_eq!((counts.right, counts.broken), (2.0, 1.0));
        assert!(close(counts.confidence_right, rows[0][0] + rows[2][2]));
        assert!(close(counts.confidence_wrong, rows[1][1]));
        assert!(close(counts.entropy, rows.iter().flatten().map(|p| -p * p.ln()).sum()));
        for (i, row) in [0, 1, 3].into_iter().zip(&rows) {
            assert!((0..3).all(|c| close(sums[3 * i + c] - 1.0, row[c])));
        }
        assert!(sums[6..9].iter().all(|sum| *sum == 1.0));
        let mut without = count(&scores, &[0, 2, 1, 2], 3, &mut []);
        assert_eq!(without.entropy, 0.0);
        without.entropy = counts.entropy;
        assert_eq!(without, counts);
    }

    #[test]
    fn entropy_of_equal_rows_is_that_of_one() {
        let one = [0.5, 0.25, 0.25, 0.0].map(|p| p * UNIT);
        let seven = one.map(|p| 7.0 * p);
        assert_eq!(entropy(&one, 4, UNIT), entropy(&seven, 4, 7.0 * UNIT));
        assert!((entropy(&one, 4, UNIT) / UNIT - 1.5 * 2f64.ln()).abs() < 1e-6);
    }

    #[test]
    fn halves_go_up() {
        assert_eq!([0.5, 1.4999, 1.5, 0.0].map(|x| to_units(x / UNIT)), [1.0, 1.0, 2.0, 0.0]);
    }
}
