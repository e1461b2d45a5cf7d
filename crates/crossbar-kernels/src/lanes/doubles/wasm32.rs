//! The vectors as two `v128` each: constants, which cost V8 three instructions, serve both.

use crate::lanes::F32x4;
use core::arch::wasm32::*;

/// Four lanes of `f64`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct F64x4([v128; 2]);

/// Four lanes of unsigned 64-bit integers; arithmetic wraps.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U64x4([v128; 2]);

impl F64x4 {
    /// All lanes `value`.
    #[inline(always)]
    pub fn splat(value: f64) -> Self {
        Self([f64x2_splat(value); 2])
    }
    /// The lanes given one by one.
    #[inline(always)]
    pub fn new([a, b, c, d]: [f64; 4]) -> Self {
        Self([f64x2(a, b), f64x2(c, d)])
    }
    /// Four consecutive values.
    #[inline(always)]
    pub fn load(from: &[f64; 4]) -> Self {
        let from = from.as_ptr().cast::<v128>();
        // SAFETY: the array is 32 readable bytes; v128.load has no alignment requirement.
        Self(unsafe { [v128_load(from), v128_load(from.add(1))] })
    }
    /// Writes the four lanes.
    #[inline(always)]
    pub fn store(self, to: &mut [f64; 4]) {
        let to = to.as_mut_ptr().cast::<v128>();
        // SAFETY: the array is 32 writable bytes; v128.store has no alignment requirement.
        unsafe {
            v128_store(to, self.0[0]);
            v128_store(to.add(1), self.0[1]);
        }
    }
    /// Four `f32`, which doubles hold exactly.
    #[inline(always)]
    pub fn from_f32(value: F32x4) -> Self {
        let value = value.to_v128();
        let high = i64x2_shuffle::<1, 1>(value, value);
        Self([f64x2_promote_low_f32x4(value), f64x2_promote_low_f32x4(high)])
    }
    /// The lanes rounded to `f32`.
    #[inline(always)]
    pub fn to_f32(self) -> F32x4 {
        let [low, high] = self.0.map(|v| f32x4_demote_f64x2_zero(v));
        F32x4::from_v128(i64x2_shuffle::<0, 2>(low, high))
    }
    /// The lanes as an array.
    #[inline(always)]
    pub fn to_array(self) -> [f64; 4] {
        let [low, high] = self.0;
        [
            f64x2_extract_lane::<0>(low),
            f64x2_extract_lane::<1>(low),
            f64x2_extract_lane::<0>(high),
            f64x2_extract_lane::<1>(high),
        ]
    }
    #[inline(always)]
    fn pairwise(self, other: Self, f: impl Fn(v128, v128) -> v128) -> Self {
        Self([f(self.0[0], other.0[0]), f(self.0[1], other.0[1])])
    }
    /// Lane-wise sum.
    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        self.pairwise(other, |a, b| f64x2_add(a, b))
    }
    /// Lane-wise difference.
    #[inline(always)]
    pub fn sub(self, other: Self) -> Self {
        self.pairwise(other, |a, b| f64x2_sub(a, b))
    }
    /// Lane-wise product.
    #[inline(always)]
    pub fn mul(self, other: Self) -> Self {
        self.pairwise(other, |a, b| f64x2_mul(a, b))
    }
    /// Lane-wise quotient.
    #[inline(always)]
    pub fn div(self, other: Self) -> Self {
        self.pairwise(other, |a, b| f64x2_div(a, b))
    }
    /// `other < self ? other : self`: NaN in `self` stays, NaN in `other` is dropped.
    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        self.pairwise(other, |a, b| f64x2_pmin(a, b))
    }
    /// `self < other ? other : self`: NaN in `self` stays, NaN in `other` is dropped.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        self.pairwise(other, |a, b| f64x2_pmax(a, b))
    }
    /// Lane-wise square root.
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        Self(self.0.map(|v| f64x2_sqrt(v)))
    }
    /// Lane-wise magnitude.
    #[inline(always)]
    pub fn abs(self) -> Self {
        Self(self.0.map(|v| f64x2_abs(v)))
    }
    /// Lane-wise negation.
    #[inline(always)]
    pub fn neg(self) -> Self {
        Self(self.0.map(|v| f64x2_neg(v)))
    }
    /// Nearest integer, ties to even.
    #[inline(always)]
    pub fn nearest(self) -> Self {
        Self(self.0.map(|v| f64x2_nearest(v)))
    }
    /// All ones where `self < other`.
    #[inline(always)]
    pub fn lt(self, other: Self) -> U64x4 {
        U64x4(self.pairwise(other, |a, b| f64x2_lt(a, b)).0)
    }
    /// All ones where the lanes are equal; never for NaN.
    #[inline(always)]
    pub fn eq(self, other: Self) -> U64x4 {
        U64x4(self.pairwise(other, |a, b| f64x2_eq(a, b)).0)
    }
    /// The same bits as integers.
    #[inline(always)]
    pub fn to_bits(self) -> U64x4 {
        U64x4(self.0)
    }
}

impl U64x4 {
    /// All lanes `value`.
    #[inline(always)]
    pub fn splat(value: u64) -> Self {
        Self([u64x2_splat(value); 2])
    }
    /// The lanes given one by one.
    #[inline(always)]
    pub fn new([a, b, c, d]: [u64; 4]) -> Self {
        Self([u64x2(a, b), u64x2(c, d)])
    }
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(v128, v128) -> v128) -> Self {
        Self([f(self.0[0], other.0[0]), f(self.0[1], other.0[1])])
    }
    /// Wrapping sum.
    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| u64x2_add(a, b))
    }
    /// Wrapping difference.
    #[inline(always)]
    pub fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| u64x2_sub(a, b))
    }
    /// Exclusive or.
    #[inline(always)]
    pub fn xor(self, other: Self) -> Self {
        self.zip(other, |a, b| v128_xor(a, b))
    }
    /// Bitwise and.
    #[inline(always)]
    pub fn and(self, other: Self) -> Self {
        self.zip(other, |a, b| v128_and(a, b))
    }
    /// Bitwise or.
    #[inline(always)]
    pub fn or(self, other: Self) -> Self {
        self.zip(other, |a, b| v128_or(a, b))
    }
    /// Shift left.
    #[inline(always)]
    pub fn shl(self, bits: u32) -> Self {
        Self(self.0.map(|v| u64x2_shl(v, bits)))
    }
    /// Logical shift right.
    #[inline(always)]
    pub fn shr(self, bits: u32) -> Self {
        Self(self.0.map(|v| u64x2_shr(v, bits)))
    }
    /// The same bits as floats.
    #[inline(always)]
    pub fn to_float_bits(self) -> F64x4 {
        F64x4(self.0)
    }
    /// Takes `a` where the mask's bits are set, else `b`.
    #[inline(always)]
    pub fn select(self, a: F64x4, b: F64x4) -> F64x4 {
        let [low, high] = self.0;
        F64x4([v128_bitselect(a.0[0], b.0[0], low), v128_bitselect(a.0[1], b.0[1], high)])
    }
    /// Whether any lane has a bit set.
    #[inline(always)]
    pub fn any(self) -> bool {
        v128_any_true(v128_or(self.0[0], self.0[1]))
    }
}
