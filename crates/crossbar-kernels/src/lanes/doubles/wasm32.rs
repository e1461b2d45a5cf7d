//! The vectors as one `v128` each.

use core::arch::wasm32::*;

/// Two lanes of `f64`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct F64x2(v128);

/// Two lanes of unsigned 64-bit integers; arithmetic wraps.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U64x2(v128);

impl F64x2 {
    /// Both lanes `value`.
    #[inline(always)]
    pub fn splat(value: f64) -> Self {
        Self(f64x2_splat(value))
    }
    /// The lanes given one by one.
    #[inline(always)]
    pub fn new(lanes: [f64; 2]) -> Self {
        Self(f64x2(lanes[0], lanes[1]))
    }
    /// Two consecutive `f32`, which doubles hold exactly.
    #[inline(always)]
    pub fn load(from: &[f32; 2]) -> Self {
        // SAFETY: the array is 8 readable bytes; the load has no alignment requirement.
        Self(f64x2_promote_low_f32x4(unsafe { v128_load64_zero(from.as_ptr().cast()) }))
    }
    /// Writes the lanes, rounded to `f32`.
    #[inline(always)]
    pub fn store(self, to: &mut [f32; 2]) {
        // SAFETY: the array is 8 writable bytes; the store has no alignment requirement.
        unsafe { v128_store64_lane::<0>(f32x4_demote_f64x2_zero(self.0), to.as_mut_ptr().cast()) }
    }
    /// The lanes as an array.
    #[inline(always)]
    pub fn to_array(self) -> [f64; 2] {
        [f64x2_extract_lane::<0>(self.0), f64x2_extract_lane::<1>(self.0)]
    }
    /// Lane-wise sum.
    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        Self(f64x2_add(self.0, other.0))
    }
    /// Lane-wise difference.
    #[inline(always)]
    pub fn sub(self, other: Self) -> Self {
        Self(f64x2_sub(self.0, other.0))
    }
    /// Lane-wise product.
    #[inline(always)]
    pub fn mul(self, other: Self) -> Self {
        Self(f64x2_mul(self.0, other.0))
    }
    /// Lane-wise quotient.
    #[inline(always)]
    pub fn div(self, other: Self) -> Self {
        Self(f64x2_div(self.0, other.0))
    }
    /// `other < self ? other : self`: NaN in `self` stays, NaN in `other` is dropped.
    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        Self(f64x2_pmin(self.0, other.0))
    }
    /// `self < other ? other : self`: NaN in `self` stays, NaN in `other` is dropped.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        Self(f64x2_pmax(self.0, other.0))
    }
    /// Lane-wise square root.
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        Self(f64x2_sqrt(self.0))
    }
    /// Lane-wise magnitude.
    #[inline(always)]
    pub fn abs(self) -> Self {
        Self(f64x2_abs(self.0))
    }
    /// Lane-wise negation.
    #[inline(always)]
    pub fn neg(self) -> Self {
        Self(f64x2_neg(self.0))
    }
    /// Nearest integer, ties to even.
    #[inline(always)]
    pub fn nearest(self) -> Self {
        Self(f64x2_nearest(self.0))
    }
    /// All ones where `self < other`.
    #[inline(always)]
    pub fn lt(self, other: Self) -> U64x2 {
        U64x2(f64x2_lt(self.0, other.0))
    }
    /// All ones where the lanes are equal; never for NaN.
    #[inline(always)]
    pub fn eq(self, other: Self) -> U64x2 {
        U64x2(f64x2_eq(self.0, other.0))
    }
    /// The same bits as integers.
    #[inline(always)]
    pub fn to_bits(self) -> U64x2 {
        U64x2(self.0)
    }
}

impl U64x2 {
    /// Both lanes `value`.
    #[inline(always)]
    pub fn splat(value: u64) -> Self {
        Self(u64x2_splat(value))
    }
    /// The lanes given one by one.
    #[inline(always)]
    pub fn new(lanes: [u64; 2]) -> Self {
        Self(u64x2(lanes[0], lanes[1]))
    }
    /// The lanes as an array.
    #[inline(always)]
    pub fn to_array(self) -> [u64; 2] {
        [u64x2_extract_lane::<0>(self.0), u64x2_extract_lane::<1>(self.0)]
    }
    /// Wrapping sum.
    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        Self(u64x2_add(self.0, other.0))
    }
    /// Wrapping difference.
    #[inline(always)]
    pub fn sub(self, other: Self) -> Self {
        Self(u64x2_sub(self.0, other.0))
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
        Self(u64x2_shl(self.0, bits))
    }
    /// Logical shift right.
    #[inline(always)]
    pub fn shr(self, bits: u32) -> Self {
        Self(u64x2_shr(self.0, bits))
    }
    /// The same bits as floats.
    #[inline(always)]
    pub fn to_float_bits(self) -> F64x2 {
        F64x2(self.0)
    }
    /// Takes `a` where the mask's bits are set, else `b`.
    #[inline(always)]
    pub fn select(self, a: F64x2, b: F64x2) -> F64x2 {
        F64x2(v128_bitselect(a.0, b.0, self.0))
    }
    /// Whether any lane has a bit set.
    #[inline(always)]
    pub fn any(self) -> bool {
        v128_any_true(self.0)
    }
}
