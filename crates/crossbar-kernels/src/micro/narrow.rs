//! Products that read rows of A where they are: of few columns, or by packed panels.

use super::{is_stepwise, outer, put, rank_one, reaches, Panel, Run, Stream};
use crate::lanes::F32x4;
use crate::tuning::STEPS;

/// A panel of eight columns and one of four beside it.
struct Beside(Panel<2>, Panel<1>);

impl Stream<3> for Beside {
    #[inline(always)]
    unsafe fn step(&self, u: usize) -> [F32x4; 3] {
        // SAFETY: the caller's.
        let ([a, b], [c]) = unsafe { (self.0.step(u), self.1.step(u)) };
        [a, b, c]
    }
    #[inline(always)]
    fn advance(&mut self) {
        self.0.advance();
        self.1.advance();
    }
}

/// sum[r] += Σ_k at[r][k]·b[k] for `left` terms, rows of A read where they are.
///
/// # Safety
/// There must be so many values of each row, and of b.
#[inline(always)]
unsafe fn add_rows<const R: usize, const C: usize, S: Stream<C>>(
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

/// The same, one step after the other: see [`super::add_single_steps`].
///
/// # Safety
/// As of [`add_rows`].
#[inline(always)]
unsafe fn add_single_rows<const R: usize, const C: usize>(
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

/// Tiles side by side or below one another, each Σ_k a[r·row + k]·b[k] for R rows of A and a packed panel of B; they don't overlap.
#[inline(never)]
pub(crate) fn tiles_of_rows<const R: usize, const C: usize>(a: &[f32], b: &[f32], c: &mut [f32], run: &Run) {
    let Run { depth, count, rows: (row, _, to_row), steps, overlap, adds } = *run;
    assert!(depth > 0 && count > 0 && overlap == 0);
    assert!(reaches(b.len(), [(count - 1, steps.1), (depth, 4 * C), (0, 0)]));
    assert!(reaches(c.len(), [(count - 1, steps.2), (R - 1, to_row), (4 * C, 1)]));
    assert!(reaches(a.len(), [(count - 1, steps.0), (R - 1, row), (depth, 1)]));
    let never = if is_stepwise(R) { core::hint::black_box(1) } else { 0 };
    let (mut a, mut b, mut c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    for _ in 0..count {
        let panel = |k: usize| b.wrapping_add(4 * C * k).cast::<[[f32; 4]; C]>();
        // SAFETY: the furthest values were just tested; an array of floats has the alignment of one.
        unsafe {
            let rows: [_; R] = core::array::from_fn(|r| a.wrapping_add(r * row));
            let mut sum = outer(&rows.map(|row| *row), Panel(panel(0)).step(0));
            let rows = rows.map(|row| row.wrapping_add(1));
            if is_stepwise(R) {
                add_single_rows(&mut sum, rows, panel(1), depth - 1, never);
            } else {
                add_rows(&mut sum, rows, Panel(panel(1)), depth - 1);
            }
            put(sum, c, to_row, !is_stepwise(R) && adds);
        }
        (a, b, c) = (a.wrapping_add(steps.0), b.wrapping_add(steps.1), c.wrapping_add(steps.2));
    }
}

/// Σ_k rows[r][k]·b[k] for equally long rows of A, read where they are; `b` gives the values from some k on.
///
/// # Safety
/// Rows mustn't be empty, and b must have as many steps.
#[inline(always)]
unsafe fn rows_by<const R: usize, const C: usize, S: Stream<C>>(rows: [&[f32]; R], b: impl Fn(usize) -> S) -> [[F32x4; C]; R] {
    // SAFETY: the caller's.
    unsafe {
        let mut sum = outer(&rows.map(|row| row[0]), b(0).step(0));
        add_rows(&mut sum, rows.map(|row| row.as_ptr().wrapping_add(1)), b(1), rows[0].len() - 1);
        sum
    }
}

/// Σ_k rows[r][k]·b[k] with rows of A read where they are, b packed as eight columns.
#[inline(always)]
pub(crate) fn rows_by_eight<const R: usize>(rows: [&[f32]; R], b: &[f32]) -> [[F32x4; 2]; R] {
    let depth = rows[0].len();
    let b = &b.as_chunks::<4>().0.as_chunks::<2>().0[..depth];
    let rows = rows.map(|row| &row[..depth]);
    assert!(depth > 0);
    // SAFETY: all have the same length.
    unsafe { rows_by(rows, |k| Panel(b.as_ptr().wrapping_add(k))) }
}

/// The same, b packed as eight columns and four.
#[inline(always)]
pub(crate) fn rows_by_twelve<const R: usize>(rows: [&[f32]; R], eight: &[f32], four: &[f32]) -> [[F32x4; 3]; R] {
    let depth = rows[0].len();
    let eight = &eight.as_chunks::<4>().0.as_chunks::<2>().0[..depth];
    let four = &four.as_chunks::<4>().0.as_chunks::<1>().0[..depth];
    let rows = rows.map(|row| &row[..depth]);
    assert!(depth > 0);
    // SAFETY: all have the same length.
    unsafe { rows_by(rows, |k| Beside(Panel(eight.as_ptr().wrapping_add(k)), Panel(four.as_ptr().wrapping_add(k)))) }
}

/// The same for two rows and ten columns: those that are over share a vector. `four` is [b8, b9, b8, b9] for each k.
#[inline(always)]
pub(crate) fn pair_by_ten([p, q]: [&[f32]; 2], eight: &[f32], four: &[f32]) -> [[F32x4; 3]; 2] {
    let depth = p.len();
    let eight = &eight.as_chunks::<4>().0.as_chunks::<2>().0[..depth];
    let four = &four.as_chunks::<4>().0.as_chunks::<1>().0[..depth];
    let q = &q[..depth];
    assert!(depth > 0);
    let factors = |p: f32, q: f32, [b0, b1, over]: [F32x4; 3]| {
        let (p, q) = (F32x4::splat(p), F32x4::splat(q));
        [(p, b0), (p, b1), (q, b0), (q, b1), (F32x4::low_pairs(p, q), over)]
    };
    let b = |k: usize| Beside(Panel(eight.as_ptr().wrapping_add(k)), Panel(four.as_ptr().wrapping_add(k)));
    // SAFETY: there is a first step.
    let mut sum = factors(p[0], q[0], unsafe { b(0).step(0) }).map(|(a, b)| a.mul(b));
    let (mut left, mut p, mut q, mut b) = (depth - 1, p.as_ptr().wrapping_add(1), q.as_ptr().wrapping_add(1), b(1));
    'sums: while left > 0 {
        for u in 0..STEPS {
            // SAFETY: the loop ends at the last value of a row, and b has as many steps.
            let factors = unsafe { factors(*p.add(u), *q.add(u), b.step(u)) };
            for (sum, (a, b)) in sum.iter_mut().zip(factors) {
                *sum = a.mul_add(b, *sum);
            }
            if left == u + 1 {
                break 'sums;
            }
        }
        left -= STEPS;
        (p, q) = (p.wrapping_add(STEPS), q.wrapping_add(STEPS));
        b.advance();
    }
    let [p0, p1, q0, q1, over] = sum;
    [[p0, p1, over], [q0, q1, F32x4::high_pairs(over, over)]]
}
