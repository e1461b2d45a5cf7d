//! The microkernel for rows of A in place and packed panels of B.

use super::blocks::{is_stepwise, Run};
use super::common::{outer, put, rank_one, reaches, Panel, Stream};
use crate::lanes::F32x4;
use crate::tuning::STEPS;

/// sum[r] += Σ_k at[r][k]·b[k] for `left` terms, rows of A in place.
///
/// # Safety
/// There must be so many values of each row, and of b.
#[inline(always)]
pub(super) unsafe fn add_terms<const R: usize, const C: usize, S: Stream<C>>(
    sum: &mut [[F32x4; C]; R],
    mut at: [*const f32; R],
    mut b: S,
    mut left: usize,
) {
    if left == 0 {
        return;
    }
    loop {
        for u in 0..STEPS {
            // SAFETY: the loop ends at the last value of a row, and b has as many steps.
            let a: [f32; R] = core::array::from_fn(|r| unsafe { *at[r].add(u) });
            rank_one(sum, &a, unsafe { b.step(u) });
            if left == u + 1 {
                return;
            }
        }
        left -= STEPS;
        at = at.map(|row| row.wrapping_add(STEPS));
        b.advance();
    }
}

/// [`add_terms`] with loops of one step, for the reasons given at `add_single_steps` of `blocks.rs`.
///
/// # Safety
/// As for [`add_terms`].
#[inline(always)]
unsafe fn add_single_terms<const R: usize, const C: usize>(
    sum: &mut [[F32x4; C]; R],
    mut at: [*const f32; R],
    mut b: *const [[f32; 4]; C],
    mut left: usize,
    never: usize,
) {
    if left == 0 {
        return;
    }
    loop {
        if b as usize == never {
            return;
        }
        if at[0] as usize == never {
            return;
        }
        // SAFETY: the loop ends at the last value of a row, and b has as many steps.
        let a: [f32; R] = core::array::from_fn(|r| unsafe { *at[r] });
        rank_one(sum, &a, unsafe { Panel(b).step(0) });
        (at, b) = (at.map(|row| row.wrapping_add(1)), b.wrapping_add(1));
        left -= 1;
        if left == 0 {
            return;
        }
    }
}

/// Register blocks one after the other, each Σ_k a[r·row + k]·b[k] for R unpacked rows of A and a packed panel of B, without overlap.
#[inline(never)]
pub(crate) fn blocks_of_rows<const R: usize, const C: usize>(a: &[f32], b: &[f32], c: &mut [f32], run: &Run) {
    let Run { depth, count, rows, steps, overlap, adds } = *run;
    let row = rows.a;
    assert!(depth > 0 && count > 0 && overlap == 0);
    assert!(reaches(b.len(), [(count - 1, steps.b), (depth, 4 * C), (0, 0)]));
    assert!(reaches(c.len(), [(count - 1, steps.c), (R - 1, rows.c), (4 * C, 1)]));
    assert!(reaches(a.len(), [(count - 1, steps.a), (R - 1, row), (depth, 1)]));
    let never = if is_stepwise(R) { core::hint::black_box(1) } else { 0 };
    let (mut a, mut b, mut c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    for _ in 0..count {
        let panel = |k: usize| b.wrapping_add(4 * C * k).cast::<[[f32; 4]; C]>();
        // SAFETY: the furthest values were just tested; an array of floats has the alignment of one.
        unsafe {
            let from: [_; R] = core::array::from_fn(|r| a.wrapping_add(r * row));
            let mut sum = outer(&from.map(|row| *row), Panel(panel(0)).step(0));
            let from = from.map(|row| row.wrapping_add(1));
            if is_stepwise(R) {
                add_single_terms(&mut sum, from, panel(1), depth - 1, never);
            } else {
                add_terms(&mut sum, from, Panel(panel(1)), depth - 1);
            }
            put(sum, c, rows.c, !is_stepwise(R) && adds);
        }
        (a, b, c) = (a.wrapping_add(steps.a), b.wrapping_add(steps.b), c.wrapping_add(steps.c));
    }
}
