//! The transforms of F(2×2, 3×3), along one axis and along both. Their factors are 1 and ½.

use crate::lanes::{four, four_mut, F32x4};

/// Points of a patch in the Winograd domain.
pub(super) const POINTS: usize = 16;

/// A square of values, four lanes each.
pub(super) type Patch<const N: usize> = [[F32x4; N]; N];

/// f along both axes of a patch.
#[inline(always)]
pub(super) fn both<const N: usize, const M: usize>(f: impl Fn([F32x4; N]) -> [F32x4; M], patch: Patch<N>) -> Patch<M> {
    let columns: [[F32x4; M]; N] = core::array::from_fn(|j| f(core::array::from_fn(|i| patch[i][j])));
    core::array::from_fn(|i| f(core::array::from_fn(|j| columns[j][i])))
}

/// Bᵀd
#[inline(always)]
pub(super) fn of_input([a, b, c, d]: [F32x4; 4]) -> [F32x4; 4] {
    [a.sub(c), b.add(c), c.sub(b), b.sub(d)]
}

/// Gg
#[inline(always)]
pub(super) fn of_kernel([a, b, c]: [F32x4; 3]) -> [F32x4; 4] {
    let half = F32x4::splat(0.5);
    let (outer, middle) = (a.add(c).mul(half), b.mul(half));
    [a, outer.add(middle), outer.sub(middle), c]
}

/// Aᵀm
#[inline(always)]
pub(super) fn to_output([a, b, c, d]: [F32x4; 4]) -> [F32x4; 2] {
    [a.add(b).add(c), b.sub(c).sub(d)]
}

/// Ay: the transpose of [`to_output`].
#[inline(always)]
pub(super) fn of_output([a, b]: [F32x4; 2]) -> [F32x4; 4] {
    [a, a.add(b), a.sub(b), F32x4::splat(0.0).sub(b)]
}

/// Gᵀm: the transpose of [`of_kernel`].
#[inline(always)]
pub(super) fn to_kernel([a, b, c, d]: [F32x4; 4]) -> [F32x4; 3] {
    let half = F32x4::splat(0.5);
    let (sum, difference) = (b.add(c).mul(half), b.sub(c).mul(half));
    [a.add(sum), difference, sum.add(d)]
}

/// Where the points of some patches go.
pub(super) struct Target<'a> {
    pub out: &'a mut [f32],
    /// From one point of a patch to the next.
    pub stride: usize,
    /// From one patch to the next.
    pub step: usize,
}

/// Strides of the patches that are transformed.
#[derive(Clone, Copy)]
pub(super) struct Source {
    /// From one row of a patch to the next.
    pub row: usize,
    /// From one patch to the next.
    pub step: usize,
    /// How many.
    pub count: usize,
}

/// Transforms patches along both axes: row y of patch i is at from[i·step + y·row..].
#[inline(never)]
pub(super) fn transform_patches<const N: usize>(
    from: &[f32],
    Source { row, step, count }: Source,
    f: impl Fn([F32x4; N]) -> [F32x4; 4] + Copy,
    to: Target,
) {
    for i in 0..count {
        let patch = core::array::from_fn(|y| load_vectors(&from[i * step + y * row..]));
        store_points(both(f, patch), &mut to.out[i * to.step..], to.stride);
    }
}

/// N neighbouring vectors.
#[inline(always)]
fn load_vectors<const N: usize>(from: &[f32]) -> [F32x4; N] {
    let (from, _) = from[..4 * N].as_chunks::<4>();
    core::array::from_fn(|i| F32x4::load(&from[i]))
}

/// Stores the points of a patch, `stride` apart.
#[inline(always)]
pub(super) fn store_points(patch: Patch<4>, out: &mut [f32], stride: usize) {
    for (f, value) in patch.as_flattened().iter().enumerate() {
        value.store(four_mut(&mut out[f * stride..]));
    }
}

/// Loads the points of a patch, `stride` apart.
#[inline(always)]
pub(super) fn load_points(from: &[f32], stride: usize) -> Patch<4> {
    core::array::from_fn(|y| core::array::from_fn(|x| F32x4::load(four(&from[(4 * y + x) * stride..]))))
}
