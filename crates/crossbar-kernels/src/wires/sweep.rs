//! Inversion of a symmetric matrix in place, four pivots at a time.

use crate::lanes::doubles::F64x4;
use core::array::from_fn;
use core::ops::Range;

/// Pivots of a step: each value is loaded and stored once for four multiply-adds.
const PIVOTS: usize = 4;

/// Sweeps the pivots K = at..at + 4 of [A, P], of which A is symmetric and kept on and above the diagonal only: rows of `width` values,
/// the first `used` of them in use, a multiple of four. For rows i and columns j outside K
///
/// A_ij ← A_ij − A_iK·A_KK⁻¹·A_Kj, A_Kj ← A_KK⁻¹·A_Kj, A_KK ← −A_KK⁻¹, and the same for columns of P.
///
/// After all pivots A is −A⁻¹ and P is A⁻¹·P. A positive definite A needs no order of the pivots.
pub fn sweep(state: &mut [f64], width: usize, used: usize, at: usize) {
    let pivots = at..at + PIVOTS;
    let before = pivot_rows(state, width, used, at);
    let mut after = before.clone();
    eliminate(&mut after, used, at);
    for (pair, rows) in state.chunks_exact_mut(2 * width).enumerate() {
        let row = 2 * pair;
        if !pivots.contains(&row) {
            let factors = from_fn(|r| from_fn(|k| before[k * used + row + r]));
            // From the block of four that has the diagonal on: what is below it in the block is never read.
            subtract(rows.split_at_mut(width), factors, &after, used, row / 4 * 4..used);
        }
    }
    for (k, after) in after.chunks_exact(used).enumerate() {
        for row in 0..at {
            state[row * width + at + k] = after[row];
        }
        let to = &mut state[(at + k) * width..][..used];
        to[pivots.end..].copy_from_slice(&after[pivots.end..]);
        for column in pivots.clone() {
            to[column] = -after[column];
        }
    }
}

/// The pivots' rows [4, used]; left of the diagonal they are columns.
fn pivot_rows(state: &[f64], width: usize, used: usize, at: usize) -> Vec<f64> {
    let mut rows = vec![0.0; PIVOTS * used];
    for (k, row) in rows.chunks_exact_mut(used).enumerate() {
        let (left, right) = row.split_at_mut(at + k);
        for (j, left) in left.iter_mut().enumerate() {
            *left = state[j * width + at + k];
        }
        right.copy_from_slice(&state[(at + k) * width..][at + k..used]);
    }
    rows
}

/// rows [4, used] ← A_KK⁻¹·rows, and A_KK⁻¹ in its columns, by Gauss-Jordan elimination.
fn eliminate(rows: &mut [f64], used: usize, at: usize) {
    let mut pivot_row = vec![0.0; used];
    for k in 0..PIVOTS {
        let pivot = at + k;
        pivot_row.copy_from_slice(&rows[k * used..][..used]);
        let scale = 1.0 / pivot_row[pivot];
        pivot_row[pivot] = 1.0;
        pivot_row.iter_mut().for_each(|value| *value *= scale);
        for (other, row) in rows.chunks_exact_mut(used).enumerate() {
            if other == k {
                row.copy_from_slice(&pivot_row);
                continue;
            }
            let factor = row[pivot];
            row[pivot] = 0.0;
            for (value, pivot) in row.iter_mut().zip(&pivot_row) {
                *value -= factor * pivot;
            }
        }
    }
}

/// rows −= factors·after [4, used], in the given columns of two rows: eight factors fit the registers.
#[inline(never)]
fn subtract(
    rows: (&mut [f64], &mut [f64]),
    factors: [[f64; PIVOTS]; 2],
    after: &[f64],
    used: usize,
    columns: Range<usize>,
) {
    let (top, _) = rows.0[columns.clone()].as_chunks_mut::<4>();
    let (bottom, _) = rows.1[columns.clone()].as_chunks_mut::<4>();
    let count = top.len();
    let bottom = &mut bottom[..count];
    let after: [&[[f64; 4]]; PIVOTS] = from_fn(|k| &after[k * used..][columns.clone()].as_chunks::<4>().0[..count]);
    let factors = factors.map(|row| row.map(F64x4::splat));
    for i in 0..count {
        let (mut upper, mut lower) = (F64x4::load(&top[i]), F64x4::load(&bottom[i]));
        for k in 0..PIVOTS {
            let value = F64x4::load(&after[k][i]);
            upper = upper.sub(factors[0][k].mul(value));
            lower = lower.sub(factors[1][k].mul(value));
        }
        upper.store(&mut top[i]);
        lower.store(&mut bottom[i]);
    }
}
