//! Where the sums of a product go.

use crate::lanes::F32x4;
use crate::tuning::{COLS, ROWS};

/// Register blocks that the staging buffer holds.
pub(super) const STAGED: usize = 4;

/// A column of C: the image it belongs to, and its pixel.
#[derive(Clone, Copy)]
pub(crate) struct Position {
    pub image: usize,
    pub pixel: usize,
}

/// C as [image][row][pixel], whose columns are (image, pixel). A row-major matrix is one image. A bias is written there beforehand
/// and added to: tests for it would cost every register block what few need.
pub(crate) struct Destination<'a> {
    pub(super) values: &'a mut [f32],
    /// Values from one image to the next.
    image_stride: usize,
    pub(super) pixels: usize,
    /// Whether sums are added to C instead of overwriting it.
    pub accumulate: bool,
    /// Register blocks that can't be written to C directly.
    pub(super) staging: [f32; STAGED * ROWS * COLS],
}

impl<'a> Destination<'a> {
    /// A row-major C of `n` columns.
    pub fn matrix(values: &'a mut [f32], n: usize, accumulate: bool) -> Self {
        Self::images(values, 0, n, accumulate)
    }

    /// Images of `pixels` columns.
    #[inline(never)]
    pub fn images(values: &'a mut [f32], image_stride: usize, pixels: usize, accumulate: bool) -> Self {
        Self { values, image_stride, pixels, accumulate, staging: [0.0; STAGED * ROWS * COLS] }
    }

    /// Sets rows [0, m) and columns [0, n) to zero, unless they are added to: sums without terms.
    pub fn clear(&mut self, m: usize, n: usize) {
        if self.accumulate {
            return;
        }
        for (i, j) in (0..m).flat_map(|i| (0..n).step_by(4).map(move |j| (i, j))) {
            self.write(i, self.position(j), true, &[0.0; 4][..4.min(n - j)]);
        }
    }

    /// Whole panels of columns from column j on within its image; at least one.
    pub(super) fn panels_from(&self, j: usize) -> usize {
        ((self.pixels - self.position(j).pixel) / COLS).max(1)
    }

    /// The position of column j. Most columns are of the first image: a division costs as much as three terms.
    #[inline(always)]
    pub fn position(&self, j: usize) -> Position {
        if j < self.pixels {
            Position { image: 0, pixel: j }
        } else {
            Position { image: j / self.pixels, pixel: j % self.pixels }
        }
    }

    /// The offset of row i at a position.
    #[inline(always)]
    pub(super) fn start(&self, i: usize, Position { image, pixel }: Position) -> usize {
        image * self.image_stride + i * self.pixels + pixel
    }

    /// Whole vectors of rows of a matrix: what exceeds a row is overwritten by the next row, which must follow.
    #[inline(always)]
    pub(super) fn write_rows_in_order<const R: usize, const C: usize>(&mut self, i: usize, rows: [[F32x4; C]; R]) {
        for (r, sums) in rows.into_iter().enumerate() {
            let (to, _) = self.values[(i + r) * self.pixels..][..4 * C].as_chunks_mut::<4>();
            to.iter_mut().zip(sums).for_each(|(to, sum)| sum.store(to));
        }
    }

    /// `cols` staged values of one row, from `from` on.
    #[inline(always)]
    pub(super) fn write_staged(&mut self, i: usize, j: usize, fresh: bool, from: usize, cols: usize) {
        let position = self.position(j);
        if cols % 4 > 0 || position.pixel + cols > self.pixels {
            let sums: [f32; COLS] = core::array::from_fn(|c| if c < cols { self.staging[from + c] } else { 0.0 });
            return self.write(i, position, fresh, &sums[..cols]);
        }
        let start = self.start(i, position);
        let to = &mut self.values[start..][..cols];
        for (to, sum) in to.as_chunks_mut::<4>().0.iter_mut().zip(self.staging[from..from + cols].as_chunks::<4>().0) {
            let sum = F32x4::load(sum);
            if fresh { sum } else { F32x4::load(to).add(sum) }.store(to);
        }
    }

    /// Values of one row in any number, of one image or several.
    #[inline(never)]
    pub(super) fn write(
        &mut self,
        row: usize,
        Position { mut image, mut pixel }: Position,
        fresh: bool,
        mut sums: &[f32],
    ) {
        while !sums.is_empty() {
            let (now, later) = sums.split_at(sums.len().min(self.pixels - pixel));
            let to = &mut self.values[image * self.image_stride + row * self.pixels + pixel..][..now.len()];
            let ((whole, rest), (vectors, few)) = (to.as_chunks_mut::<4>(), now.as_chunks::<4>());
            for (to, sum) in whole.iter_mut().zip(vectors) {
                let sum = F32x4::load(sum);
                if fresh { sum } else { F32x4::load(to).add(sum) }.store(to);
            }
            for (to, &sum) in rest.iter_mut().zip(few) {
                *to = if fresh { sum } else { *to + sum };
            }
            (image, pixel, sums) = (image + 1, 0, later);
        }
    }
}
