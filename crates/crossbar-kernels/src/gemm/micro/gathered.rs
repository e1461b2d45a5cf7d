//! The microkernel for images in place: rows of B at a table of offsets.

use super::common::{add_steps, vectors, Factor, Stream, Stride};
use crate::lanes::F32x4;
use crate::tuning::STEPS;

/// Offsets of the terms of a sum in an image; the largest is found once.
#[derive(Clone, Copy)]
pub(crate) struct Offsets<'a> {
    values: &'a [usize],
    furthest: usize,
}

impl<'a> Offsets<'a> {
    /// Finds the largest.
    pub fn new(values: &'a [usize]) -> Self {
        Self { values, furthest: values.iter().copied().max().unwrap_or(0) }
    }

    /// Number of terms.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// All of them, in order.
    #[inline(always)]
    pub(super) fn values(&self) -> &'a [usize] {
        self.values
    }

    /// The largest.
    #[inline(always)]
    pub(super) fn furthest(&self) -> usize {
        self.furthest
    }

    /// The offsets of terms [from, to).
    #[inline(always)]
    pub fn range(&self, from: usize, to: usize) -> Self {
        Self { values: &self.values[from..to], ..*self }
    }
}

/// Vectors of an image at offsets, all of them in bounds.
struct Gathered<'a> {
    offset: *const usize,
    image: &'a [f32],
}

impl<const C: usize> Stream<C> for Gathered<'_> {
    #[inline(always)]
    unsafe fn step(&self, u: usize) -> [F32x4; C] {
        // SAFETY: the caller's, and what made the stream tested the offsets.
        unsafe { vectors::<C>(self.image, *self.offset.add(u)) }
    }
    #[inline(always)]
    fn advance(&mut self) {
        self.offset = self.offset.wrapping_add(STEPS);
    }
}

/// sum += Σ_k a[k]·image[offset[k]..] for a packed as [k][R].
#[inline(always)]
pub(crate) fn gathered<const R: usize, const C: usize, A: Factor>(
    sum: &mut [[F32x4; C]; R],
    a: &[A],
    image: &[f32],
    offsets: Offsets,
    stride: Stride,
) {
    let (a, _) = a.as_chunks::<R>();
    let a = &a[..offsets.values.len()];
    assert!(offsets.furthest + 4 * C <= image.len());
    // SAFETY: there is an offset for each k, and after the largest one there are 4·C values.
    unsafe { add_steps(sum, a, Gathered { offset: offsets.values.as_ptr(), image }, stride) };
}
