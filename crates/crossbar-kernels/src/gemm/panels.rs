//! Panels: how rows of A and columns of B are divided, and what can be packed into them.

use crate::tuning::{COLS, PANEL_GAP, ROWS_SPLIT};

/// Shape of a product: C is [m, n], every element a sum of k terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows of C.
    pub m: usize,
    /// Columns of C.
    pub n: usize,
    /// Terms of each sum.
    pub k: usize,
}

/// Columns of B that can be packed into panels.
pub(crate) trait PackColumns {
    /// Packs columns [j0, j1) and rows [k0, k1) as [panel][k][column], zeros beyond column j1; a panel starts [`panel_size`] after the
    /// one before it.
    fn pack(&mut self, k0: usize, k1: usize, j0: usize, j1: usize, out: &mut [f32]);

    /// B in place and its leading dimension, if it is stored [k, n].
    fn in_place(&self) -> Option<(&[f32], usize)> {
        None
    }
}

/// Values from one panel of B to the next.
#[inline(always)]
pub(crate) fn panel_size(depth: usize, width: usize) -> usize {
    depth * width + PANEL_GAP
}

/// Width of the panel that starts at column j of n: 8, or 4 if at most four columns remain.
#[inline(always)]
pub(crate) fn panel_width(j: usize, n: usize) -> usize {
    if n - j > 4 {
        COLS
    } else {
        4
    }
}

/// n columns rounded up to whole panels.
pub(crate) fn padded_cols(n: usize) -> usize {
    n.div_ceil(4) * 4
}

/// How rows are divided into panels: entry r is the rows of the next panel if r rows remain, the last entry if more do.
pub(crate) type RowSplit = &'static [usize];

/// First row and rows of every panel of m rows, as the microkernel of the build wants them.
#[inline(always)]
pub(crate) fn panels(m: usize) -> impl Iterator<Item = (usize, usize)> {
    panels_of(m, ROWS_SPLIT)
}

/// First row and rows of every panel of m rows.
#[inline(always)]
pub(crate) fn panels_of(m: usize, split: RowSplit) -> impl Iterator<Item = (usize, usize)> {
    let mut next = 0;
    core::iter::from_fn(move || {
        let i = next;
        (i < m).then(|| {
            next += split[(m - i).min(split.len() - 1)];
            (i, next - i)
        })
    })
}
