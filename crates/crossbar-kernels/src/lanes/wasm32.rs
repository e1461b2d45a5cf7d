//! The vectors as one `v128` each.

use core::arch::wasm32::*;

/// Four lanes of `f32`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct F32x4(v128);

/// Four lanes of unsigned integers; arithmetic wraps.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U32x4(v128);

impl F32x4 {
    /// All lanes `value`.
    #[inline(always)]
    pub fn splat(value: f32) -> Self {
        Self(f32x4_splat(value))
    }
    /// Four consecutive values.
    #[inline(always)]
    pub fn load(from: &[f32; 4]) -> Self {
        // SAFETY: the array is 16 readable bytes; v128.load has no alignment requirement.
        Self(unsafe { v128_load(from.as_ptr().cast()) })
    }
    /// Writes the four lanes.
    #[inline(always)]
    pub fn store(self, to: &mut [f32; 4]) {
        // SAFETY: the array is 16 writable bytes; v128.store has no alignment requirement.
        unsafe { v128_store(to.as_mut_ptr().cast(), self.0) }
    }
    /// The vector of the machine.
    #[inline(always)]
    pub(super) fn to_v128(self) -> v128 {
        self.0
    }
    /// A vector of the machine.
    #[inline(always)]
    pub(super) fn from_v128(value: v128) -> Self {
        Self(value)
    }
    /// Lane-wise sum.
    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        Self(f32x4_add(self.0, other.0))
    }
    /// Lane-wise difference.
    #[inline(always)]
    pub fn sub(self, other: Self) -> Self {
        Self(f32x4_sub(self.0, other.0))
    }
    /// Lane-wise product.
    #[inline(always)]
    pub fn mul(self, other: Self) -> Self {
        Self(f32x4_mul(self.0, other.0))
    }
    /// Lane-wise quotient.
    #[inline(always)]
    pub fn div(self, other: Self) -> Self {
        Self(f32x4_div(self.0, other.0))
    }
    /// `self · a + b`: rounded once on the relaxed build (where the hardware has it), twice elsewhere.
    #[inline(always)]
    pub fn mul_add(self, a: Self, b: Self) -> Self {
        #[cfg(target_feature = "relaxed-simd")]
        {
            Self(f32x4_relaxed_madd(self.0, a.0, b.0))
        }
        #[cfg(not(target_feature = "relaxed-simd"))]
        {
            Self(f32x4_add(f32x4_mul(self.0, a.0), b.0))
        }
    }
    /// `other < self ? other : self`: the cheap form; NaN in `self` stays, NaN in `other` is dropped.
    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        Self(f32x4_pmin(self.0, other.0))
    }
    /// `self < other ? other : self`: the cheap form; NaN in `self` stays, NaN in `other` is dropped.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        Self(f32x4_pmax(self.0, other.0))
    }
    /// Lane-wise square root.
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        Self(f32x4_sqrt(self.0))
    }
    /// Lane-wise magnitude.
    #[inline(always)]
    pub fn abs(self) -> Self {
        Self(f32x4_abs(self.0))
    }
    /// Lane-wise negation.
    #[inline(always)]
    pub fn neg(self) -> Self {
        Self(f32x4_neg(self.0))
    }
    /// Nearest integer, ties to even.
    #[inline(always)]
    pub fn nearest(self) -> Self {
        Self(f32x4_nearest(self.0))
    }
    /// Largest integer that isn't above.
    #[inline(always)]
    pub fn floor(self) -> Self {
        Self(f32x4_floor(self.0))
    }
    /// Smallest integer that isn't below.
    #[inline(always)]
    pub fn ceil(self) -> Self {
        Self(f32x4_ceil(self.0))
    }
    /// All ones where `self < other`.
    #[inline(always)]
    pub fn lt(self, other: Self) -> U32x4 {
        U32x4(f32x4_lt(self.0, other.0))
    }
    /// All ones where `self ≤ other`.
    #[inline(always)]
    pub fn le(self, other: Self) -> U32x4 {
        U32x4(f32x4_le(self.0, other.0))
    }
    /// All ones where the lanes are equal; never for NaN.
    #[inline(always)]
    pub fn eq(self, other: Self) -> U32x4 {
        U32x4(f32x4_eq(self.0, other.0))
    }
    /// The same bits as integers.
    #[inline(always)]
    pub fn to_bits(self) -> U32x4 {
        U32x4(self.0)
    }
    /// The even and the odd places of eight consecutive values.
    #[inline(always)]
    pub fn unzip(low: Self, high: Self) -> (Self, Self) {
        (Self(i32x4_shuffle::<0, 2, 4, 6>(low.0, high.0)), Self(i32x4_shuffle::<1, 3, 5, 7>(low.0, high.0)))
    }
    /// The even places of seven consecutive values, the fourth of which both hold.
    #[inline(always)]
    pub fn alternate(low: Self, high: Self) -> Self {
        Self(i32x4_shuffle::<0, 2, 5, 7>(low.0, high.0))
    }
    /// Eight consecutive values with these even and odd places.
    #[inline(always)]
    pub fn zip(even: Self, odd: Self) -> (Self, Self) {
        (Self(i32x4_shuffle::<0, 4, 1, 5>(even.0, odd.0)), Self(i32x4_shuffle::<2, 6, 3, 7>(even.0, odd.0)))
    }
    /// The lower pairs of two vectors.
    #[inline(always)]
    pub fn low_pairs(a: Self, b: Self) -> Self {
        Self(i64x2_shuffle::<0, 2>(a.0, b.0))
    }
    /// The higher pairs of two vectors.
    #[inline(always)]
    pub fn high_pairs(a: Self, b: Self) -> Self {
        Self(i64x2_shuffle::<1, 3>(a.0, b.0))
    }
    /// The lower pair of one and the higher of another.
    #[inline(always)]
    pub fn low_high(a: Self, b: Self) -> Self {
        Self(i64x2_shuffle::<0, 3>(a.0, b.0))
    }
    /// Transposes a 4×4 block held as rows.
    #[inline(always)]
    pub fn transpose([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        let ab_low = i32x4_shuffle::<0, 4, 1, 5>(a.0, b.0);
        let ab_high = i32x4_shuffle::<2, 6, 3, 7>(a.0, b.0);
        let cd_low = i32x4_shuffle::<0, 4, 1, 5>(c.0, d.0);
        let cd_high = i32x4_shuffle::<2, 6, 3, 7>(c.0, d.0);
        [
            Self(i64x2_shuffle::<0, 2>(ab_low, cd_low)),
            Self(i64x2_shuffle::<1, 3>(ab_low, cd_low)),
            Self(i64x2_shuffle::<0, 2>(ab_high, cd_high)),
            Self(i64x2_shuffle::<1, 3>(ab_high, cd_high)),
        ]
    }
}

impl U32x4 {
    /// All lanes `value`.
    #[inline(always)]
    pub fn splat(value: u32) -> Self {
        Self(u32x4_splat(value))
    }
    /// The lanes given one by one.
    #[inline(always)]
    pub fn new(lanes: [u32; 4]) -> Self {
        Self(u32x4(lanes[0], lanes[1], lanes[2], lanes[3]))
    }
    /// The lanes as an array.
    #[inline(always)]
    pub fn to_array(self) -> [u32; 4] {
        [
            u32x4_extract_lane::<0>(self.0),
            u32x4_extract_lane::<1>(self.0),
            u32x4_extract_lane::<2>(self.0),
            u32x4_extract_lane::<3>(self.0),
        ]
    }
    /// Wrapping sum.
    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        Self(u32x4_add(self.0, other.0))
    }
    /// Wrapping difference.
    #[inline(always)]
    pub fn sub(self, other: Self) -> Self {
        Self(u32x4_sub(self.0, other.0))
    }
    /// Exclusive or.
    #[inline(always)]
    pub fn xor(self, other: Self) -> Self {
        Self(v128_xor(self.0, other.0))
    }
    /// Bitwise and.
    #[inline(always)]
    pub fn and(self, other: Self) -> Self {
        Self(v128_and(self.0, other.0))
    }
    /// Bitwise or.
    #[inline(always)]
    pub fn or(self, other: Self) -> Self {
        Self(v128_or(self.0, other.0))
    }
    /// Shift left.
    #[inline(always)]
    pub fn shl(self, bits: u32) -> Self {
        Self(u32x4_shl(self.0, bits))
    }
    /// Logical shift right.
    #[inline(always)]
    pub fn shr(self, bits: u32) -> Self {
        Self(u32x4_shr(self.0, bits))
    }
    /// Arithmetic shift right.
    #[inline(always)]
    pub fn shr_signed(self, bits: u32) -> Self {
        Self(i32x4_shr(self.0, bits))
    }
    /// The lanes, read as signed integers, as floats.
    #[inline(always)]
    pub fn to_f32_signed(self) -> F32x4 {
        F32x4(f32x4_convert_i32x4(self.0))
    }
    /// Truncation of floats inside the range of `i32`.
    #[inline(always)]
    pub fn from_f32(value: F32x4) -> Self {
        Self(i32x4_trunc_sat_f32x4(value.0))
    }
    /// The same bits as floats.
    #[inline(always)]
    pub fn to_float_bits(self) -> F32x4 {
        F32x4(self.0)
    }
    /// Takes `a` where the mask's bits are set, else `b`.
    #[inline(always)]
    pub fn select(self, a: F32x4, b: F32x4) -> F32x4 {
        F32x4(v128_bitselect(a.0, b.0, self.0))
    }
    /// High and low words of the lane-wise 64-bit product with `factor`.
    #[inline(always)]
    pub fn widening_mul(self, factor: Self) -> (Self, Self) {
        let low = u64x2_extmul_low_u32x4(self.0, factor.0);
        let high = u64x2_extmul_high_u32x4(self.0, factor.0);
        (Self(i32x4_shuffle::<1, 3, 5, 7>(low, high)), Self(i32x4_shuffle::<0, 2, 4, 6>(low, high)))
    }
    /// Whether any lane has a bit set.
    #[inline(always)]
    pub fn any(self) -> bool {
        v128_any_true(self.0)
    }
    /// Transposes a 4×4 block held as rows.
    #[inline(always)]
    pub fn transpose(rows: [Self; 4]) -> [Self; 4] {
        F32x4::transpose(rows.map(|row| F32x4(row.0))).map(|row| Self(row.0))
    }
}
