//! The innermost loops of all products: a tile of sums kept in registers while two streams pass.
//!
//! Addresses come from tables, so every bound is tested once, before the loop, and the loads inside are unchecked: a test
//! a load costs a third of the loop's time. The crate's only unsafe code besides `lanes`.

use crate::lanes::F32x4;
use crate::tuning::{FUSED, ROWS, STEPS};

mod narrow;
pub(crate) use narrow::{pair_by_ten, rows_by_eight, rows_by_twelve, tiles_of_rows};

/// 4·C neighbouring values as vectors.
///
/// # Safety
/// `from[at..at + 4·C]` must lie inside.
#[inline(always)]
unsafe fn run<const C: usize>(from: &[f32], at: usize) -> [F32x4; C] {
    debug_assert!(at + 4 * C <= from.len());
    // SAFETY: the caller's; an array of four floats has the alignment of one.
    core::array::from_fn(|c| F32x4::load(unsafe { &*from.as_ptr().add(at + 4 * c).cast::<[f32; 4]>() }))
}

/// What a row of A holds for one k: a factor for all lanes, or one for each.
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
fn rank_one<const R: usize, const C: usize, A: Factor>(sum: &mut [[F32x4; C]; R], a: &[A; R], b: [F32x4; C]) {
    for (sum, a) in sum.iter_mut().zip(a) {
        let a = a.lanes();
        for (sum, b) in sum.iter_mut().zip(b) {
            *sum = a.mul_add(b, *sum);
        }
    }
}

/// a[r]·b[c]: the first term of sums that needn't start from zeros.
#[inline(always)]
fn outer<const R: usize, const C: usize, A: Factor>(a: &[A; R], b: [F32x4; C]) -> [[F32x4; C]; R] {
    core::array::from_fn(|r| {
        let a = a[r].lanes();
        b.map(|b| a.mul(b))
    })
}

/// [`STEPS`] as a number that the compiler doesn't know; made once for many sums, as it goes through memory.
#[derive(Clone, Copy)]
pub(crate) struct Stride(usize);

impl Stride {
    /// The number.
    #[inline(always)]
    pub fn new() -> Self {
        Self(core::hint::black_box(STEPS))
    }
}

/// sum += Σ_k a[k]·b[k], b from a stream.
///
/// What a loop costs V8 beside its arithmetic (counter, stack check, addresses) would be half of one step, so [`STEPS`] are
/// written out. Each has its own pointer into a, which moves by a distance that the compiler doesn't know: it then uses one
/// register a step and small constants in the loads, not an addition a load. The test between steps is what keeps a
/// step's values from being held over the next ones.
///
/// # Safety
/// `b` must have as many steps as a.
#[inline(always)]
unsafe fn add_steps<const R: usize, const C: usize, A: Factor, S: Stream<C>>(
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

/// The same, one step after the other, where a multiply-add is one instruction.
///
/// Twelve sums, two vectors of B and one value of A are all the registers there are, so each value of A must be loaded right before
/// its products. In a block that another step follows V8 begins with all loads, as those of the next one wait for them; in the
/// last one it takes products by the order of the sums, which is the order of the stores after the loop, where those alone
/// follow. Hence one step a loop, and nothing but stores in [`tiles`]. The tests that never hold make the loop too large for V8 to
/// write out its steps again: each exit counts with all values that leave by it.
///
/// # Safety
/// `b` must have as many steps as a.
#[inline(always)]
unsafe fn add_single_steps<const R: usize, const C: usize>(sum: &mut [[F32x4; C]; R], a: &[[f32; R]], mut b: Rows, never: usize) {
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

/// 4·C values a step.
trait Stream<const C: usize> {
    /// The values of step u < [`STEPS`] from here.
    ///
    /// # Safety
    /// There must be such a step.
    unsafe fn step(&self, u: usize) -> [F32x4; C];
    /// Goes on by [`STEPS`].
    fn advance(&mut self);
}

/// A packed panel, [k][4·C].
struct Panel<const C: usize>(*const [[f32; 4]; C]);

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

/// Every sum of a tile with its row and column, the last first: the order in which LLVM loads the values of A.
#[inline(always)]
fn each<const R: usize, const C: usize>(tile: [[F32x4; C]; R], mut f: impl FnMut(usize, usize, F32x4)) {
    for (r, sums) in tile.into_iter().enumerate().rev() {
        for (c, sum) in sums.into_iter().enumerate().rev() {
            f(r, c, sum);
        }
    }
}

/// Rows of a matrix as they are, `row` values apart.
#[derive(Clone, Copy)]
struct Rows {
    at: *const f32,
    row: usize,
    /// Of two rows and more up to [`STEPS`]; the compiler would multiply again in every loop.
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

/// Tiles of one call: how far their factors and results lie apart.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    /// Terms of a sum, at least one.
    pub depth: usize,
    /// Tiles, at least one.
    pub count: usize,
    /// From one row of A to the next, where they are read where they are; of B, and of C.
    pub rows: (usize, usize, usize),
    /// From one tile to the next in A, B and C.
    pub steps: (usize, usize, usize),
    /// How much nearer in B and C the last of several tiles lies; its first columns are those of the one before then.
    pub overlap: usize,
    /// Whether C is added to. Not where the kernel [`is_stepwise`]: V8 would order its products otherwise.
    pub adds: bool,
}

/// Whether the furthest of values at sums of multiples is one of `length`.
fn reaches(length: usize, multiples: [(usize, usize); 3]) -> bool {
    multiples.into_iter().fold(0, |sum: u64, (n, step)| sum.saturating_add((n as u64).saturating_mul(step as u64))) <= length as u64
}

/// Whether tiles of so many rows are summed step by step, and only stored. Others fit the registers in any order.
pub(crate) const fn is_stepwise(rows: usize) -> bool {
    FUSED && rows > 4
}

/// Tiles one after the other, each Σ_k a[k]·b[k·row..] with a as [k][R]; `IS_PACKED` says that rows of B lie side by side.
#[inline(never)]
pub(crate) fn tiles<const R: usize, const C: usize, const IS_PACKED: bool>(a: &[f32], b: &[f32], c: &mut [f32], run: &Run) {
    let Run { depth, count, rows, steps, overlap, adds } = *run;
    assert!(depth > 0 && count > 0 && (overlap == 0 || count > 1 && overlap <= steps.1.min(steps.2)));
    assert!(reaches(a.len(), [(count - 1, steps.0), (R, depth), (0, 0)]));
    let (_, row, to_row) = rows;
    assert!(reaches(b.len() + overlap, [(count - 1, steps.1), (depth - 1, row), (4 * C, 1)]));
    assert!(reaches(c.len() + overlap, [(count - 1, steps.2), (R - 1, to_row), (4 * C, 1)]));
    // An address that no float has, and that the compiler doesn't know.
    let never = if is_stepwise(R) { core::hint::black_box(1) } else { 0 };
    let stride = if is_stepwise(R) { Stride(STEPS) } else { Stride::new() };
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
            put(sum, c, to_row, !is_stepwise(R) && adds);
        }
        let nearer = if left == 1 { overlap } else { 0 };
        (a, b, c) = (a.wrapping_add(steps.0), b.wrapping_add(steps.1 - nearer), c.wrapping_add(steps.2 - nearer));
    }
}

/// Stores a tile, or adds it to what is there; rows are `row` values apart.
///
/// # Safety
/// All of the tile must lie inside.
#[inline(always)]
unsafe fn put<const R: usize, const C: usize>(tile: [[F32x4; C]; R], to: *mut f32, row: usize, adds: bool) {
    // SAFETY: the caller's; an array of four floats has the alignment of one.
    let at = |r: usize, i: usize| unsafe { &mut *to.add(r * row + 4 * i).cast::<[f32; 4]>() };
    if adds {
        each(tile, |r, i, sum| F32x4::load(at(r, i)).add(sum).store(at(r, i)));
    } else {
        each(tile, |r, i, sum| sum.store(at(r, i)));
    }
}

/// Adds rows of C vectors to those that lie `row` values apart.
#[inline(always)]
pub(crate) fn add_rows<const C: usize>(from: &[f32], to: &mut [f32], row: usize) {
    let (from, _) = from.as_chunks::<4>().0.as_chunks::<C>();
    assert!(reaches(to.len(), [(from.len() - 1, row), (4 * C, 1), (0, 0)]));
    let mut to = to.as_mut_ptr();
    for sums in from {
        for (c, sum) in sums.iter().enumerate() {
            // SAFETY: the furthest value was just tested; an array of four floats has the alignment of one.
            let to = unsafe { &mut *to.wrapping_add(4 * c).cast::<[f32; 4]>() };
            F32x4::load(to).add(F32x4::load(sum)).store(to);
        }
        to = to.wrapping_add(row);
    }
}

/// Where the terms of a sum lie in an image; the furthest is found once.
#[derive(Clone, Copy)]
pub(crate) struct Offsets<'a> {
    values: &'a [usize],
    furthest: usize,
}

impl<'a> Offsets<'a> {
    /// Looks for the furthest.
    pub fn new(values: &'a [usize]) -> Self {
        Self { values, furthest: values.iter().copied().max().unwrap_or(0) }
    }

    /// How many there are.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Some of them.
    #[inline(always)]
    pub fn range(&self, from: usize, to: usize) -> Self {
        Self { values: &self.values[from..to], ..*self }
    }
}

/// Runs of an image, one for each offset, none of which may lead beyond it.
struct Gathered<'a> {
    offset: *const usize,
    image: &'a [f32],
}

impl<const C: usize> Stream<C> for Gathered<'_> {
    #[inline(always)]
    unsafe fn step(&self, u: usize) -> [F32x4; C] {
        // SAFETY: the caller's, and what made the stream tested the offsets.
        unsafe { run::<C>(self.image, *self.offset.add(u)) }
    }
    #[inline(always)]
    fn advance(&mut self) {
        self.offset = self.offset.wrapping_add(STEPS);
    }
}

/// sum += Σ_k a[k]·image[offset[k]..], a being [k][R].
#[inline(always)]
pub(crate) fn direct<const R: usize, const C: usize, A: Factor>(
    sum: &mut [[F32x4; C]; R],
    a: &[A],
    image: &[f32],
    offsets: Offsets,
    stride: Stride,
) {
    let (a, _) = a.as_chunks::<R>();
    let a = &a[..offsets.values.len()];
    assert!(offsets.furthest + 4 * C <= image.len());
    // SAFETY: there is an offset for each k, and none is beyond `furthest`, which leaves 4·C values behind it.
    unsafe { add_steps(sum, a, Gathered { offset: offsets.values.as_ptr(), image }, stride) };
}

/// Where the terms of an output lie in planes [channel][row][value]: N rows of each channel.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub channels: usize,
    /// Values of a plane.
    pub plane: usize,
    /// Values of a row.
    pub row: usize,
}

/// Σ_{c, n} a[c][n]·x[c·plane + n·row..], a being [channel][N][R]. The rows of a channel are written out: what a loop costs
/// beside its arithmetic comes once a channel.
#[inline(always)]
pub(crate) fn column<const N: usize, const R: usize, const C: usize>(a: &[f32], x: &[f32], column: Column) -> [[F32x4; C]; R] {
    let Column { channels, plane, row } = column;
    let mut sum = [[F32x4::splat(0.0); C]; R];
    if channels == 0 {
        return sum;
    }
    let (mut a, _) = a.as_chunks::<R>().0.as_chunks::<N>();
    assert!(a.len() >= channels);
    a = &a[..channels];
    assert!((channels - 1) * plane + (N - 1) * row + 4 * C <= x.len());
    let mut at: [*const f32; N] = core::array::from_fn(|n| x.as_ptr().wrapping_add(n * row).wrapping_sub(plane));
    let last = a[channels - 1].as_ptr().wrapping_add(N - 1);
    for a in a {
        for n in 0..N {
            at[n] = at[n].wrapping_add(plane);
            // SAFETY: the furthest was tested; an array of four floats has the alignment of one.
            let b = core::array::from_fn(|c| F32x4::load(unsafe { &*at[n].add(4 * c).cast::<[f32; 4]>() }));
            rank_one(&mut sum, &a[n], b);
            // As between the steps of `add_steps`.
            if core::ptr::eq(&a[n], last) {
                return sum;
            }
        }
    }
    sum
}

/// sum[x][p] = Σ_n taps[n]·values[4x + n·row..], the taps in registers: for sums of few terms.
#[inline(always)]
pub(crate) fn slide<const N: usize, const P: usize>(taps: [F32x4; N], values: &[f32], row: usize, p: usize, sum: &mut [[[f32; 4]; P]]) {
    assert!(p < P && (N - 1) * row + 4 * sum.len() <= values.len());
    let mut at: [*const f32; N] = core::array::from_fn(|n| values.as_ptr().wrapping_add(n * row));
    // SAFETY: the furthest was tested; an array of four floats has the alignment of one.
    let value = |at: *const f32, i: usize| F32x4::load(unsafe { &*at.add(4 * i).cast::<[f32; 4]>() });
    let sum_of = |at: &[*const f32; N], i: usize| (1..N).fold(taps[0].mul(value(at[0], i)), |sum, n| taps[n].mul_add(value(at[n], i), sum));
    let (twos, last) = sum.as_chunks_mut::<4>();
    for two in twos {
        for (i, to) in two.iter_mut().enumerate() {
            sum_of(&at, i).store(&mut to[p]);
        }
        at = at.map(|at| at.wrapping_add(16));
    }
    for (i, to) in last.iter_mut().enumerate() {
        sum_of(&at, i).store(&mut to[p]);
    }
}

/// sum[r][c] = Σ_v planes[r][v]·images[c][base[v][0]..], four values at a time; `base` ascends.
#[inline(always)]
pub(crate) fn dots<const R: usize, const C: usize>(
    planes: [&[[f32; 4]]; R],
    images: [&[f32]; C],
    base: &[[usize; 4]],
) -> [[F32x4; C]; R] {
    let mut sum = [[F32x4::splat(0.0); C]; R];
    let Some(&[furthest, ..]) = base.last() else { return sum };
    assert!(planes.iter().all(|plane| base.len() <= plane.len()));
    assert!(images.iter().all(|image| furthest + 4 <= image.len()));
    let mut left = base.len();
    let mut base = base.as_ptr();
    let mut planes = planes.map(<[_]>::as_ptr);
    loop {
        for u in 0..STEPS {
            // SAFETY: the loop ends at the last base, and planes are as long; bases ascend to `furthest`, which is inside every image.
            let [at, ..] = unsafe { *base.add(u) };
            let x: [F32x4; C] = images.map(|image| unsafe { run::<1>(image, at) }[0]);
            for (sum, plane) in sum.iter_mut().zip(&planes) {
                // SAFETY: as above.
                let dy = F32x4::load(unsafe { &*plane.add(u) });
                for (sum, x) in sum.iter_mut().zip(x) {
                    *sum = dy.mul_add(x, *sum);
                }
            }
            if left == u + 1 {
                return sum;
            }
        }
        left -= STEPS;
        base = base.wrapping_add(STEPS);
        for plane in &mut planes {
            *plane = plane.wrapping_add(STEPS);
        }
    }
}
