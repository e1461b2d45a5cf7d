//! Matrices as operands.

use super::interleave::interleave_some;
use super::spread::spread_rows;
use crate::gemm::panels::{panel_size, panel_width, panels_of, PackColumns, RowSplit};
use crate::tuning::{DEPTH, FUSED};

/// out[k·W + w] = from[k·stride + w]: W neighbouring columns of a matrix.
#[inline(always)]
fn gather_rows<const W: usize>(from: &[f32], stride: usize, out: &mut [f32]) {
    let (out, _) = out.as_chunks_mut::<W>();
    for (k, out) in out.iter_mut().enumerate() {
        out.copy_from_slice(&from[k * stride..k * stride + W]);
    }
}

/// A row-major matrix as an operand.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    /// Stored values.
    pub values: &'a [f32],
    /// Leading dimension: values from one stored row to the next.
    pub stride: usize,
    /// Whether A is stored [k, m] instead of [m, k], B [n, k] instead of [k, n].
    pub transposed: bool,
}

impl<'a> Matrix<'a> {
    /// A in place, stored [m, k].
    pub fn a(values: &'a [f32], k: usize) -> Self {
        Self { values, stride: k, transposed: false }
    }

    /// The part of A from row `i`, term `k` on.
    pub(crate) fn from(self, i: usize, k: usize) -> Self {
        let first = if self.transposed { k * self.stride + i } else { i * self.stride + k };
        Self { values: &self.values[first..], ..self }
    }

    /// Packs A: [block of DEPTH k][panel][k][row of the panel].
    pub(crate) fn pack_rows(&self, m: usize, k: usize, out: &mut [f32], split: RowSplit) {
        for k0 in (0..k).step_by(DEPTH) {
            let depth = DEPTH.min(k - k0);
            for (i, rows) in panels_of(m, split) {
                let out = &mut out[k0 * m + i * depth..][..rows * depth];
                if self.transposed {
                    let from = &self.values[k0 * self.stride + i..];
                    match rows {
                        6 if FUSED => gather_rows::<6>(from, self.stride, out),
                        5 if FUSED => gather_rows::<5>(from, self.stride, out),
                        4 => gather_rows::<4>(from, self.stride, out),
                        3 => gather_rows::<3>(from, self.stride, out),
                        2 => gather_rows::<2>(from, self.stride, out),
                        _ => gather_rows::<1>(from, self.stride, out),
                    }
                } else {
                    interleave_some(rows, rows, |r| &self.values[(i + r) * self.stride + k0..][..depth], out);
                }
            }
        }
    }
}

impl PackColumns for Matrix<'_> {
    fn in_place(&self) -> Option<(&[f32], usize)> {
        (!self.transposed).then_some((self.values, self.stride))
    }

    fn pack(&mut self, k0: usize, k1: usize, j0: usize, j1: usize, out: &mut [f32]) {
        let depth = k1 - k0;
        if self.transposed {
            let mut panel = 0;
            let mut j = j0;
            while j < j1 {
                let width = panel_width(j, j1);
                let count = width.min(j1 - j);
                let row = |w: usize| &self.values[(j + w) * self.stride + k0..][..depth];
                interleave_some(width, count, row, &mut out[panel..panel + depth * width]);
                panel += panel_size(depth, width);
                j += width;
            }
        } else {
            spread_rows(depth, out, |k| &self.values[(k0 + k) * self.stride..][j0..j1]);
        }
    }
}
