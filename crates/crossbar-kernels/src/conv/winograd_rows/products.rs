//! Products in the Winograd domain: a sum over channels and kernel rows at every point.

use crate::gemm::micro::{self, Column};
use crate::gemm::panels_of;
use crate::lanes::F32x4;
use crate::tuning::SPLIT_BY_4;

/// Packed kernels in the Winograd domain.
#[derive(Clone, Copy)]
pub(super) struct Filters<'a> {
    pub values: &'a [f32],
    /// Kernels.
    pub rows: usize,
    pub points: usize,
}

/// The sums that a call computes of each kernel: rows of patches that follow one another, for four images.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// Values.
    pub count: usize,
    /// Patches from one kernel to the next.
    pub kernel: usize,
}

/// The sums of all kernels at every point: [kernel][row of outputs][patch][point][image].
#[inline(never)]
pub(super) fn multiply<const N: usize>(
    filters: &Filters,
    values: &[f32],
    column: Column,
    run: Rows,
    sum: &mut [[f32; 4]],
) {
    let Filters { values: kernels, rows, points } = *filters;
    let (channels, point) = (column.channels, column.channels * column.plane);
    for p in 0..points {
        let values = &values[p * point..];
        for (i, size) in panels_of(rows, &SPLIT_BY_4) {
            let a = &kernels[(p * rows + i) * channels * N..];
            let sum = &mut sum[i * run.kernel * points + p..];
            match size {
                4 => multiply_rows::<N, 4>(a, values, column, run, points, sum),
                3 => multiply_rows::<N, 3>(a, values, column, run, points, sum),
                2 => multiply_rows::<N, 2>(a, values, column, run, points, sum),
                _ => multiply_rows::<N, 1>(a, values, column, run, points, sum),
            }
        }
    }
}

/// R kernels at one point, whose sums are `points` apart. The last two register blocks may overlap those before them, to the same bits.
#[inline(never)]
fn multiply_rows<const N: usize, const R: usize>(
    a: &[f32],
    values: &[f32],
    column: Column,
    run: Rows,
    points: usize,
    sum: &mut [[f32; 4]],
) {
    for x in (0..run.count).step_by(8) {
        let x = x.min(run.count - 8);
        let block = micro::column::<N, R, 2>(a, &values[x..], column);
        for (r, [left, right]) in block.into_iter().enumerate() {
            let at = (r * run.kernel + x / 4) * points;
            left.store(&mut sum[at]);
            right.store(&mut sum[at + points]);
        }
    }
}

/// The sums of kernel i, which has one channel, at every point: [row of outputs][patch][point][image].
#[inline(never)]
pub(super) fn multiply_single_channel<const N: usize, const P: usize>(
    filters: &Filters,
    i: usize,
    values: &[f32],
    Column { plane, row, .. }: Column,
    run: Rows,
    sum: &mut [[f32; 4]],
) {
    let Filters { values: kernels, rows, .. } = *filters;
    let sum = &mut sum.as_chunks_mut::<P>().0[..run.count / 4];
    let (first, size) =
        panels_of(rows, &SPLIT_BY_4).find(|(first, size)| i < first + size).expect("a panel for each kernel");
    for p in 0..P {
        let panel = &kernels[(p * rows + first) * N..][..N * size];
        let taps = core::array::from_fn(|n| F32x4::splat(panel[n * size + i - first]));
        micro::single_channel::<N, P>(taps, &values[p * plane..], row, p, sum);
    }
}
