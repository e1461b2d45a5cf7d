//! Products with one operand in place: what packing it would cost is saved, the bits are the same.

use core::ops::Range;

use super::destination::Destination;
use super::packed::{near_columns, panel_runs, PanelRun};
use super::panels::{panel_size, panel_width, panels, PackColumns, Shape};
use super::register_blocks::{Direction, RegisterBlocks, A_IN_PLACE, B_IN_PLACE};
use crate::scratch::Scratch;
use crate::tuning::{BLOCK_COLS, COLS, ROWS_SPLIT};

/// Rows of B in place: values from the first column on, and their leading dimension.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub values: &'a [f32],
    pub stride: usize,
}

/// A packed block of A times rows of B in place: whole panels of columns, the last of which may overlap the one before it. A few columns
/// meet all panels of A before the next ones do.
#[inline(never)]
pub(super) fn multiply_b_in_place(
    Shape { m, n, k: depth }: Shape,
    a: &[f32],
    b: Rows,
    first: bool,
    c: &mut Destination,
) {
    let near = near_columns(depth);
    for j in (0..n.next_multiple_of(COLS)).step_by(near) {
        let end = n.min(j + near);
        let (count, overlap) = ((end - j).div_ceil(COLS), end.next_multiple_of(COLS) - end);
        // A single panel has none before it in its run: it starts further left.
        let j = if count == 1 { j - overlap } else { j };
        let overlap = if count == 1 { 0 } else { overlap };
        for (i, rows) in panels(m) {
            RegisterBlocks {
                kernels: &B_IN_PLACE,
                rows,
                width: COLS,
                count,
                direction: Direction::Right(COLS),
                a: &a[i * depth..(i + rows) * depth],
                b: &b.values[j..],
                a_row: depth,
                b_row: b.stride,
                depth,
                i,
                j,
                cols: COLS,
                overlap,
                first,
            }
            .run(c);
        }
    }
}

/// Rows of A in place, from the first term of a product on.
#[derive(Clone, Copy)]
pub(crate) struct RowsOfA<'a> {
    pub values: &'a [f32],
    /// Leading dimension.
    pub stride: usize,
    /// Number of rows.
    pub m: usize,
}

/// C [m, n] = or += A·B for a range of terms, in passes of `max_depth`, with rows of A in place. Saves packing A, but a panel of B comes
/// from the second-level cache for every register block.
pub(crate) fn multiply_a_in_place(
    n: usize,
    terms: Range<usize>,
    max_depth: usize,
    a: RowsOfA,
    b: &mut Scratch<f32>,
    columns: &mut dyn PackColumns,
    c: &mut Destination,
) {
    let block = b.take(BLOCK_COLS.min(n).div_ceil(COLS) * panel_size(max_depth.min(terms.len()), COLS));
    for j in (0..n).step_by(BLOCK_COLS) {
        let cols = BLOCK_COLS.min(n - j);
        for k0 in terms.clone().step_by(max_depth) {
            let k1 = terms.end.min(k0 + max_depth);
            columns.pack(k0, k1, j, j + cols, block);
            let a = RowsOfA { values: &a.values[k0 - terms.start..], ..a };
            a.multiply_block(block, k1 - k0, j..j + cols, k0 == terms.start, c);
        }
    }
}

impl RowsOfA<'_> {
    /// All rows by a packed cache block of B, `columns` of C.
    fn multiply_block(self, block: &[f32], depth: usize, columns: Range<usize>, first: bool, c: &mut Destination) {
        let Self { values, stride, m } = self;
        let (panel, count, tail) = (panel_size(depth, COLS), columns.len() / COLS, columns.len() % COLS);
        let to_the_right = RegisterBlocks {
            kernels: &A_IN_PLACE,
            rows: 0,
            width: COLS,
            count,
            direction: Direction::Right(panel),
            a: values,
            b: block,
            a_row: stride,
            b_row: COLS,
            depth,
            i: 0,
            j: columns.start,
            cols: COLS,
            overlap: 0,
            first,
        };
        for (i, rows) in panels(m).filter(|_| count > 0) {
            RegisterBlocks { a: &values[i * stride..], i, rows, ..to_the_right }.run(c);
        }
        for PanelRun { i, all, rows } in panel_runs(m, ROWS_SPLIT).filter(|_| tail > 0) {
            let width = panel_width(0, tail);
            RegisterBlocks {
                rows,
                width,
                count: all / rows,
                direction: Direction::Down,
                a: &values[i * stride..],
                b: &block[count * panel..],
                b_row: width,
                i,
                j: columns.end - tail,
                cols: tail,
                ..to_the_right
            }
            .run(c);
        }
    }
}
