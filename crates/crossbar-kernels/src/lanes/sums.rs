//! What every implementation of the vectors has in common.

use super::vectors::{F32x4, U32x4};

impl F32x4 {
    /// The lanes as an array.
    #[inline(always)]
    pub fn to_array(self) -> [f32; 4] {
        let mut lanes = [0.0; 4];
        self.store(&mut lanes);
        lanes
    }
    /// `(l0 + l1) + (l2 + l3)`.
    #[inline(always)]
    pub fn sum(self) -> f32 {
        let [a, b, c, d] = self.to_array();
        (a + b) + (c + d)
    }
}

impl U32x4 {
    /// Whether every lane has a bit set, of a mask of comparisons.
    #[inline(always)]
    pub fn all(self) -> bool {
        !self.xor(Self::splat(u32::MAX)).any()
    }
    /// Rotates each lane left by `bits` in 1..32.
    #[inline(always)]
    pub fn rotate_left(self, bits: u32) -> Self {
        self.shl(bits).or(self.shr(32 - bits))
    }
}

/// The larger of two, lane by lane; NaN when either is.
#[inline(always)]
pub(crate) fn max_or_nan(best: F32x4, value: F32x4) -> F32x4 {
    // Each order keeps the NaN of its first; else both give the same bits, or zeros of both signs. NaN with more bits set is NaN.
    best.max(value).to_bits().or(value.max(best).to_bits()).to_float_bits()
}
