//! Products of 5 to 12 columns: rows of A in place, since no other columns read them again; B packed once.

use core::ops::Range;

use super::destination::{Destination, Position};
use super::micro;
use super::panels::{panel_size, PackColumns, Shape};
use crate::lanes::F32x4;
use crate::scratch::Scratch;
use crate::tuning::{COLS, DEPTH, FUSED};

/// C [m, n] = A·B or C + A·B, A [m, k] in place.
pub(super) fn multiply(
    Shape { m, n, k }: Shape,
    a: &[f32],
    b: &mut Scratch<f32>,
    columns: &mut dyn PackColumns,
    c: &mut Destination,
) {
    let block = b.take(2 * panel_size(DEPTH.min(k), COLS));
    for k0 in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - k0);
        columns.pack(k0, k0 + depth, 0, n, block);
        let (eight, block) = block.split_at_mut(panel_size(depth, COLS));
        let (eight, four) = (&eight[..depth * COLS], &mut block[..depth * 4]);
        let rows = Rows { values: a, m, k, terms: k0..k0 + depth };
        if n <= COLS {
            rows.multiply::<4, 2>(|rows| micro::rows_by_eight(rows, eight), n, c);
        } else if n <= COLS + 2 && !FUSED {
            // Not where a multiply-add is one instruction: five accumulators don't hide its latency.
            four.as_chunks_mut::<4>().0.iter_mut().for_each(|b| (b[2], b[3]) = (b[0], b[1]));
            rows.multiply::<2, 3>(|rows| micro::pair_by_ten(rows, eight, four), n, c);
        } else {
            rows.multiply::<3, 3>(|rows| micro::rows_by_twelve(rows, eight, four), n, c);
        }
    }
}

/// Rows of A in place, some of their terms.
struct Rows<'a> {
    values: &'a [f32],
    m: usize,
    k: usize,
    terms: Range<usize>,
}

impl Rows<'_> {
    /// R rows at a time; the last row replaces missing ones.
    #[inline(always)]
    fn multiply<const R: usize, const C: usize>(
        &self,
        product: impl Fn([&[f32]; R]) -> [[F32x4; C]; R],
        n: usize,
        c: &mut Destination,
    ) {
        let Self { values, m, k, ref terms } = *self;
        let fresh = terms.start == 0 && !c.accumulate;
        for i in (0..m).step_by(R) {
            let rows = core::array::from_fn(|r| &values[(i + r).min(m - 1) * k..][terms.clone()]);
            let block = product(rows);
            if fresh && i + R < m {
                c.write_rows_in_order(i, block);
                continue;
            }
            for (r, row) in block.into_iter().take(m - i).enumerate() {
                c.write(i + r, Position { image: 0, pixel: 0 }, fresh, &row.map(F32x4::to_array).as_flattened()[..n]);
            }
        }
    }
}
