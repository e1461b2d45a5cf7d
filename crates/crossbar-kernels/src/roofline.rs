//! The machine's own limit: multiply-adds that touch registers alone.

use crate::lanes::F32x4;

/// Accumulators of the probe's unrolls: too few wait for the last result, too many spill. The best is often the last one
/// before the spills (13 on x86), hence the steps of one there.
pub const UNROLLS: [usize; 9] = [4, 6, 8, 10, 11, 12, 13, 14, 16];

/// The loop of each unroll.
const RUNS: [fn(usize, f32) -> f32; 9] =
    [run::<4>, run::<6>, run::<8>, run::<10>, run::<11>, run::<12>, run::<13>, run::<14>, run::<16>];

/// Runs `steps` rounds of one multiply-add in each of UNROLLS[unroll] accumulators of four lanes; returns a value so that
/// nothing is optimised away. Work: steps · UNROLLS[unroll] · 8 floating-point operations.
pub fn probe(unroll: usize, steps: usize, factor: f32) -> f32 {
    RUNS[unroll](steps, factor)
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
