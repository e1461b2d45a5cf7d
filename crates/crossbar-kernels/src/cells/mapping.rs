//! From weights to conductances and back.

use super::steps::{doubles_at, store_rounded};
use crate::lanes::doubles::F64x4;

/// Largest magnitudes of weights by part.
#[derive(Clone, Copy)]
pub struct Scales<'a> {
    /// One for each part.
    pub scales: &'a [f64],
    /// The part of each weight; empty where all are of the first.
    pub parts: &'a [u32],
}

impl Scales<'_> {
    #[inline(always)]
    fn of(self, i: usize) -> f64 {
        self.scales[self.parts.get(i).map_or(0, |&part| part as usize)]
    }

    /// w/S; 0 where the scale is 0.
    #[inline(always)]
    fn relative(self, weights: &[f32], i: usize) -> f64 {
        let scale = self.of(i);
        if scale == 0.0 {
            0.0
        } else {
            f64::from(weights[i]) / scale
        }
    }
}

/// What an arm holds of u = w/S: max(0, slope·u + shift) of its range; and what that adds to u.
#[derive(Clone, Copy)]
pub struct Arm {
    /// Factor of u.
    pub slope: f64,
    /// What is added.
    pub shift: f64,
    /// Factor of the arm's fraction in u.
    pub gain: f64,
}

impl Arm {
    #[inline(always)]
    fn fraction(self, u: f64) -> f64 {
        let fraction = self.slope * u + self.shift;
        if fraction > 0.0 {
            fraction
        } else {
            0.0
        }
    }
}

/// How fractions become digits.
#[derive(Clone, Copy)]
pub struct Codes<'a> {
    /// What is added to u digitally.
    pub bias: f64,
    /// The highest code.
    pub most: f64,
    /// Bits of a digit.
    pub digit_bits: u32,
    /// Conductance of each digit.
    pub conductances: &'a [f32],
}

/// Conductances of the fractions, [arm][weight]: off + (1 − off)·fraction.
pub fn map_fractions(scales: Scales, arms: &[Arm], off: f64, weights: &[f32], target: &mut [f32]) {
    for (arm, target) in arms.iter().zip(target.chunks_mut(weights.len().max(1))) {
        for (i, to) in target.iter_mut().enumerate() {
            *to = (off + (1.0 - off) * arm.fraction(scales.relative(weights, i))) as f32;
        }
    }
}

/// Codes [arm][weight] of the fractions, halves rounded up; conductances of their digits, [arm][slice][weight], the lowest digit first;
/// and the weights that the codes stand for, S·(bias + Σ gain·code/most).
pub fn map_codes(
    scales: Scales,
    arms: &[Arm],
    how: Codes,
    weights: &[f32],
    (codes, target, held): (&mut [u32], &mut [f32], &mut [f32]),
) {
    let n = weights.len();
    let slices = target.len() / (arms.len() * n).max(1);
    let mask = how.conductances.len() - 1;
    for i in 0..n {
        let u = scales.relative(weights, i);
        let mut sum = how.bias * how.most;
        for (a, arm) in arms.iter().enumerate() {
            let fraction = arm.fraction(u) * how.most;
            let below = fraction as u32;
            let code = below + u32::from(fraction - f64::from(below) >= 0.5);
            sum += arm.gain * f64::from(code);
            codes[a * n + i] = code;
            for slice in 0..slices {
                let digit = (code >> (slice as u32 * how.digit_bits)) as usize & mask;
                target[(a * slices + slice) * n + i] = how.conductances[digit];
            }
        }
        held[i] = (scales.of(i) * sum / how.most) as f32;
    }
}

/// weights[i] + S·Σ factor·(conductance − target) over the cells of each weight, [cell][weight]. Without deviation the weight as it is.
pub fn recombine(
    scales: Scales,
    factors: &[f64],
    (conductances, target): (&[f32], &[f32]),
    weights: &[f32],
    combined: &mut [f32],
) {
    let n = weights.len();
    for at in (0..n).step_by(4) {
        let mut deviation = F64x4::splat(0.0);
        for (cell, &factor) in factors.iter().enumerate() {
            let own = cell * n..(cell + 1) * n;
            let off = doubles_at(&conductances[own.clone()], at).sub(doubles_at(&target[own], at));
            deviation = deviation.add(F64x4::splat(factor).mul(off));
        }
        let weight = doubles_at(weights, at);
        let scale = F64x4::new([0, 1, 2, 3].map(|lane| scales.of((at + lane).min(n - 1))));
        let moved = weight.add(scale.mul(deviation));
        // A zero keeps its sign.
        store_rounded(deviation.eq(F64x4::splat(0.0)).select(weight, moved), combined, at);
    }
}
