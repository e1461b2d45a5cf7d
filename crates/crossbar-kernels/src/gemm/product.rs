//! A product of matrices, by the algorithm that its plan names.

use super::destination::Destination;
use super::in_place::{multiply_a_in_place, multiply_b_in_place, Rows, RowsOfA};
use super::narrow;
use super::pack::Matrix;
use super::packed::{multiply_from, Pass};
use super::panels::{PackColumns, Shape};
use super::plan::{plan, Algorithm, Problem};
use crate::lanes::copy;
use crate::scratch::{Packed, Workspace};
use crate::tuning::{COLS, DEPTH, MAX_PACKED, ONCE_COLS, ROWS, ROWS_SPLIT};

/// What C holds before the product is added to it.
#[derive(Clone, Copy)]
pub enum Initial<'a> {
    /// Zeros: C is overwritten.
    Zero,
    /// Its values: C is added to.
    Values,
    /// A bias [n] in every row.
    Bias(&'a [f32]),
}

/// C [m, n] = op(A)·op(B) plus its initial values.
///
/// # Panics
/// When a slice is shorter than its shape.
pub fn gemm(work: &mut Workspace, shape: Shape, a: Matrix, mut b: Matrix, c: &mut [f32], initial: Initial) {
    product(&mut work.packed, shape, a, &mut b, c, initial);
}

/// [`gemm`] for any B whose columns can be packed.
pub(crate) fn product(
    packed: &mut Packed,
    shape: Shape,
    a: Matrix,
    columns: &mut dyn PackColumns,
    c: &mut [f32],
    initial: Initial,
) {
    let Shape { m, n, k } = shape;
    if let Initial::Bias(bias) = initial {
        c.chunks_exact_mut(n).for_each(|row| copy(bias, row));
    }
    let accumulate = !matches!(initial, Initial::Zero);
    let b_stride = columns.in_place().map(|(_, stride)| stride);
    let algorithm = plan(&Problem { shape, is_a_transposed: a.transposed, b_stride, accumulate });
    match algorithm {
        Algorithm::Empty => Destination::matrix(c, n, accumulate).clear(m, n),
        Algorithm::Narrow => {
            narrow::multiply(shape, a.values, &mut packed.b, columns, &mut Destination::matrix(c, n, accumulate))
        }
        Algorithm::AInPlace => {
            let rows = RowsOfA { values: a.values, stride: k, m };
            multiply_a_in_place(
                n,
                0..k,
                DEPTH,
                rows,
                &mut packed.b,
                columns,
                &mut Destination::matrix(c, n, accumulate),
            );
        }
        Algorithm::BInPlace | Algorithm::Packed => {
            let is_b_in_place = algorithm == Algorithm::BInPlace;
            // Larger products go in bands of rows, each of which packs B again.
            let band = (MAX_PACKED / k / ROWS * ROWS).max(ROWS);
            for i in (0..m).step_by(band) {
                let rows = band.min(m - i);
                let mut c = Destination::matrix(&mut c[i * n..(i + rows) * n], n, accumulate);
                multiply_band(packed, Shape { m: rows, n, k }, a.from(i, 0), columns, is_b_in_place, &mut c);
            }
        }
    }
}

/// Packs rows of A and multiplies them.
fn multiply_band(
    packed: &mut Packed,
    shape: Shape,
    a: Matrix,
    columns: &mut dyn PackColumns,
    is_b_in_place: bool,
    c: &mut Destination,
) {
    let Shape { m, n, k } = shape;
    // If few columns read a block of A, it is packed just before they do: then it is in a cache.
    let at_once = if n <= ONCE_COLS { DEPTH } else { k };
    for start in (0..k).step_by(at_once) {
        let end = k.min(start + at_once);
        let values = packed.a.take(m * (end - start));
        a.from(0, start).pack_rows(m, end - start, values, ROWS_SPLIT);
        let mut pass = Pass { start, max_depth: DEPTH, column: 0 };
        if is_b_in_place {
            pass.column = multiply_whole_panels(Shape { m, n, k: end }, pass, values, columns, c);
        }
        multiply_from(Shape { m, n, k: end }, pass, values, &mut packed.b, columns, c);
    }
}

/// Whole panels of B in place; returns the first column that it leaves.
fn multiply_whole_panels(
    Shape { m, n, k }: Shape,
    pass: Pass,
    a: &[f32],
    columns: &dyn PackColumns,
    c: &mut Destination,
) -> usize {
    let (values, stride) = columns.in_place().expect("B stored [k, n]: the plan reads it in place");
    // The last panel may overlap the one before it, unless C is added to: it writes some columns twice, to the same bits.
    let overlaps = n >= COLS && k <= pass.max_depth && !c.accumulate;
    let end = if overlaps { n } else { n / COLS * COLS };
    for k0 in (pass.start..k).step_by(pass.max_depth) {
        let depth = pass.max_depth.min(k - k0);
        let rows = Rows { values: &values[k0 * stride..], stride };
        multiply_b_in_place(Shape { m, n: end, k: depth }, &a[(k0 - pass.start) * m..], rows, k0 == 0, c);
    }
    end
}
