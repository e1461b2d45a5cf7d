//! The innermost loops of all products: a tile of sums kept in registers while two streams pass.
//!
//! Addresses come from tables, so every bound is tested once, before the loop, and the loads inside are unchecked: a test
//! a load costs a third of the loop's time. The only unsafe code besides `lanes`.

use crate::lanes::F32x4;

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

/// sum[r][c] += a[r]·b[c]
#[inline(always)]
fn rank_one<const R: usize, const C: usize>(sum: &mut [[F32x4; C]; R], a: &[f32; R], b: [F32x4; C]) {
    for (sum, &a) in sum.iter_mut().zip(a) {
        let a = F32x4::splat(a);
        for (sum, b) in sum.iter_mut().zip(b) {
            *sum = a.mul_add(b, *sum);
        }
    }
}

/// Σ_k a[k]·b[k] of packed panels: a is [k][R], b is [k][4·C].
#[inline(always)]
pub(crate) fn packed<const R: usize, const C: usize>(a: &[f32], b: &[f32]) -> [[F32x4; C]; R] {
    let mut sum = [[F32x4::splat(0.0); C]; R];
    let (a, _) = a.as_chunks::<R>();
    assert!(b.len() >= a.len() * 4 * C);
    for (k, a) in a.iter().enumerate() {
        // SAFETY: k < a.len(), and b holds 4·C values for each.
        rank_one(&mut sum, a, unsafe { run::<C>(b, k * 4 * C) });
    }
    sum
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

/// sum += Σ_k a[k]·image[offset[k]..], a being [k][R].
#[inline(always)]
pub(crate) fn direct<const R: usize, const C: usize>(sum: &mut [[F32x4; C]; R], a: &[f32], image: &[f32], offsets: Offsets) {
    let (a, _) = a.as_chunks::<R>();
    let a = &a[..offsets.values.len()];
    assert!(offsets.furthest + 4 * C <= image.len());
    for (a, &offset) in a.iter().zip(offsets.values) {
        // SAFETY: no offset is beyond `furthest`, which leaves 4·C values behind it.
        rank_one(sum, a, unsafe { run::<C>(image, offset) });
    }
}

/// sum[r][c] = Σ_v planes[r][v]·images[c][base[v]..], four values at a time; `base` ascends.
#[inline(always)]
pub(crate) fn dots<const R: usize, const C: usize>(
    planes: [&[[f32; 4]]; R],
    images: [&[f32]; C],
    base: &[usize],
) -> [[F32x4; C]; R] {
    let mut sum = [[F32x4::splat(0.0); C]; R];
    let planes = planes.map(|plane| &plane[..base.len()]);
    let Some(&furthest) = base.last() else { return sum };
    assert!(images.iter().all(|image| furthest + 4 <= image.len()));
    for (v, &base) in base.iter().enumerate() {
        // SAFETY: bases ascend to `furthest`, which is inside every image.
        let x: [F32x4; C] = images.map(|image| unsafe { run::<1>(image, base) }[0]);
        for (sum, plane) in sum.iter_mut().zip(planes) {
            let dy = F32x4::load(&plane[v]);
            for (sum, x) in sum.iter_mut().zip(x) {
                *sum = dy.mul_add(x, *sum);
            }
        }
    }
    sum
}
