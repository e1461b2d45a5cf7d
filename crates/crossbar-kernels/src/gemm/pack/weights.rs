//! Varied weights as operands.

use super::interleave::interleave_some;
use super::matrix::Matrix;
use super::spread::{spread, spread_four};
use crate::gemm::panels::{panel_size, panel_width, panels_of, PackColumns, RowSplit};
use crate::random::NOISE_BLOCK;
use crate::tuning::{COLS, DEPTH, ROWS};
use crate::variation::{Draw, NoiseBuffers, Weights};

const _: () = assert!(
    DEPTH == NOISE_BLOCK,
    "a panel is one noise block deep, so that a cache block of weights is whole noise blocks"
);

/// Packs the stored rows [row0, row0 + m) of weights as A, and draws their variation.
pub(crate) fn pack_weight_rows(weights: &Weights, row0: usize, m: usize, out: &mut [f32], split: RowSplit) {
    let k = weights.cols;
    if weights.variation.draw == Draw::None {
        return Matrix { values: &weights.values[row0 * k..], stride: k, transposed: false }
            .pack_rows(m, k, out, split);
    }
    let mut buffers = NoiseBuffers::new(ROWS);
    let buffers = buffers.blocks();
    for (block, k0) in (0..k).step_by(DEPTH).enumerate() {
        let depth = DEPTH.min(k - k0);
        for (i, rows) in panels_of(m, split) {
            for (r, buffer) in buffers.iter_mut().enumerate().take(rows) {
                weights.segment(row0 + i + r, block, buffer);
            }
            let out = &mut out[k0 * m + i * depth..][..rows * depth];
            interleave_some(rows, rows, |r| &buffers[r][..depth], out);
        }
    }
}

/// Weights as B; packing draws their variation.
pub(crate) struct WeightColumns<'a> {
    pub weights: Weights<'a>,
    /// Stored [n, k]: a stored row is a column of B.
    pub transposed: bool,
}

impl PackColumns for WeightColumns<'_> {
    fn in_place(&self) -> Option<(&[f32], usize)> {
        let Weights { values, cols, variation, .. } = self.weights;
        (!self.transposed && variation.draw == Draw::None).then_some((values, cols))
    }

    fn pack(&mut self, k0: usize, k1: usize, j0: usize, j1: usize, out: &mut [f32]) {
        let Weights { values, cols, variation, .. } = self.weights;
        if variation.draw == Draw::None {
            return Matrix { values, stride: cols, transposed: self.transposed }.pack(k0, k1, j0, j1, out);
        }
        if self.transposed {
            self.pack_stored_rows(k0, k1, j0, j1, out);
        } else {
            self.pack_stored_columns(k0, k1, j0, j1, out);
        }
    }
}

impl WeightColumns<'_> {
    /// Stored rows are columns of B; a cache block is one noise block deep.
    fn pack_stored_rows(&self, k0: usize, k1: usize, j0: usize, j1: usize, out: &mut [f32]) {
        let depth = k1 - k0;
        let mut buffers = NoiseBuffers::new(COLS);
        let buffers = buffers.blocks();
        let mut panel = 0;
        let mut j = j0;
        while j < j1 {
            let width = panel_width(j, j1);
            let count = width.min(j1 - j);
            for (w, buffer) in buffers.iter_mut().enumerate().take(count) {
                self.weights.segment(j + w, k0 / NOISE_BLOCK, buffer);
            }
            interleave_some(width, count, |w| &buffers[w][..depth], &mut out[panel..panel + depth * width]);
            panel += panel_size(depth, width);
            j += width;
        }
    }

    /// Stored rows are rows of B; a cache block is one noise block wide.
    fn pack_stored_columns(&self, k0: usize, k1: usize, j0: usize, j1: usize, out: &mut [f32]) {
        let depth = k1 - k0;
        let mut buffers = NoiseBuffers::new(4);
        let buffers = buffers.blocks();
        let tail = k0 + depth / 4 * 4;
        for k in (k0..tail).step_by(4) {
            for (i, buffer) in buffers.iter_mut().enumerate() {
                self.weights.segment(k + i, j0 / NOISE_BLOCK, buffer);
            }
            spread_four(core::array::from_fn(|i| &buffers[i][..j1 - j0]), k - k0, depth, out);
        }
        for k in tail..k1 {
            spread(self.weights.segment(k, j0 / NOISE_BLOCK, &mut buffers[0]), k - k0, depth, out);
        }
    }
}
