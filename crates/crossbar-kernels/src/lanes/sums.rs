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
    /// Rotates each lane left by `bits` in 1..32.
    #[inline(always)]
    pub fn rotate_left(self, bits: u32) -> Self {
        self.shl(bits).or(self.shr(32 - bits))
    }
}
