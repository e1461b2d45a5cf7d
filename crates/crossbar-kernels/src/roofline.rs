//! The machine's own limit: multiply-adds that touch registers alone.

use crate::lanes::F32x4;

/// Accumulators of the probe's unrolls. Too few wait for the last result, too many spill: the best of them is the roofline.
pub const UNROLLS: [usize; 10] = [4, 5, 6, 7, 8, 9, 10, 12, 14, 16];

/// Runs `steps` rounds of one multiply-add in each of UNROLLS[unroll] accumulators of four lanes; returns a value so that
/// nothing is optimised away. Work: steps · UNROLLS[unroll] · 8 floating-point operations.
pub fn probe(unroll: usize, steps: usize, factor: f32) -> f32 {
    match UNROLLS[unroll] {
        4 => run::<4>(steps, factor),
        5 => run::<5>(steps, factor),
        6 => run::<6>(steps, factor),
        7 => run::<7>(steps, factor),
        8 => run::<8>(steps, factor),
        9 => run::<9>(steps, factor),
        10 => run::<10>(steps, factor),
        12 => run::<12>(steps, factor),
        14 => run::<14>(steps, factor),
        _ => run::<16>(steps, factor),
    }
}

/// The accumulator is a factor of its own product, so that no product can leave the loop.
#[inline(never)]
fn run<const N: usize>(steps: usize, factor: f32) -> f32 {
    let factor = F32x4::splat(factor);
    let term = F32x4::splat(0.5);
    let mut sum: [F32x4; N] = core::array::from_fn(|i| F32x4::splat(i as f32));
    for _ in 0..steps {
        for sum in &mut sum {
            *sum = sum.mul_add(factor, term);
        }
    }
    sum.into_iter().map(F32x4::sum).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// s ← s·½ + ½ tends to 1 in every lane.
    #[test]
    fn every_unroll_computes() {
        for (i, n) in UNROLLS.into_iter().enumerate() {
            assert_eq!(probe(i, 100, 0.5), 4.0 * n as f32);
        }
    }
}
