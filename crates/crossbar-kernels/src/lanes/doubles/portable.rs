//! The vectors as arrays, for native tests: the same operations with the same rounding.

use crate::lanes::F32x4;
use core::array::from_fn;

/// Four lanes of `f64`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct F64x4([f64; 4]);

/// Four lanes of unsigned 64-bit integers; arithmetic wraps.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U64x4([u64; 4]);

impl F64x4 {
    /// All lanes `value`.
    #[inline(always)]
    pub fn splat(value: f64) -> Self {
        Self([value; 4])
    }
    /// The lanes given one by one.
    #[inline(always)]
    pub fn new(lanes: [f64; 4]) -> Self {
        Self(lanes)
    }
    /// Four consecutive values.
    #[inline(always)]
    pub fn load(from: &[f64; 4]) -> Self {
        Self(*from)
    }
    /// Writes the four lanes.
    #[inline(always)]
    pub fn store(self, to: &mut [f64; 4]) {
        *to = self.0;
    }
    /// Four `f32`, which doubles hold exactly.
    #[inline(always)]
    pub fn from_f32(value: F32x4) -> Self {
        Self(value.to_array().map(f64::from))
    }
    /// The lanes rounded to `f32`.
    #[inline(always)]
    pub fn to_f32(self) -> F32x4 {
        F32x4::load(&self.0.map(|v| v as f32))
    }
    /// The lanes as an array.
    #[inline(always)]
    pub fn to_array(self) -> [f64; 4] {
        self.0
    }
    #[inline(always)]
    fn pairwise(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self(from_fn(|i| f(self.0[i], other.0[i])))
    }
    #[inline(always)]
    fn mask(self, other: Self, f: impl Fn(f64, f64) -> bool) -> U64x4 {
        U64x4(from_fn(|i| if f(self.0[i], other.0[i]) { u64::MAX } else { 0 }))
    }
    /// Lane-wise sum.
    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        self.pairwise(other, |a, b| a + b)
    }
    /// Lane-wise difference.
    #[inline(always)]
    pub fn sub(self, other: Self) -> Self {
        self.pairwise(other, |a, b| a - b)
    }
    /// Lane-wise product.
    #[inline(always)]
    pub fn mul(self, other: Self) -> Self {
        self.pairwise(other, |a, b| a * b)
    }
    /// Lane-wise quotient.
    #[inline(always)]
    pub fn div(self, other: Self) -> Self {
        self.pairwise(other, |a, b| a / b)
    }
    /// `other < self ? other : self`: NaN in `self` stays, NaN in `other` is dropped.
    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        self.pairwise(other, |a, b| if b < a { b } else { a })
    }
    /// `self < other ? other : self`: NaN in `self` stays, NaN in `other` is dropped.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        self.pairwise(other, |a, b| if a < b { b } else { a })
    }
    /// Lane-wise square root.
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        Self(self.0.map(f64::sqrt))
    }
    /// Lane-wise magnitude.
    #[inline(always)]
    pub fn abs(self) -> Self {
        Self(self.0.map(f64::abs))
    }
    /// Lane-wise negation.
    #[inline(always)]
    pub fn neg(self) -> Self {
        Self(self.0.map(|v| -v))
    }
    /// Nearest integer, ties to even.
    #[inline(always)]
    pub fn nearest(self) -> Self {
        Self(self.0.map(f64::round_ties_even))
    }
    /// All ones where `self < other`.
    #[inline(always)]
    pub fn lt(self, other: Self) -> U64x4 {
        self.mask(other, |a, b| a < b)
    }
    /// All ones where the lanes are equal; never for NaN.
    #[inline(always)]
    pub fn eq(self, other: Self) -> U64x4 {
        self.mask(other, |a, b| a == b)
    }
    /// The same bits as integers.
    #[inline(always)]
    pub fn to_bits(self) -> U64x4 {
        U64x4(self.0.map(f64::to_bits))
    }
}

impl U64x4 {
    /// All lanes `value`.
    #[inline(always)]
    pub fn splat(value: u64) -> Self {
        Self([value; 4])
    }
    /// The lanes given one by one.
    #[inline(always)]
    pub fn new(lanes: [u64; 4]) -> Self {
        Self(lanes)
    }
    /// The lanes as an array.
    #[inline(always)]
    pub fn to_array(self) -> [u64; 4] {
        self.0
    }
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Self(from_fn(|i| f(self.0[i], other.0[i])))
    }
    /// Wrapping sum.
    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_add)
    }
    /// Wrapping difference.
    #[inline(always)]
    pub fn sub(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_sub)
    }
    /// Exclusive or.
    #[inline(always)]
    pub fn xor(self, other: Self) -> Self {
        self.zip(other, |a, b| a ^ b)
    }
    /// Bitwise and.
    #[inline(always)]
    pub fn and(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }
    /// Bitwise or.
    #[inline(always)]
    pub fn or(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b)
    }
    /// Shift left.
    #[inline(always)]
    pub fn shl(self, bits: u32) -> Self {
        Self(self.0.map(|v| v << bits))
    }
    /// Logical shift right.
    #[inline(always)]
    pub fn shr(self, bits: u32) -> Self {
        Self(self.0.map(|v| v >> bits))
    }
    /// The same bits as floats.
    #[inline(always)]
    pub fn to_float_bits(self) -> F64x4 {
        F64x4(self.0.map(f64::from_bits))
    }
    /// Takes `a` where the mask's bits are set, else `b`.
    #[inline(always)]
    pub fn select(self, a: F64x4, b: F64x4) -> F64x4 {
        F64x4(from_fn(|i| f64::from_bits((a.0[i].to_bits() & self.0[i]) | (b.0[i].to_bits() & !self.0[i]))))
    }
    /// Whether any lane has a bit set.
    #[inline(always)]
    pub fn any(self) -> bool {
        self.0.iter().any(|&v| v != 0)
    }
}
