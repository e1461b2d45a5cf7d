//! The machine's own limit: multiply-adds that touch registers alone.

use crate::lanes::F32x4;

/// A loop of the probe.
type Run = fn(usize, f32) -> f32;

/// The multiply-adds of each loop's body. Too few accumulators wait for the last result, too many spill; the best is often the last one
/// before the spills (13 on x86), hence the steps of one there. In loops of several rounds V8 puts products further from their sums,
/// and what a loop costs beside its arithmetic comes less often: 3 % where a product and a sum are two instructions.
const RUNS: [(usize, Run); 13] = [
    (4, run::<4, 1>),
    (6, run::<6, 1>),
    (8, run::<8, 1>),
    (10, run::<10, 1>),
    (11, run::<11, 1>),
    (12, run::<12, 1>),
    (13, run::<13, 1>),
    (14, run::<14, 1>),
    (16, run::<16, 1>),
    (26, run::<13, 2>),
    (28, run::<14, 2>),
    (42, run::<14, 3>),
    (32, run::<16, 2>),
];

/// Multiply-adds of four lanes in a step of each unroll.
pub const UNROLLS: [usize; RUNS.len()] = {
    let mut unrolls = [0; RUNS.len()];
    let mut i = 0;
    while i < RUNS.len() {
        unrolls[i] = RUNS[i].0;
        i += 1;
    }
    unrolls
};

/// Runs `steps` steps of an unroll; returns a value so that nothing is optimised away. Work: steps · UNROLLS[unroll] · 8
/// floating-point operations.
pub fn probe(unroll: usize, steps: usize, factor: f32) -> f32 {
    RUNS[unroll].1(steps, factor)
}

/// `ROUNDS` of one multiply-add in each of N accumulators a step. The accumulator is a factor of its own product, so that no product
/// can leave the loop.
#[inline(never)]
fn run<const N: usize, const ROUNDS: usize>(steps: usize, factor: f32) -> f32 {
    let factor = F32x4::splat(factor);
    let term = F32x4::splat(0.5);
    let mut sum: [F32x4; N] = core::array::from_fn(|i| F32x4::splat(i as f32));
    for _ in 0..steps {
        for _ in 0..ROUNDS {
            for sum in &mut sum {
                *sum = sum.mul_add(factor, term);
            }
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
        for (i, (adds, _)) in RUNS.into_iter().enumerate() {
            let rounds = UNROLLS[i] as f32 / (probe(i, 100, 0.5) / 4.0);
            assert!([1.0, 2.0, 3.0].contains(&rounds), "{adds}: {rounds}");
        }
    }
}
