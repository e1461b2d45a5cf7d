//! Elementary functions on doubles whose results are meant to be rounded to `f32`: relative errors below 5e-11, about a thousandth of what
//! that rounding adds. Compositions of a few of them still round almost as the exact value does.
//!
//! Polynomials interpolate at Chebyshev points, in 40 digits. Functions aren't inlined: dozens of kernels call them, and a module is loaded by a page.

use super::polynomial::{polynomial, WHOLE};
use super::{F64x4, U64x4};

/// ln 2 in two parts; the first has trailing zeros, so that n · LN2_HIGH is exact for |n| < 2²¹.
const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// p and s with e^x = s + s·p, s a power of two; x is bounded to ±700, whose e^x is far outside `f32`.
#[inline(always)]
fn exp_parts(x: F64x4) -> (F64x4, F64x4) {
    let x = x.max(F64x4::splat(-700.0)).min(F64x4::splat(700.0));
    let n = x.mul(F64x4::splat(core::f64::consts::LOG2_E)).nearest();
    let r = x.sub(n.mul(F64x4::splat(LN2_HIGH))).sub(n.mul(F64x4::splat(LN2_LOW)));
    // (e^r − 1)/r on |r| ≤ ln 2 / 2, relative error 5e-12
    let p = polynomial(
        r,
        [
            0.999_999_999_995_473,
            0.499_999_999_999_547_5,
            0.166_666_667_870_287_53,
            0.041_666_666_786_985_56,
            0.008_333_283_339_034_426,
            0.001_388_883_891_099_605_6,
            0.000_199_077_021_757_350_54,
            0.000_024_868_002_978_057_0,
        ],
    );
    let n = n.add(F64x4::splat(WHOLE)).to_bits();
    (p.mul(r), n.shl(52).add(F64x4::splat(1.0).to_bits()).to_float_bits())
}

/// e^x.
#[inline(never)]
pub fn exp(x: F64x4) -> F64x4 {
    let (p, s) = exp_parts(x);
    s.mul(p).add(s)
}

/// e^x − 1, accurate near 0 too.
#[inline(never)]
pub fn exp_minus_1(x: F64x4) -> F64x4 {
    let (p, s) = exp_parts(x);
    s.mul(p).add(s.sub(F64x4::splat(1.0)))
}

/// 1 / (1 + e^−x).
#[inline(always)]
pub fn sigmoid(x: F64x4) -> F64x4 {
    let one = F64x4::splat(1.0);
    one.div(one.add(exp(x.neg())))
}

/// Natural logarithm of 0 or a normal number; NaN below 0.
#[inline(never)]
pub fn ln(x: F64x4) -> F64x4 {
    // Subtracting the bits of √½ carries into the exponent exactly there.
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const BIAS: u64 = 1023;
    let shifted = x.to_bits().add(U64x4::splat((BIAS << 52) - SQRT_HALF));
    let mantissa = shifted.and(U64x4::splat((1 << 52) - 1)).add(U64x4::splat(SQRT_HALF)).to_float_bits();
    // A whole number in the low bits of 2⁵².
    const FIRST: f64 = 4_503_599_627_370_496.0;
    let e = shifted.shr(52).or(F64x4::splat(FIRST).to_bits()).to_float_bits().sub(F64x4::splat(FIRST + BIAS as f64));
    // ln m = 2 artanh s, relative error 4e-12 for m in [√½, √2)
    let one = F64x4::splat(1.0);
    let s = mantissa.sub(one).div(mantissa.add(one));
    let p = polynomial(
        s.mul(s),
        [
            2.000_000_000_008_444_4,
            0.666_666_652_359_136_7,
            0.400_003_870_330_070_7,
            0.285_349_013_155_782_5,
            0.236_192_651_914_787_06,
        ],
    );
    let value = p.mul(s).add(e.mul(F64x4::splat(LN2_LOW))).add(e.mul(F64x4::splat(LN2_HIGH)));
    let value = x.lt(F64x4::splat(f64::MIN_POSITIVE)).select(F64x4::splat(f64::NEG_INFINITY), value);
    let value = x.lt(F64x4::splat(0.0)).select(F64x4::splat(f64::NAN), value);
    x.lt(F64x4::splat(f64::INFINITY)).select(value, x)
}

/// ln(1 + x), accurate near 0 too; NaN below −1.
#[inline(never)]
pub fn ln_1_plus(x: F64x4) -> F64x4 {
    let one = F64x4::splat(1.0);
    let sum = x.add(one);
    // What rounding took from the sum, to first order.
    let lost = x.sub(sum.sub(one)).div(sum);
    let value = ln(sum).add(lost);
    x.lt(F64x4::splat(f64::INFINITY)).select(value, x)
}

/// 1 − erf x for x ≥ 0, with a small relative error however far out.
#[inline(never)]
pub fn erfc_of_positive(x: F64x4) -> F64x4 {
    let x = x.min(F64x4::splat(100.0));
    let three = F64x4::splat(3.0);
    let denominator = x.add(three);
    // (x + 3)·erfc x·e^(x²) as a polynomial in (x − 3)/(x + 3), relative error 3e-11
    let p = polynomial(
        x.sub(three).div(denominator),
        [
            1.074_006_907_088_339_8,
            -0.883_394_452_764_336_1,
            0.590_228_356_871_246_6,
            -0.310_467_277_135_528_13,
            0.119_527_770_014_016,
            -0.026_827_067_555_677_61,
            -0.001_212_511_766_807_698,
            0.003_033_244_363_278_448_6,
            -0.000_547_849_004_853_476_9,
            -0.000_274_683_400_462_155_4,
            0.000_106_403_169_977_173_23,
            0.000_027_415_980_427_532_4,
            -0.000_015_877_225_523_225_4,
            -0.000_002_387_735_877_488_924,
            0.000_001_592_640_986_673_062_6,
        ],
    );
    exp(x.mul(x).neg()).mul(p).div(denominator)
}

/// Error function.
#[inline(never)]
pub fn erf(x: F64x4) -> F64x4 {
    let magnitude = x.abs();
    let far = F64x4::splat(1.0).sub(erfc_of_positive(magnitude)).with_sign_of(x);
    // erf x / x on |x| ≤ 1, relative error 4e-11
    let near = polynomial(
        x.mul(x),
        [
            1.128_379_167_061_543_5,
            -0.376_126_384_680_287_1,
            0.112_837_824_952_368_45,
            -0.026_865_430_727_670_243,
            0.005_221_031_807_858_023,
            -0.000_848_408_040_553_510_7,
            0.000_112_659_590_256_066_1,
            -0.000_009_667_044_571_487,
        ],
    )
    .mul(x);
    F64x4::splat(1.0).lt(magnitude).select(far, near)
}

/// a^b with the special cases of C's pow: 1 for b = 0 or a = 1 even beside NaN; for finite a < 0 NaN unless b is whole.
#[inline(never)]
pub fn power(a: F64x4, b: F64x4) -> F64x4 {
    let (zero, one) = (F64x4::splat(0.0), F64x4::splat(1.0));
    let magnitude = a.abs();
    let value = exp(ln(magnitude).mul(b));
    // (−1)^±∞ is 1.
    let value = magnitude.eq(one).select(one, value);
    let half = b.mul(F64x4::splat(0.5));
    let is_even = half.nearest().eq(half);
    let below = a.to_bits().and(U64x4::splat(1 << 63));
    let is_whole = b.nearest().eq(b);
    // An odd power keeps the sign of a, of −0 too.
    let odd = is_even.select(zero, is_whole.select(below.to_float_bits(), zero)).to_bits();
    let signed = value.to_bits().xor(odd).to_float_bits();
    let is_negative = a.lt(zero).and(F64x4::splat(f64::NEG_INFINITY).lt(a));
    let signed = is_negative.select(is_whole.select(signed, F64x4::splat(f64::NAN)), signed);
    let signed = a.eq(one).select(one, signed);
    b.eq(zero).select(one, signed)
}

#[cfg(test)]
#[path = "math_tests.rs"]
mod tests;
