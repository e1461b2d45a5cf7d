//! Loops of multiply-adds in registers.

use crossbar_kernels::lanes::F32x4;

/// A loop of the probe.
type Run = fn(usize, f32) -> f32;

/// The multiply-adds of each loop's body. Too few accumulators wait for the last result, too many spill; the best is often the last one
/// before the spills (13 on x86), hence the steps of one there. In loops of several rounds V8 puts products further from their sums,
/// and the overhead of a loop comes less often: 3 % where a product and a sum are two instructions.
const RUNS: [(usize, Run); 13] = [
    entry::<4, 1>(),
    entry::<6, 1>(),
    entry::<8, 1>(),
    entry::<10, 1>(),
    entry::<11, 1>(),
    entry::<12, 1>(),
    entry::<13, 1>(),
    entry::<14, 1>(),
    entry::<16, 1>(),
    entry::<13, 2>(),
    entry::<14, 2>(),
    entry::<14, 3>(),
    entry::<16, 2>(),
];

const fn entry<const N: usize, const ROUNDS: usize>() -> (usize, Run) {
    (N * ROUNDS, run::<N, ROUNDS>)
}

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

    /// s ← s·½ + ½ takes half of the way to 1, so that what is left tells how often it was done: 2⁻ⁿ after n times.
    #[test]
    fn every_unroll_does_what_it_says() {
        for (i, adds) in UNROLLS.into_iter().enumerate() {
            let accumulators = probe(i, 100, 0.5) / 4.0;
            // Accumulators begin at 0, 1, …: a lane's sum is away from 1 by Σ (i − 1) = a(a − 3)/2 in the beginning.
            let away = accumulators * (accumulators - 3.0) / 2.0;
            let after_one_step = probe(i, 1, 0.5) / 4.0 - accumulators;
            assert_eq!(away / after_one_step, 2f32.powi(adds as i32 / accumulators as i32), "{adds}");
        }
    }
}
