//! The vectors as arrays, for native tests: the same operations with the same rounding.

use core::array::from_fn;

/// Four lanes of `f32`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct F32x4([f32; 4]);

/// Four lanes of unsigned integers; arithmetic wraps.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U32x4([u32; 4]);

impl F32x4 {
    /// All lanes `value`.
    #[inline(always)]
    pub fn splat(value: f32) -> Self {
        Self([value; 4])
    }
    /// Four consecutive values.
    #[inline(always)]
    pub fn load(from: &[f32; 4]) -> Self {
        Self(*from)
    }
    /// Writes the four lanes.
    #[inline(always)]
    pub fn store(self, to: &mut [f32; 4]) {
        *to = self.0;
    }
    #[inline(always)]
    fn pairwise(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(from_fn(|i| f(self.0[i], other.0[i])))
    }
    #[inline(always)]
    fn mask(self, other: Self, f: impl Fn(f32, f32) -> bool) -> U32x4 {
        U32x4(from_fn(|i| if f(self.0[i], other.0[i]) { u32::MAX } else { 0 }))
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
    /// `self · a + b`, rounded twice.
    #[inline(always)]
    pub fn mul_add(self, a: Self, b: Self) -> Self {
        self.mul(a).add(b)
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
        Self(self.0.map(f32::sqrt))
    }
    /// Lane-wise magnitude.
    #[inline(always)]
    pub fn abs(self) -> Self {
        Self(self.0.map(f32::abs))
    }
    /// Lane-wise negation.
    #[inline(always)]
    pub fn neg(self) -> Self {
        Self(self.0.map(|v| -v))
    }
    /// Nearest integer, ties to even.
    #[inline(always)]
    pub fn nearest(self) -> Self {
        Self(self.0.map(f32::round_ties_even))
    }
    /// Largest integer that isn't above.
    #[inline(always)]
    pub fn floor(self) -> Self {
        Self(self.0.map(f32::floor))
    }
    /// Smallest integer that isn't below.
    #[inline(always)]
    pub fn ceil(self) -> Self {
        Self(self.0.map(f32::ceil))
    }
    /// All ones where `self < other`.
    #[inline(always)]
    pub fn lt(self, other: Self) -> U32x4 {
        self.mask(other, |a, b| a < b)
    }
    /// All ones where `self ≤ other`.
    #[inline(always)]
    pub fn le(self, other: Self) -> U32x4 {
        self.mask(other, |a, b| a <= b)
    }
    /// All ones where the lanes are equal; never for NaN.
    #[inline(always)]
    pub fn eq(self, other: Self) -> U32x4 {
        self.mask(other, |a, b| a == b)
    }
    /// The same bits as integers.
    #[inline(always)]
    pub fn to_bits(self) -> U32x4 {
        U32x4(self.0.map(f32::to_bits))
    }
    /// The even and the odd places of eight consecutive values.
    #[inline(always)]
    pub fn unzip(low: Self, high: Self) -> (Self, Self) {
        let ([a, b, c, d], [e, f, g, h]) = (low.0, high.0);
        (Self([a, c, e, g]), Self([b, d, f, h]))
    }
    /// The even places of seven consecutive values, the fourth of which both hold.
    #[inline(always)]
    pub fn alternate(low: Self, high: Self) -> Self {
        Self([low.0[0], low.0[2], high.0[1], high.0[3]])
    }
    /// Eight consecutive values with these even and odd places.
    #[inline(always)]
    pub fn zip(even: Self, odd: Self) -> (Self, Self) {
        let ([a, c, e, g], [b, d, f, h]) = (even.0, odd.0);
        (Self([a, b, c, d]), Self([e, f, g, h]))
    }
    /// The lower pairs of two vectors.
    #[inline(always)]
    pub fn low_pairs(a: Self, b: Self) -> Self {
        Self([a.0[0], a.0[1], b.0[0], b.0[1]])
    }
    /// The higher pairs of two vectors.
    #[inline(always)]
    pub fn high_pairs(a: Self, b: Self) -> Self {
        Self([a.0[2], a.0[3], b.0[2], b.0[3]])
    }
    /// The lower pair of one and the higher of another.
    #[inline(always)]
    pub fn low_high(a: Self, b: Self) -> Self {
        Self([a.0[0], a.0[1], b.0[2], b.0[3]])
    }
    /// Transposes a 4×4 block held as rows.
    #[inline(always)]
    pub fn transpose(rows: [Self; 4]) -> [Self; 4] {
        from_fn(|i| Self(from_fn(|j| rows[j].0[i])))
    }
}

impl U32x4 {
    /// All lanes `value`.
    #[inline(always)]
    pub fn splat(value: u32) -> Self {
        Self([value; 4])
    }
    /// The lanes given one by one.
    #[inline(always)]
    pub fn new(lanes: [u32; 4]) -> Self {
        Self(lanes)
    }
    /// The lanes as an array.
    #[inline(always)]
    pub fn to_array(self) -> [u32; 4] {
        self.0
    }
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(u32, u32) -> u32) -> Self {
        Self(from_fn(|i| f(self.0[i], other.0[i])))
    }
    /// Wrapping sum.
    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        self.zip(other, u32::wrapping_add)
    }
    /// Wrapping difference.
    #[inline(always)]
    pub fn sub(self, other: Self) -> Self {
        self.zip(other, u32::wrapping_sub)
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
    /// Arithmetic shift right.
    #[inline(always)]
    pub fn shr_signed(self, bits: u32) -> Self {
        Self(self.0.map(|v| (v as i32 >> bits) as u32))
    }
    /// The lanes, read as signed integers, as floats.
    #[inline(always)]
    pub fn to_f32_signed(self) -> F32x4 {
        F32x4(self.0.map(|v| v as i32 as f32))
    }
    /// Truncation of floats inside the range of `i32`.
    #[inline(always)]
    pub fn from_f32(value: F32x4) -> Self {
        Self(value.0.map(|v| v as i32 as u32))
    }
    /// The same bits as floats.
    #[inline(always)]
    pub fn to_float_bits(self) -> F32x4 {
        F32x4(self.0.map(f32::from_bits))
    }
    /// Takes `a` where the mask's bits are set, else `b`.
    #[inline(always)]
    pub fn select(self, a: F32x4, b: F32x4) -> F32x4 {
        F32x4(from_fn(|i| f32::from_bits((a.0[i].to_bits() & self.0[i]) | (b.0[i].to_bits() & !self.0[i]))))
    }
    /// High and low words of the lane-wise 64-bit product with `factor`.
    #[inline(always)]
    pub fn widening_mul(self, factor: Self) -> (Self, Self) {
        let product: [u64; 4] = from_fn(|i| u64::from(self.0[i]) * u64::from(factor.0[i]));
        (Self(product.map(|p| (p >> 32) as u32)), Self(product.map(|p| p as u32)))
    }
    /// Whether any lane has a bit set.
    #[inline(always)]
    pub fn any(self) -> bool {
        self.0.iter().any(|&v| v != 0)
    }
    /// Transposes a 4×4 block held as rows.
    #[inline(always)]
    pub fn transpose(rows: [Self; 4]) -> [Self; 4] {
        from_fn(|i| Self(from_fn(|j| rows[j].0[i])))
    }
}
