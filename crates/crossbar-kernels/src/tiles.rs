//! Tiles of products: which kernel computes them, and where they go.

use crate::lanes::F32x4;
use crate::micro::{self, Run};
use crate::tuning::{COLS, FUSED, ROWS};

pub(crate) type Kernel = fn(&[f32], &[f32], &mut [f32], &Run);

/// Kernels of so many rows, less one, and four or eight columns. In tables, so that they aren't built into the loops around them: V8
/// writes out the steps of an innermost loop again, the more often the deeper it lies.
pub(crate) type Kernels = [[Kernel; 2]; ROWS];

const fn kernels<const IS_PACKED: bool>() -> Kernels {
    let mut kernels: Kernels = [[micro::tiles::<1, 1, { !FUSED }>, micro::tiles::<1, 2, IS_PACKED>]; ROWS];
    kernels[1] = [micro::tiles::<2, 1, { !FUSED }>, micro::tiles::<2, 2, IS_PACKED>];
    kernels[2] = [micro::tiles::<3, 1, { !FUSED }>, micro::tiles::<3, 2, IS_PACKED>];
    kernels[3] = [micro::tiles::<4, 1, { !FUSED }>, micro::tiles::<4, 2, IS_PACKED>];
    if FUSED {
        kernels[ROWS - 2] = [micro::tiles::<5, 1, false>, micro::tiles::<5, 2, false>];
        kernels[ROWS - 1] = [micro::tiles::<6, 1, false>, micro::tiles::<6, 2, false>];
    }
    kernels
}

/// For packed panels of B.
pub(crate) static PACKED: Kernels = kernels::<{ !FUSED }>();
/// For eight columns of B read where they are; one kernel does both in the relaxed build. Four columns are always packed ones.
pub(crate) static BY_ROWS: Kernels = kernels::<false>();

/// For rows of A read where they are, by packed panels of B.
pub(crate) static OF_ROWS: Kernels = {
    let mut kernels: Kernels = [[micro::tiles_of_rows::<1, 1>, micro::tiles_of_rows::<1, 2>]; ROWS];
    kernels[1] = [micro::tiles_of_rows::<2, 1>, micro::tiles_of_rows::<2, 2>];
    kernels[2] = [micro::tiles_of_rows::<3, 1>, micro::tiles_of_rows::<3, 2>];
    kernels[3] = [micro::tiles_of_rows::<4, 1>, micro::tiles_of_rows::<4, 2>];
    if FUSED {
        kernels[ROWS - 2] = [micro::tiles_of_rows::<5, 1>, micro::tiles_of_rows::<5, 2>];
        kernels[ROWS - 1] = [micro::tiles_of_rows::<6, 1>, micro::tiles_of_rows::<6, 2>];
    }
    kernels
};

/// Tiles below one another, panels of A against one of B; or side by side, one panel of A against several of B.
#[derive(Clone, Copy)]
pub(crate) struct Tiles<'a> {
    pub b: &'a [f32],
    /// Values of a for a row: the depth where A is packed.
    pub a_row: usize,
    /// Values of b from one k to the next.
    pub row: usize,
    pub depth: usize,
    /// First row of C.
    pub i: usize,
    /// Columns [j, j + cols) of C, of the first tile; the panel may be wider.
    pub j: usize,
    pub cols: usize,
    /// Columns that the last of tiles side by side has in common with the one before; where C starts and they lie in one image.
    pub overlap: usize,
    /// Whether C starts here or is added to.
    pub first: bool,
    /// How many.
    pub count: usize,
    /// Whether they lie side by side, and how far apart in b; else one is below the other.
    pub beside: Option<usize>,
}

/// Tiles that are kept apart at a time.
const APART: usize = 4;

impl Tiles<'_> {
    /// All of them, of `size` rows and `width` columns, in one call: a call a tile would cost as much as ten k.
    #[inline(never)]
    pub fn run(&self, kernel: Kernel, (size, width): (usize, usize), a: &[f32], sink: &mut Planes) {
        let Self { a_row, row, depth, count, overlap, .. } = *self;
        // From one tile to the next in A, B and C; in C, rows and columns.
        let (next_a, next_b, down, right) = match self.beside {
            Some(apart) => (0, apart, 0, width),
            None => (size * a_row, 0, size, 0),
        };
        let (image, pixel) = sink.place(self.j);
        let pixels = sink.pixels;
        let fresh = self.first && !sink.accumulate;
        let is_whole = self.cols == width && pixel + width + (count - 1) * right - overlap <= pixels;
        let (start, next) = (image * sink.image_stride + self.i * pixels + pixel, down * pixels + right);
        if is_whole && (fresh || !micro::is_stepwise(size)) {
            let steps = (next_a, next_b, next);
            return kernel(a, self.b, &mut sink.values[start..], &Run { depth, count, rows: (a_row, row, pixels), steps, overlap, adds: !fresh });
        }
        let tile = size * width;
        for from in (0..count).step_by(APART) {
            let run = Run {
                depth,
                count: APART.min(count - from),
                rows: (a_row, row, width),
                steps: (next_a, next_b, tile),
                overlap: 0,
                adds: false,
            };
            kernel(&a[from * next_a..], &self.b[from * next_b..], &mut sink.apart, &run);
            if is_whole && !fresh {
                for (t, sums) in sink.apart.chunks_exact(tile).take(run.count).enumerate() {
                    let to = &mut sink.values[start + (from + t) * next..];
                    if width == COLS { micro::add_rows::<2>(sums, to, pixels) } else { micro::add_rows::<1>(sums, to, pixels) }
                }
                continue;
            }
            for (t, r) in (0..run.count).flat_map(|t| (0..size).map(move |r| (t, r))) {
                let (i, j) = (self.i + (from + t) * down + r, self.j + (from + t) * right);
                sink.row((i, j), fresh, t * tile + r * width, self.cols);
            }
        }
    }
}

/// Where finished tiles go: C [image][row][pixel], whose columns are (image, pixel). A row-major C is one image. A bias is
/// written there beforehand and accumulated to: tests for it would cost every tile what they cost few.
pub(crate) struct Planes<'a> {
    values: &'a mut [f32],
    /// Values from one image to the next.
    image_stride: usize,
    pixels: usize,
    /// Added to what is there instead of overwriting it.
    pub accumulate: bool,
    /// Tiles that can't go there straight away.
    apart: [f32; APART * ROWS * COLS],
}

impl<'a> Planes<'a> {
    /// A row-major C of `n` columns.
    pub fn matrix(values: &'a mut [f32], n: usize, accumulate: bool) -> Self {
        Self::images(values, 0, n, accumulate)
    }

    /// Images of `pixels` columns.
    pub fn images(values: &'a mut [f32], image_stride: usize, pixels: usize, accumulate: bool) -> Self {
        Self { values, image_stride, pixels, accumulate, apart: [0.0; APART * ROWS * COLS] }
    }

    /// Whole panels of columns from column j on that one image has; one, if it has none.
    pub fn panels_from(&self, j: usize) -> usize {
        ((self.pixels - self.place(j).1) / COLS).max(1)
    }

    /// The image of column j, and its pixel. Most columns are of the first image: a division costs as much as three k.
    #[inline(always)]
    pub fn place(&self, j: usize) -> (usize, usize) {
        if j < self.pixels { (0, j) } else { (j / self.pixels, j % self.pixels) }
    }

    /// Whole vectors of rows of a matrix that others follow: what is too much at the end of a row the next one overwrites.
    #[inline(always)]
    pub fn rows_before_others<const R: usize, const C: usize>(&mut self, i: usize, rows: [[F32x4; C]; R]) {
        for (r, sums) in rows.into_iter().enumerate() {
            let (to, _) = self.values[(i + r) * self.pixels..][..4 * C].as_chunks_mut::<4>();
            to.iter_mut().zip(sums).for_each(|(to, sum)| sum.store(to));
        }
    }

    /// `cols` values of one row, which lie apart from `from` on.
    #[inline(always)]
    fn row(&mut self, (i, j): (usize, usize), fresh: bool, from: usize, cols: usize) {
        let (image, pixel) = self.place(j);
        if cols % 4 > 0 || pixel + cols > self.pixels {
            let sums: [f32; COLS] = core::array::from_fn(|c| if c < cols { self.apart[from + c] } else { 0.0 });
            return self.edge((image, i, pixel), fresh, &sums[..cols]);
        }
        let to = &mut self.values[image * self.image_stride + i * self.pixels + pixel..][..cols];
        for (to, sum) in to.as_chunks_mut::<4>().0.iter_mut().zip(self.apart[from..from + cols].as_chunks::<4>().0) {
            let sum = F32x4::load(sum);
            if fresh { sum } else { F32x4::load(to).add(sum) }.store(to);
        }
    }

    /// Values of one row that aren't whole vectors of one image.
    #[inline(never)]
    pub fn edge(&mut self, (mut image, row, mut pixel): (usize, usize, usize), fresh: bool, mut sums: &[f32]) {
        while !sums.is_empty() {
            let (now, later) = sums.split_at(sums.len().min(self.pixels - pixel));
            let to = &mut self.values[image * self.image_stride + row * self.pixels + pixel..][..now.len()];
            let ((whole, rest), (fours, few)) = (to.as_chunks_mut::<4>(), now.as_chunks::<4>());
            for (to, sum) in whole.iter_mut().zip(fours) {
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
