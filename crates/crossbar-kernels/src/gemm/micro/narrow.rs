//! Microkernels for 5 to 12 columns: rows of A in place, all columns of B in one register block.

use super::common::{outer, Panel, Stream};
use super::rows::add_terms;
use crate::lanes::F32x4;
use crate::tuning::STEPS;

/// A panel of eight columns and one of four.
struct TwoPanels(Panel<2>, Panel<1>);

impl Stream<3> for TwoPanels {
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

/// Σ_k rows[r][k]·b[k] for equally long rows of A in place; `b(k)` is the stream from k on.
///
/// # Safety
/// Rows must not be empty, and b must have as many steps.
#[inline(always)]
unsafe fn rows_by<const R: usize, const C: usize, S: Stream<C>>(
    rows: [&[f32]; R],
    b: impl Fn(usize) -> S,
) -> [[F32x4; C]; R] {
    // SAFETY: the caller's.
    unsafe {
        let mut sum = outer(&rows.map(|row| row[0]), b(0).step(0));
        add_terms(&mut sum, rows.map(|row| row.as_ptr().wrapping_add(1)), b(1), rows[0].len() - 1);
        sum
    }
}

/// Σ_k rows[r][k]·b[k] with rows of A in place, b packed as eight columns.
#[inline(always)]
pub(crate) fn rows_by_eight<const R: usize>(rows: [&[f32]; R], b: &[f32]) -> [[F32x4; 2]; R] {
    let depth = rows[0].len();
    let b = &b.as_chunks::<4>().0.as_chunks::<2>().0[..depth];
    let rows = rows.map(|row| &row[..depth]);
    assert!(depth > 0);
    // SAFETY: all have the same length.
    unsafe { rows_by(rows, |k| Panel(b.as_ptr().wrapping_add(k))) }
}

/// Σ_k rows[r][k]·b[k] with rows of A in place, b packed as eight columns and four.
#[inline(always)]
pub(crate) fn rows_by_twelve<const R: usize>(rows: [&[f32]; R], eight: &[f32], four: &[f32]) -> [[F32x4; 3]; R] {
    let depth = rows[0].len();
    let eight = &eight.as_chunks::<4>().0.as_chunks::<2>().0[..depth];
    let four = &four.as_chunks::<4>().0.as_chunks::<1>().0[..depth];
    let rows = rows.map(|row| &row[..depth]);
    assert!(depth > 0);
    // SAFETY: all have the same length.
    unsafe { rows_by(rows, |k| TwoPanels(Panel(eight.as_ptr().wrapping_add(k)), Panel(four.as_ptr().wrapping_add(k)))) }
}

/// Two rows by ten columns: columns 8 and 9 of both rows share a vector. `four` is [b8, b9, b8, b9] for each k.
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
    let b = |k: usize| TwoPanels(Panel(eight.as_ptr().wrapping_add(k)), Panel(four.as_ptr().wrapping_add(k)));
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
