//! Products of packed A with packed B, cache block by cache block.

use super::destination::Destination;
use super::panels::{padded_cols, panel_size, panel_width, panels_of, PackColumns, RowSplit, Shape};
use super::register_blocks::{Direction, RegisterBlocks, PACKED};
use crate::scratch::Scratch;
use crate::tuning::{BLOCK_COLS, BLOCK_ROWS, COLS, NEAR_VALUES, ROWS_SPLIT, SHORT_TERMS};

/// C = A·B for packed A, [block of `max_depth` k][panel][k][row of the panel], and columns that are packed block by block.
pub(crate) fn multiply(
    shape: Shape,
    max_depth: usize,
    a: &[f32],
    b: &mut Scratch<f32>,
    columns: &mut dyn PackColumns,
    c: &mut Destination,
) {
    multiply_from(shape, Pass { start: 0, max_depth, column: 0 }, a, b, columns, c);
}

/// The part of a product that one call computes.
#[derive(Clone, Copy)]
pub(super) struct Pass {
    /// First term. C is added to unless it is 0.
    pub start: usize,
    /// Terms in one pass over C.
    pub max_depth: usize,
    /// First column.
    pub column: usize,
}

/// [`multiply`] from a term and a column on.
pub(super) fn multiply_from(
    Shape { m, n, k }: Shape,
    Pass { start, max_depth, column }: Pass,
    a: &[f32],
    b: &mut Scratch<f32>,
    columns: &mut dyn PackColumns,
    c: &mut Destination,
) {
    if k == 0 {
        return c.clear(m, n);
    }
    let most_panels = BLOCK_COLS.min(padded_cols(n)).div_ceil(COLS) + 1;
    let block = b.take(most_panels * panel_size(max_depth.min(k - start), COLS));
    for j0 in (column..n).step_by(BLOCK_COLS) {
        let j1 = n.min(j0 + BLOCK_COLS);
        for k0 in (start..k).step_by(max_depth) {
            let k1 = k.min(k0 + max_depth);
            columns.pack(k0, k1, j0, j1, block);
            let block = CacheBlock {
                a: &a[(k0 - start) * m..(k1 - start) * m],
                b: block,
                m,
                depth: k1 - k0,
                split: ROWS_SPLIT,
            };
            block.multiply(j0, j1, k0 == 0, c);
        }
    }
}

/// Columns whose values of B stay in the first-level cache while A streams past.
pub(super) fn near_columns(depth: usize) -> usize {
    (NEAR_VALUES / depth).max(COLS) / COLS * COLS
}

/// Equal panels below one another.
#[derive(Clone, Copy)]
pub(super) struct PanelRun {
    /// First row.
    pub i: usize,
    /// Rows of all of them.
    pub all: usize,
    /// Rows of each.
    pub rows: usize,
}

/// Runs of equal panels of m rows, at most [`BLOCK_ROWS`] rows each: the first-level cache keeps them while columns stream past.
pub(super) fn panel_runs(m: usize, split: RowSplit) -> impl Iterator<Item = PanelRun> {
    let mut panels = panels_of(m, split).peekable();
    core::iter::from_fn(move || {
        let (i, rows) = panels.next()?;
        let mut all = rows;
        while all < BLOCK_ROWS && panels.next_if(|panel| panel.1 == rows).is_some() {
            all += rows;
        }
        Some(PanelRun { i, all, rows })
    })
}

/// A packed block of A, [panel][k][row of the panel], and one of B, [panel][k][column].
#[derive(Clone, Copy)]
pub(crate) struct CacheBlock<'a> {
    pub a: &'a [f32],
    pub b: &'a [f32],
    /// Rows of A.
    pub m: usize,
    pub depth: usize,
    /// How A's rows are divided into panels.
    pub split: RowSplit,
}

impl CacheBlock<'_> {
    /// Columns [j0, j1) of C, or of C + A·B if this isn't the `first` pass.
    #[inline(never)]
    pub fn multiply(&self, j0: usize, j1: usize, first: bool, c: &mut Destination) {
        // Short sums from left to right: cache lines of C are written as a whole, and there are fewer calls.
        let left_to_right = if self.depth <= SHORT_TERMS { j0 + (j1 - j0) / COLS * COLS } else { j0 };
        self.go_right(j0, left_to_right, first, c);
        self.go_down(j0, left_to_right, j1, first, c);
    }

    /// Runs to the right over whole panels of columns [j0, j1).
    fn go_right(&self, j0: usize, j1: usize, first: bool, c: &mut Destination) {
        let Self { a, b, m, depth, split } = *self;
        let panel = panel_size(depth, COLS);
        let mut j = j0;
        while j < j1 {
            let count = (near_columns(depth).min(j1 - j) / COLS).min(c.panels_from(j));
            for (i, rows) in panels_of(m, split) {
                RegisterBlocks {
                    kernels: &PACKED,
                    rows,
                    width: COLS,
                    count,
                    direction: Direction::Right(panel),
                    a: &a[i * depth..(i + rows) * depth],
                    b: &b[(j - j0) / COLS * panel..],
                    a_row: depth,
                    b_row: COLS,
                    depth,
                    i,
                    j,
                    cols: COLS,
                    overlap: 0,
                    first,
                }
                .run(c);
            }
            j += count * COLS;
        }
    }

    /// Runs downwards over columns [from, j1), whose panels start at column j0.
    fn go_down(&self, j0: usize, from: usize, j1: usize, first: bool, c: &mut Destination) {
        let Self { a, b, m, depth, split } = *self;
        let panel = panel_size(depth, COLS);
        for PanelRun { i, all, rows } in panel_runs(m, split) {
            let mut j = from;
            while j < j1 {
                let width = panel_width(j, j1);
                RegisterBlocks {
                    kernels: &PACKED,
                    rows,
                    width,
                    count: all / rows,
                    direction: Direction::Down,
                    a: &a[i * depth..(i + all) * depth],
                    b: &b[(j - j0) / COLS * panel..][..depth * width],
                    a_row: depth,
                    b_row: width,
                    depth,
                    i,
                    j,
                    cols: width.min(j1 - j),
                    overlap: 0,
                    first,
                }
                .run(c);
                j += width;
            }
        }
    }
}
