//! What all microkernels share: loads, products, stores, and streams of B.

use crate::lanes::F32x4;
use crate::tuning::STEPS;

/// 4·C neighbouring values as vectors.
///
/// # Safety
/// `from[at..at + 4·C]` must be in bounds.
#[inline(always)]
pub(super) unsafe fn vectors<const C: usize>(from: &[f32], at: usize) -> [F32x4; C] {
    debug_assert!(at + 4 * C <= from.len());
    // SAFETY: the caller's; an array of four floats has the alignment of one.
    core::array::from_fn(|c| F32x4::load(unsafe { &*from.as_ptr().add(at + 4 * c).cast::<[f32; 4]>() }))
}

/// What a row of A holds for one k: a factor for all lanes, or one for each lane.
pub(crate) trait Factor {
    fn lanes(&self) -> F32x4;
}

impl Factor for f32 {
    #[inline(always)]
    fn lanes(&self) -> F32x4 {
        F32x4::splat(*self)
    }
}

impl Factor for [f32; 4] {
    #[inline(always)]
    fn lanes(&self) -> F32x4 {
        F32x4::load(self)
    }
}

/// sum[r][c] += a[r]·b[c]
#[inline(always)]
pub(super) fn rank_one<const R: usize, const C: usize, A: Factor>(
    sum: &mut [[F32x4; C]; R],
    a: &[A; R],
    b: [F32x4; C],
) {
    for (sum, a) in sum.iter_mut().zip(a) {
        let a = a.lanes();
        for (sum, b) in sum.iter_mut().zip(b) {
            *sum = a.mul_add(b, *sum);
        }
    }
}

/// a[r]·b[c]: the first term, so that accumulators needn't start from zero.
#[inline(always)]
pub(super) fn outer<const R: usize, const C: usize, A: Factor>(a: &[A; R], b: [F32x4; C]) -> [[F32x4; C]; R] {
    core::array::from_fn(|r| {
        let a = a[r].lanes();
        b.map(|b| a.mul(b))
    })
}

/// [`STEPS`] as a number that the compiler doesn't know; made once for many register blocks, because it goes through memory.
#[derive(Clone, Copy)]
pub(crate) struct Stride(usize);

impl Stride {
    /// The unknown number.
    #[inline(always)]
    pub fn unknown() -> Self {
        Self(core::hint::black_box(STEPS))
    }

    /// The number, where it isn't used.
    #[inline(always)]
    pub(super) fn known() -> Self {
        Self(STEPS)
    }
}

/// sum += Σ_k a[k]·b[k], b from a stream.
///
/// The overhead of a loop in V8 (counter, stack check, addresses) would be half of one step, so [`STEPS`] steps are written out. Each
/// has its own pointer into a, which advances by a stride that the compiler doesn't know: it then uses one register for each step and
/// small constants in the loads, not an addition for each load. The test between steps keeps the values of a step from being held
/// over the next ones.
///
/// # Safety
/// `b` must have as many steps as a.
#[inline(always)]
pub(super) unsafe fn add_steps<const R: usize, const C: usize, A: Factor, S: Stream<C>>(
    sum: &mut [[F32x4; C]; R],
    a: &[[A; R]],
    mut b: S,
    Stride(stride): Stride,
) {
    if a.is_empty() {
        return;
    }
    let last = a.as_ptr().wrapping_add(a.len() - 1);
    let mut at: [*const [A; R]; STEPS] = core::array::from_fn(|u| a.as_ptr().wrapping_add(u).wrapping_sub(stride));
    loop {
        for u in 0..STEPS {
            at[u] = at[u].wrapping_add(stride);
            // SAFETY: the loop ends at the last step of a, and b has as many.
            rank_one(sum, unsafe { &*at[u] }, unsafe { b.step(u) });
            if at[u] == last {
                return;
            }
        }
        b.advance();
    }
}

/// Rows of B, 4·C values a step.
pub(super) trait Stream<const C: usize> {
    /// The values of step u < [`STEPS`] from the current position.
    ///
    /// # Safety
    /// There must be such a step.
    unsafe fn step(&self, u: usize) -> [F32x4; C];
    /// Advances by [`STEPS`].
    fn advance(&mut self);
}

/// A packed panel, [k][4·C].
pub(super) struct Panel<const C: usize>(pub *const [[f32; 4]; C]);

impl<const C: usize> Stream<C> for Panel<C> {
    #[inline(always)]
    unsafe fn step(&self, u: usize) -> [F32x4; C] {
        // SAFETY: the caller's.
        let values = unsafe { &*self.0.add(u) };
        core::array::from_fn(|c| F32x4::load(&values[c]))
    }
    #[inline(always)]
    fn advance(&mut self) {
        self.0 = self.0.wrapping_add(STEPS);
    }
}

/// Whether the last of values at multiples of strides is in an array of `length`.
pub(super) fn reaches(length: usize, multiples: [(usize, usize); 3]) -> bool {
    let furthest =
        multiples.into_iter().fold(0, |sum: u64, (n, step)| sum.saturating_add((n as u64).saturating_mul(step as u64)));
    furthest <= length as u64
}

/// Every vector of a register block with its row and column, the last first: the order in which LLVM loads the values of A.
#[inline(always)]
fn each<const R: usize, const C: usize>(block: [[F32x4; C]; R], mut f: impl FnMut(usize, usize, F32x4)) {
    for (r, sums) in block.into_iter().enumerate().rev() {
        for (c, sum) in sums.into_iter().enumerate().rev() {
            f(r, c, sum);
        }
    }
}

/// Stores a register block, or adds it to C; rows of C are `stride` values apart.
///
/// # Safety
/// The whole block must be in bounds.
#[inline(always)]
pub(super) unsafe fn put<const R: usize, const C: usize>(
    block: [[F32x4; C]; R],
    to: *mut f32,
    stride: usize,
    adds: bool,
) {
    // SAFETY: the caller's; an array of four floats has the alignment of one.
    let at = |r: usize, i: usize| unsafe { &mut *to.add(r * stride + 4 * i).cast::<[f32; 4]>() };
    if adds {
        each(block, |r, i, sum| F32x4::load(at(r, i)).add(sum).store(at(r, i)));
    } else {
        each(block, |r, i, sum| sum.store(at(r, i)));
    }
}

/// Adds rows of C vectors to rows that are `stride` values apart.
#[inline(always)]
pub(crate) fn add_rows<const C: usize>(from: &[f32], to: &mut [f32], stride: usize) {
    let (from, _) = from.as_chunks::<4>().0.as_chunks::<C>();
    assert!(reaches(to.len(), [(from.len() - 1, stride), (4 * C, 1), (0, 0)]));
    let mut to = to.as_mut_ptr();
    for sums in from {
        for (c, sum) in sums.iter().enumerate() {
            // SAFETY: the furthest value was just tested; an array of four floats has the alignment of one.
            let to = unsafe { &mut *to.wrapping_add(4 * c).cast::<[f32; 4]>() };
            F32x4::load(to).add(F32x4::load(sum)).store(to);
        }
        to = to.wrapping_add(stride);
    }
}
