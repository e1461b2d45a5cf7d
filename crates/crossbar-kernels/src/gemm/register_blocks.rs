//! Runs of register blocks: which microkernel computes them, and how their sums reach C.

use super::destination::{Destination, STAGED};
use super::micro::{self, Run, Strides};
use crate::tuning::{COLS, FUSED, ROWS};

/// A microkernel: operands A and B, C, and the register blocks of the call.
type Kernel = fn(&[f32], &[f32], &mut [f32], &Run);

/// The kernels for register blocks of one height.
#[derive(Clone, Copy)]
struct Widths {
    four: Kernel,
    eight: Kernel,
}

/// Kernels by the height of their register blocks, from one row on. In tables, so that they aren't inlined into the loops around them:
/// V8 unrolls an innermost loop the more often the deeper it is nested.
pub(super) struct Kernels([Widths; ROWS]);

impl Kernels {
    fn of(&self, rows: usize, width: usize) -> Kernel {
        let Widths { four, eight } = self.0[rows - 1];
        if width == COLS {
            eight
        } else {
            four
        }
    }
}

/// The kernels of packed A for R rows. Panels of four columns are always packed.
const fn packed<const R: usize, const IS_PACKED: bool>() -> Widths {
    Widths { four: micro::blocks::<R, 1, { !FUSED }>, eight: micro::blocks::<R, 2, IS_PACKED> }
}

/// The kernels of unpacked A for R rows.
const fn of_rows<const R: usize>() -> Widths {
    Widths { four: micro::blocks_of_rows::<R, 1>, eight: micro::blocks_of_rows::<R, 2> }
}

const fn packed_kernels<const IS_PACKED: bool>() -> Kernels {
    let mut kernels = [packed::<1, IS_PACKED>(); ROWS];
    kernels[1] = packed::<2, IS_PACKED>();
    kernels[2] = packed::<3, IS_PACKED>();
    kernels[3] = packed::<4, IS_PACKED>();
    if FUSED {
        kernels[ROWS - 2] = packed::<5, false>();
        kernels[ROWS - 1] = packed::<6, false>();
    }
    Kernels(kernels)
}

/// Packed A, packed B.
pub(super) static PACKED: Kernels = packed_kernels::<{ !FUSED }>();

/// Packed A, B in place; in the relaxed build the same kernels as [`PACKED`].
pub(super) static B_IN_PLACE: Kernels = packed_kernels::<false>();

/// A in place, packed B.
pub(super) static A_IN_PLACE: Kernels = {
    let mut kernels = [of_rows::<1>(); ROWS];
    kernels[1] = of_rows::<2>();
    kernels[2] = of_rows::<3>();
    kernels[3] = of_rows::<4>();
    if FUSED {
        kernels[ROWS - 2] = of_rows::<5>();
        kernels[ROWS - 1] = of_rows::<6>();
    }
    Kernels(kernels)
};

/// Where the next register block of a run is.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    /// Below: the next panel of A against the same panel of B.
    Down,
    /// To the right: the same panel of A against a panel of B so many values further.
    Right(usize),
}

/// A run of register blocks.
#[derive(Clone, Copy)]
pub(super) struct RegisterBlocks<'a> {
    pub kernels: &'static Kernels,
    /// Size of each.
    pub rows: usize,
    pub width: usize,
    /// How many, and in which direction.
    pub count: usize,
    pub direction: Direction,
    /// Operands of the first, A from its first row on.
    pub a: &'a [f32],
    pub b: &'a [f32],
    /// Leading dimension of A: the depth if A is packed.
    pub a_row: usize,
    /// Leading dimension of B.
    pub b_row: usize,
    /// Terms of each sum.
    pub depth: usize,
    /// First row and column of C.
    pub i: usize,
    pub j: usize,
    /// Columns of the first that C has; a panel may be wider.
    pub cols: usize,
    /// Columns that the last of a run to the right has in common with the one before, if this is the first pass over C, in one image.
    pub overlap: usize,
    /// Whether this is the first pass over C.
    pub first: bool,
}

impl RegisterBlocks<'_> {
    /// Computes all of them in one call: a call for each would cost as much as ten terms.
    #[inline(never)]
    pub fn run(&self, c: &mut Destination) {
        let Self { rows, width, count, .. } = *self;
        let (down, right) = match self.direction {
            Direction::Down => (rows, 0),
            Direction::Right(_) => (0, width),
        };
        let position = c.position(self.j);
        let fresh = self.first && !c.accumulate;
        let is_whole = self.cols == width && position.pixel + width + (count - 1) * right - self.overlap <= c.pixels;
        let next = down * c.pixels + right;
        if is_whole && (fresh || !micro::is_stepwise(rows)) {
            let start = c.start(self.i, position);
            return self.call(
                0..count,
                self.overlap,
                &mut c.values[start..],
                Strides { a: self.a_row, b: self.b_row, c: c.pixels },
                next,
                !fresh,
            );
        }
        self.stage(
            c,
            if is_whole && !fresh { Some((c.start(self.i, position), next)) } else { None },
            fresh,
            (down, right),
        );
    }

    /// Calls the kernel for some of the register blocks; C is `next` values further for each.
    #[inline(always)]
    fn call(
        &self,
        blocks: core::ops::Range<usize>,
        overlap: usize,
        c: &mut [f32],
        rows: Strides,
        next: usize,
        adds: bool,
    ) {
        let (next_a, next_b) = match self.direction {
            Direction::Down => (self.rows * self.a_row, 0),
            Direction::Right(b) => (0, b),
        };
        let (a, b) = (&self.a[blocks.start * next_a..], &self.b[blocks.start * next_b..]);
        let steps = Strides { a: next_a, b: next_b, c: next };
        self.kernels.of(self.rows, self.width)(
            a,
            b,
            c,
            &Run { depth: self.depth, count: blocks.len(), rows, steps, overlap, adds },
        );
    }

    /// Through the staging buffer, a few at a time. `whole`: where C starts and how far the next block is, if all of it can be added there.
    fn stage(&self, c: &mut Destination, whole: Option<(usize, usize)>, fresh: bool, (down, right): (usize, usize)) {
        let Self { rows, width, count, .. } = *self;
        let size = rows * width;
        for from in (0..count).step_by(STAGED) {
            let blocks = from..count.min(from + STAGED);
            let staged = blocks.len();
            self.call(blocks, 0, &mut c.staging, Strides { a: self.a_row, b: self.b_row, c: width }, size, false);
            if let Some((start, next)) = whole {
                for (t, sums) in c.staging.chunks_exact(size).take(staged).enumerate() {
                    let to = &mut c.values[start + (from + t) * next..];
                    if width == COLS {
                        micro::add_rows::<2>(sums, to, c.pixels)
                    } else {
                        micro::add_rows::<1>(sums, to, c.pixels)
                    }
                }
                continue;
            }
            for (t, r) in (0..staged).flat_map(|t| (0..rows).map(move |r| (t, r))) {
                let (i, j) = (self.i + (from + t) * down + r, self.j + (from + t) * right);
                c.write_staged(i, j, fresh, t * size + r * width, self.cols);
            }
        }
    }
}
