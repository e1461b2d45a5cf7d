//! Microkernels for convolutions by rows in the Winograd domain: each point is a sum over channels and kernel rows.

use super::common::rank_one;
use crate::lanes::F32x4;

/// The terms of an output in planes [channel][row][value]: N rows of each channel.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub channels: usize,
    /// Values of a plane.
    pub plane: usize,
    /// Values of a row.
    pub row: usize,
}

/// Σ_{c, n} a[c][n]·x[c·plane + n·row..] for a packed as [channel][N][R]. The rows of a channel are written out: the overhead of the
/// loop comes once for each channel.
#[inline(always)]
pub(crate) fn column<const N: usize, const R: usize, const C: usize>(
    a: &[f32],
    x: &[f32],
    column: Column,
) -> [[F32x4; C]; R] {
    let Column { channels, plane, row } = column;
    let mut sum = [[F32x4::splat(0.0); C]; R];
    if channels == 0 {
        return sum;
    }
    let (mut a, _) = a.as_chunks::<R>().0.as_chunks::<N>();
    assert!(a.len() >= channels);
    a = &a[..channels];
    assert!((channels - 1) * plane + (N - 1) * row + 4 * C <= x.len());
    let mut at: [*const f32; N] = core::array::from_fn(|n| x.as_ptr().wrapping_add(n * row).wrapping_sub(plane));
    let last = a[channels - 1].as_ptr().wrapping_add(N - 1);
    for a in a {
        for n in 0..N {
            at[n] = at[n].wrapping_add(plane);
            // SAFETY: the furthest was tested; an array of four floats has the alignment of one.
            let b = core::array::from_fn(|c| F32x4::load(unsafe { &*at[n].add(4 * c).cast::<[f32; 4]>() }));
            rank_one(&mut sum, &a[n], b);
            // As between the steps of `add_steps`.
            if core::ptr::eq(&a[n], last) {
                return sum;
            }
        }
    }
    sum
}

/// sum[x][p] = Σ_n taps[n]·values[4x + n·row..], the taps in registers: for one channel, whose sums are short.
#[inline(always)]
pub(crate) fn single_channel<const N: usize, const P: usize>(
    taps: [F32x4; N],
    values: &[f32],
    row: usize,
    p: usize,
    sum: &mut [[[f32; 4]; P]],
) {
    assert!(p < P && (N - 1) * row + 4 * sum.len() <= values.len());
    let mut at: [*const f32; N] = core::array::from_fn(|n| values.as_ptr().wrapping_add(n * row));
    // SAFETY: the furthest was tested; an array of four floats has the alignment of one.
    let value = |at: *const f32, i: usize| F32x4::load(unsafe { &*at.add(4 * i).cast::<[f32; 4]>() });
    let sum_of = |at: &[*const f32; N], i: usize| {
        (1..N).fold(taps[0].mul(value(at[0], i)), |sum, n| taps[n].mul_add(value(at[n], i), sum))
    };
    let (vectors, last) = sum.as_chunks_mut::<4>();
    for four in vectors {
        for (i, to) in four.iter_mut().enumerate() {
            sum_of(&at, i).store(&mut to[p]);
        }
        at = at.map(|at| at.wrapping_add(16));
    }
    for (i, to) in last.iter_mut().enumerate() {
        sum_of(&at, i).store(&mut to[p]);
    }
}
