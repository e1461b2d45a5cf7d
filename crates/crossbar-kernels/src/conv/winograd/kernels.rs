//! Kernels in the Winograd domain.

use super::transforms::{both, of_kernel, store_points};
use crate::gemm::Matrix;
use crate::lanes::F32x4;
use crate::tuning::ROWS_SPLIT;
use crate::variation::{NoiseBuffers, Weights};

/// G·g·Gᵀ of all kernels: out [point][output][channel], rows of channels `stride` apart.
#[inline(never)]
pub(super) fn transform_kernels(weights: &Weights, outputs: usize, stride: usize, out: &mut [f32]) {
    let mut row = vec![0.0; 9 * stride];
    let mut buffer = NoiseBuffers::new(1);
    for output in 0..outputs {
        weights.write_row(output, &mut buffer, &mut row);
        for (i, kernels) in row.chunks_exact(36).enumerate() {
            let of_four = |tap: usize| F32x4::load(&core::array::from_fn(|lane| kernels[9 * lane + tap]));
            let kernel = core::array::from_fn(|y| core::array::from_fn(|x| of_four(3 * y + x)));
            store_points(both(of_kernel, kernel), &mut out[output * stride + 4 * i..], outputs * stride);
        }
    }
}

/// Filters as A: rows are outputs, or channels with the kernels flipped.
#[derive(Clone, Copy)]
pub(super) struct FilterRows {
    pub rows: usize,
    /// Terms of a sum.
    pub k: usize,
    pub is_flipped: bool,
}

/// Packs what [`transform_kernels`] wrote: [point][packed rows, k]. The transform of a flipped kernel is that of the kernel with the first
/// and last points of both axes swapped.
pub(super) fn pack_kernels(
    filters: &[f32],
    outputs: usize,
    stride: usize,
    FilterRows { rows, k, is_flipped }: FilterRows,
    out: &mut [f32],
) {
    for (point, out) in out.chunks_exact_mut(rows * k).enumerate() {
        let flipped = |i: usize| if is_flipped { [3, 1, 2, 0][i] } else { i };
        let values = &filters[(4 * flipped(point / 4) + flipped(point % 4)) * outputs * stride..];
        Matrix { values, stride, transposed: is_flipped }.pack_rows(rows, k, out, ROWS_SPLIT);
    }
}
