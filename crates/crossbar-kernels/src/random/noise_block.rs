//! The generator of a stream's numbers, block by block.

use super::philox::{philox_lanes, words};
use crate::lanes::math::{cos_sin_pi, minus_two_ln};
use crate::lanes::{F32x4, U32x4};

/// Values of one noise block: long enough to hide its seeding, and the depth of a packed panel.
pub const NOISE_BLOCK: usize = 256;

/// Four xoshiro128++ generators, one for each lane, that fill one noise block.
pub struct NoiseBlock {
    state: [U32x4; 4],
}

impl NoiseBlock {
    /// The generator of the block at (row, block, sample) of the stream `key`.
    #[inline(always)]
    pub fn new(key: u64, row: u32, block: u32, sample: u32) -> Self {
        let counter = [U32x4::splat(row), U32x4::splat(block), U32x4::new([0, 1, 2, 3]), U32x4::splat(sample)];
        Self { state: philox_lanes(words(key), counter) }
    }

    /// The next four words, one for each lane.
    #[inline(always)]
    pub fn bits(&mut self) -> U32x4 {
        let [mut s0, mut s1, mut s2, mut s3] = self.state;
        let result = s0.add(s3).rotate_left(7).add(s0);
        let t = s1.shl(9);
        s2 = s2.xor(s0);
        s3 = s3.xor(s1);
        s1 = s1.xor(s2);
        s0 = s0.xor(s3);
        s2 = s2.xor(t);
        s3 = s3.rotate_left(11);
        self.state = [s0, s1, s2, s3];
        result
    }

    /// Eight standard normals by Box–Muller on half turns: the angle covers (−π/2, π/2), a spare bit turns it by π.
    /// |z| ≤ 5.77, since the radius is drawn from 24 bits.
    #[inline(always)]
    pub fn normals(&mut self) -> [F32x4; 2] {
        let radius_bits = self.bits();
        let angle_bits = self.bits();
        let one = U32x4::splat(1);
        let uniform = radius_bits.shr(8).add(one).to_f32_signed().mul(F32x4::splat(1.0 / 16_777_216.0));
        let radius = minus_two_ln(uniform).sqrt();
        let radius = radius.to_bits().xor(angle_bits.shl(31)).to_float_bits();
        let turn = angle_bits.shr_signed(8).to_f32_signed().mul(F32x4::splat(1.0 / 16_777_216.0));
        let (cos, sin) = cos_sin_pi(turn);
        [radius.mul(cos), radius.mul(sin)]
    }
}
