//! What a network's class scores come to: softmax, confidence, entropy, loss, counted so that sums are the same in any order.

use super::softmax::{exp_sum, softmax};
use crate::arrays::elementwise::map;
use crate::arrays::reduce::max;
use crate::lanes::math::{exp4, ln4, scalar};
use crate::lanes::F32x4;

/// Probabilities and entropies are counted in whole multiples of 1/UNIT: sums of whole numbers below 2⁵³ are exact in f64.
pub const UNIT: f64 = (1 << 26) as f64;

/// Ranges of equal width that confidences are counted in.
pub const BINS: usize = 15;

/// Logarithms of probabilities are summed from here on only, in nats: sums over 100,000 chips stay exact.
const LOWEST_LOGARITHM: f64 = -1024.0;

/// `value` as a whole multiple of 1/UNIT; halves go up.
#[inline(always)]
fn to_units(value: f64) -> f64 {
    (value * UNIT + 0.5).floor()
}

/// Counts over rows of scores. The last four are 0 where no sums are kept.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub struct Counts {
    /// Rows whose first largest score is the label's.
    pub right: f64,
    /// Sum of the largest softmax value over them, in units.
    pub confidence_right: f64,
    /// The same over the others.
    pub confidence_wrong: f64,
    /// Rows with a score that is no finite number: they count as wrong and nowhere else.
    pub broken: f64,
    /// Sum of the softmax's entropy over all rows, in nats and units.
    pub entropy: f64,
    /// Sum of −ln of the label's softmax, in nats and units.
    pub loss: f64,
    /// Sum of −Σ p ln p with the logarithms that `Sums::logarithms` has, in nats and units; 0 where that is empty.
    pub information: f64,
    /// For each range of confidence: rows that are right, less their confidences, in units.
    pub gaps: [f64; BINS],
}

/// Sums over chips, in units: of the softmax p and of ln p, both [rows, classes]. Either may be empty.
pub struct Sums<'a> {
    /// Σ p.
    pub probabilities: &'a mut [f64],
    /// Σ ln p, each at least −1024; needs `probabilities`.
    pub logarithms: &'a mut [f64],
}

/// Counts scores [labels.len(), classes], multiplied by `factor`; which rows are right is that of the scores as they are.
pub fn count(scores: &[f32], labels: &[i32], classes: usize, factor: f32, sums: &mut Sums) -> Counts {
    let mut counts = Counts::default();
    let scaled: Vec<f32> = scores.iter().map(|score| (score * factor).clamp(f32::MIN, f32::MAX)).collect();
    let mut probabilities = vec![0.0; scores.len()];
    softmax(&scaled, &mut probabilities, classes, 1, false);
    let mut units = vec![0.0; scores.len()];
    for (units, probability) in units.iter_mut().zip(&probabilities) {
        *units = to_units(f64::from(*probability));
    }
    let is_summed = !sums.probabilities.is_empty();
    for (row, (&label, units)) in labels.iter().zip(units.chunks_exact_mut(classes)).enumerate() {
        let range = row * classes..(row + 1) * classes;
        let scores = &scores[range.clone()];
        if !scores.iter().all(|score| score.is_finite()) {
            counts.broken += 1.0;
            units.fill(0.0);
            continue;
        }
        let best = (1..classes).fold(0, |best, class| if scores[class] > scores[best] { class } else { best });
        let is_right = best as i32 == label;
        if is_right {
            counts.right += 1.0;
            counts.confidence_right += units[best];
        } else {
            counts.confidence_wrong += units[best];
        }
        if is_summed {
            counts.gaps[bin_of(units[best])] += if is_right { UNIT - units[best] } else { -units[best] };
            let logarithm = Logarithm::of(&scaled[range.clone()]);
            counts.loss -= to_units(logarithm.at(label as usize));
            if !sums.logarithms.is_empty() {
                counts.information += information(&logarithm, units, &mut sums.logarithms[range]);
            }
        }
    }
    if is_summed {
        counts.entropy = entropy(&units, classes, UNIT);
        for (sum, units) in sums.probabilities.iter_mut().zip(units) {
            *sum += units;
        }
    }
    counts
}

/// Range of a confidence in units: ranges are half open, (b/15, (b + 1)/15].
fn bin_of(confidence: f64) -> usize {
    let bin = ((confidence * BINS as f64 - 1.0) / UNIT).floor();
    bin.clamp(0.0, (BINS - 1) as f64) as usize
}

/// Logarithms of a row's softmax, whose values may be too small for a float.
struct Logarithm<'a> {
    row: &'a [f32],
    /// ln Σ e^x.
    total: f64,
}

impl<'a> Logarithm<'a> {
    fn of(row: &'a [f32]) -> Self {
        let shift = max(row);
        let total = f64::from(scalar(ln4, exp_sum(row, F32x4::splat(shift), None)));
        Logarithm { row, total: total + f64::from(shift) }
    }

    fn at(&self, class: usize) -> f64 {
        f64::from(self.row[class]) - self.total
    }
}

/// −Σ p ln p of a row, in units; adds ln p to `sums`.
fn information(logarithm: &Logarithm, units: &[f64], sums: &mut [f64]) -> f64 {
    let mut row = 0.0;
    for (class, (units, sum)) in units.iter().zip(sums).enumerate() {
        let value = to_units(logarithm.at(class).max(LOWEST_LOGARITHM));
        *sum += value;
        row -= units / UNIT * (value / UNIT);
    }
    to_units(row)
}

/// Slope in `factor` of the loss Σ −ln softmax(factor · scores)[label]: Σ (Σ_c p_c x_c − x_label), over rows of finite scores.
pub fn loss_slope(scores: &[f32], labels: &[i32], classes: usize, factor: f32) -> f64 {
    let mut slope = 0.0;
    let mut scaled = vec![0.0; classes];
    let mut exponentials = vec![0.0; classes];
    for (row, &label) in scores.chunks_exact(classes).zip(labels) {
        let shift = max(row);
        for (scaled, x) in scaled.iter_mut().zip(row) {
            *scaled = (x - shift) * factor;
        }
        map(&scaled, &mut exponentials, exp4);
        let (mut total, mut mean) = (0.0, 0.0);
        for (e, x) in exponentials.iter().zip(row) {
            total += f64::from(*e);
            mean += f64::from(*e) * (f64::from(*x) - f64::from(shift));
        }
        slope += mean / total - (f64::from(row[label as usize]) - f64::from(shift));
    }
    slope
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

    /// Softmax of a row times a factor, in f64.
    fn softmax_of(row: &[f32], factor: f64) -> Vec<f64> {
        let e: Vec<f64> = row.iter().map(|x| (f64::from(*x) * factor).exp()).collect();
        let total: f64 = e.iter().sum();
        e.into_iter().map(|e| e / total).collect()
    }

    fn close(units: f64, value: f64) -> bool {
        (units / UNIT - value).abs() < 2e-6
    }

    fn counted(scores: &[f32], labels: &[i32], factor: f32, sums: &mut [f64], logarithms: &mut [f64]) -> Counts {
        count(scores, labels, 3, factor, &mut Sums { probabilities: sums, logarithms })
    }

    // Right; wrong, the first of two largest; broken; right.
    const SCORES: [f32; 12] = [2.0, 1.0, 0.0, 1.0, 3.0, 3.0, f32::NAN, 1.0, 2.0, -1.0, -1.0, 5.0];
    const LABELS: [i32; 4] = [0, 2, 1, 2];

    #[test]
    fn counts_of_rows() {
        for factor in [1.0, 0.25, 3.0] {
            let (mut sums, mut logarithms) = (vec![1.0; 12], vec![1.0; 12]);
            let counts = counted(&SCORES, &LABELS, factor, &mut sums, &mut logarithms);
            let p = |row: &[f32]| softmax_of(row, f64::from(factor));
            let rows = [p(&SCORES[..3]), p(&SCORES[3..6]), p(&SCORES[9..])];
            assert_eq!((counts.right, counts.broken), (2.0, 1.0));
            assert!(close(counts.confidence_right, rows[0][0] + rows[2][2]));
            assert!(close(counts.confidence_wrong, rows[1][1]));
            assert!(close(counts.loss, -(rows[0][0] * rows[1][2] * rows[2][2]).ln()));
            let entropy: f64 = rows.iter().flatten().map(|p| -p * p.ln()).sum();
            assert!(close(counts.entropy, entropy) && close(counts.information, entropy));
            for (i, row) in [0, 1, 3].into_iter().zip(&rows) {
                assert!((0..3).all(|c| close(sums[3 * i + c] - 1.0, row[c])));
                assert!((0..3).all(|c| close(logarithms[3 * i + c] - 1.0, row[c].ln())));
            }
            assert!(sums[6..9].iter().chain(&logarithms[6..9]).all(|sum| *sum == 1.0));
            let mut gaps = [0.0; BINS];
            for (p, right) in [(rows[0][0], 1.0), (rows[1][1], 0.0), (rows[2][2], 1.0)] {
                gaps[(p * 15.0).ceil() as usize - 1] += right - p;
            }
            assert!(counts.gaps.iter().zip(gaps).all(|(ours, naive)| close(*ours, naive)));
        }
    }

    #[test]
    fn without_sums_only_the_largest_class_counts() {
        let with = counted(&SCORES, &LABELS, 1.0, &mut [0.0; 12], &mut []);
        let without = counted(&SCORES, &LABELS, 1.0, &mut [], &mut []);
        assert_eq!(with.information, 0.0);
        assert_eq!(without, Counts { entropy: 0.0, loss: 0.0, gaps: [0.0; BINS], ..with });
    }

    #[test]
    fn losses_of_impossible_labels_are_exact_and_logarithms_bounded() {
        let (mut sums, mut logarithms) = (vec![0.0; 3], vec![0.0; 3]);
        let counts = counted(&[3e5, -3e5, 0.0], &[1], 1.0, &mut sums, &mut logarithms);
        assert_eq!(counts.loss, 6e5 * UNIT);
        assert_eq!(logarithms, [0.0, -1024.0 * UNIT, -1024.0 * UNIT]);
        let largest = counted(&[f32::MAX, f32::MIN, 0.0], &[1], 1024.0, &mut sums, &mut []);
        assert!(largest.loss.is_finite() && largest.broken == 0.0);
    }

    #[test]
    fn bins_are_closed_above() {
        for bin in 1..BINS {
            let edge = (UNIT * bin as f64 / BINS as f64).floor();
            assert_eq!([bin_of(edge), bin_of(edge + 1.0)], [bin - 1, bin]);
        }
        assert_eq!([0.0, 1.0, UNIT].map(bin_of), [0, 0, BINS - 1]);
    }

    #[test]
    fn slope_is_that_of_the_loss() {
        let scores = [2.0, 1.0, 0.0, 1.0, 3.0, 3.5, -1.0, -1.0, 5.0];
        let labels = [1, 2, 2];
        let loss = |factor: f64| -> f64 {
            let rows = scores.chunks_exact(3).zip(labels);
            rows.map(|(row, label)| -softmax_of(row, factor)[label as usize].ln()).sum()
        };
        for factor in [0.01, 0.5, 1.0, 4.0] {
            let naive = (loss(factor + 1e-6) - loss(factor - 1e-6)) / 2e-6;
            assert!((loss_slope(&scores, &labels, 3, factor as f32) - naive).abs() < 1e-5, "{factor}");
        }
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
