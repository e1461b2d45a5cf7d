//! The microkernel: register blocks of C from packed or unpacked A and B.

use super::common::{add_steps, outer, put, rank_one, reaches, Panel, Stream, Stride};
use crate::lanes::F32x4;
use crate::tuning::{FUSED, ROWS, STEPS};

/// Register blocks of one call: strides of their operands and results, in values.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    /// Terms of a sum, at least one.
    pub depth: usize,
    /// Register blocks, at least one.
    pub count: usize,
    /// Leading dimensions of A (where it is read in place), B and C.
    pub rows: Strides,
    /// From one register block to the next.
    pub steps: Strides,
    /// How many columns the last of several register blocks has in common with the one before it.
    pub overlap: usize,
    /// Whether C is added to. Not for kernels that are [`is_stepwise`]: V8 would order their products otherwise.
    pub adds: bool,
}

/// Distances in the operands and the result of a product.
#[derive(Clone, Copy)]
pub(crate) struct Strides {
    pub a: usize,
    pub b: usize,
    pub c: usize,
}

/// Whether register blocks of so many rows are summed step by step, and only stored. Others fit the registers in any order.
pub(crate) const fn is_stepwise(rows: usize) -> bool {
    FUSED && rows > 4
}

/// Unpacked rows of B, `row` values apart.
#[derive(Clone, Copy)]
struct Rows {
    at: *const f32,
    row: usize,
    /// Distances of two rows and more, up to [`STEPS`]; the compiler would multiply again in every loop.
    far: [usize; STEPS - 1],
}

impl<const C: usize> Stream<C> for Rows {
    #[inline(always)]
    unsafe fn step(&self, u: usize) -> [F32x4; C] {
        let at = if u < 2 { self.at.wrapping_add(u * self.row) } else { self.at.wrapping_add(self.far[u - 2]) };
        // SAFETY: the caller's; an array of four floats has the alignment of one.
        core::array::from_fn(|c| F32x4::load(unsafe { &*at.add(4 * c).cast::<[f32; 4]>() }))
    }
    #[inline(always)]
    fn advance(&mut self) {
        self.at = self.at.wrapping_add(self.far[STEPS - 2]);
    }
}

/// `add_steps` with loops of one step, where a multiply-add is one instruction.
///
/// Twelve accumulators, two vectors of B and one value of A are all the registers there are, so each value of A must be loaded right
/// before its products. In a basic block that another step follows V8's scheduler starts with all loads, because those of the next
/// step wait for them; in the last block it takes products in the order of the sums, which is the order of the stores after the loop,
/// if only stores follow. Hence one step in each loop, and only stores in [`blocks`]. The tests that are never true make the loop too
/// large for V8 to unroll: each exit counts with all values that leave by it.
///
/// # Safety
/// `b` must have as many steps as a.
#[inline(always)]
unsafe fn add_single_steps<const R: usize, const C: usize>(
    sum: &mut [[F32x4; C]; R],
    a: &[[f32; R]],
    mut b: Rows,
    never: usize,
) {
    let mut left = a.len();
    let mut at = a.as_ptr();
    loop {
        if at as usize == never {
            return;
        }
        if R < ROWS && b.at as usize == never {
            return;
        }
        // SAFETY: the loop ends at the last step of a, and b has as many.
        rank_one(sum, unsafe { &*at }, unsafe { b.step(0) });
        at = at.wrapping_add(1);
        b.at = b.at.wrapping_add(b.row);
        left -= 1;
        if left == 0 {
            return;
        }
    }
}

/// Register blocks one after the other, each Σ_k a[k]·b[k·row..] with A packed as [k][R]; `IS_PACKED` says that B is packed too.
#[inline(never)]
pub(crate) fn blocks<const R: usize, const C: usize, const IS_PACKED: bool>(
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
    run: &Run,
) {
    let Run { depth, count, rows, steps, overlap, adds } = *run;
    assert!(depth > 0 && count > 0 && (overlap == 0 || count > 1 && overlap <= steps.b.min(steps.c)));
    assert!(reaches(a.len(), [(count - 1, steps.a), (R, depth), (0, 0)]));
    let row = rows.b;
    assert!(reaches(b.len() + overlap, [(count - 1, steps.b), (depth - 1, row), (4 * C, 1)]));
    assert!(reaches(c.len() + overlap, [(count - 1, steps.c), (R - 1, rows.c), (4 * C, 1)]));
    // An address that no float has, and that the compiler doesn't know.
    let never = if is_stepwise(R) { core::hint::black_box(1) } else { 0 };
    let stride = if is_stepwise(R) { Stride::known() } else { Stride::unknown() };
    let far = core::array::from_fn(|i| if IS_PACKED { 0 } else { core::hint::black_box((i + 2) * row) });
    let (mut a, mut b, mut c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    for left in (0..count).rev() {
        // SAFETY: the furthest values were just tested; an array of floats has the alignment of one.
        unsafe {
            let terms = core::slice::from_raw_parts(a.cast::<[f32; R]>(), depth);
            let mut sum: [[_; C]; R] = outer(&terms[0], Rows { at: b, row: 0, far: [0; STEPS - 1] }.step(0));
            let (terms, next) = (&terms[1..], b.wrapping_add(row));
            if depth > 1 {
                if is_stepwise(R) {
                    add_single_steps(&mut sum, terms, Rows { at: next, row, far }, never);
                } else if IS_PACKED {
                    add_steps(&mut sum, terms, Panel(next.cast()), stride);
                } else {
                    add_steps(&mut sum, terms, Rows { at: next, row, far }, stride);
                }
            }
            put(sum, c, rows.c, !is_stepwise(R) && adds);
        }
        let nearer = if left == 1 { overlap } else { 0 };
        (a, b, c) = (a.wrapping_add(steps.a), b.wrapping_add(steps.b - nearer), c.wrapping_add(steps.c - nearer));
    }
}
