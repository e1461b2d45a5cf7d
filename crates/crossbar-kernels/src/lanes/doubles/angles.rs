//! Sine and arc tangent.

use super::polynomial::{polynomial, WHOLE};
use super::{F64x4, U64x4};

/// π/2 in two parts; the first has trailing zeros, so that n · QUARTER_HIGH is exact for |n| < 2²⁰.
const QUARTER_HIGH: f64 = 1.570_796_326_734_125_6;
const QUARTER_LOW: f64 = 6.077_100_506_506_192e-11;

/// Magnitude from which two parts of π/2 are too few.
const FAR: f64 = 1_048_576.0;

/// The fraction of 1/(2π) in words of 32 bits, after a word of zeros.
const TURNS: [u32; 9] =
    [0, 0x28be_60db, 0x9391_054a, 0x7f09_d5f4, 0x7d4d_3770, 0x36d8_a566, 0x4f10_e410, 0x7f94_58ea, 0xf7ae_f158];

/// r and n of x = n·π/2 + r, |r| ≤ π/4, for |x| of [`FAR`] or more that an `f32` holds; n modulo 4. NaN for what isn't finite.
#[inline(never)]
fn reduce_far(x: f64) -> (f64, u64) {
    if !x.is_finite() {
        return (f64::NAN, 0);
    }
    // |x| = mantissa·2^shift; a turn's fraction needs the bits of 1/(2π) from there on only: the ones before make whole turns.
    let bits = (x.abs() as f32).to_bits();
    let mantissa = u64::from(bits & 0x007f_ffff | 0x0080_0000);
    let first = (bits >> 23) as usize + 32 - 150;
    let word = |i: usize| {
        let at = first / 32 + i;
        ((u64::from(TURNS[at]) << 32 | u64::from(TURNS[at + 1])) << (first % 32)) >> 32
    };
    let turn = ((mantissa * word(0)) << 32).wrapping_add(mantissa * word(1)).wrapping_add((mantissa * word(2)) >> 32);
    let n = turn.wrapping_add(1 << 61) >> 62;
    let rest = turn.wrapping_sub(n << 62) as i64 as f64 * (core::f64::consts::TAU / 18_446_744_073_709_551_616.0);
    if x < 0.0 {
        (-rest, n.wrapping_neg())
    } else {
        (rest, n)
    }
}

/// sin(x + quarters·π/2), for lanes that an `f32` holds, however large; NaN for ±∞.
#[inline(never)]
pub fn sine(x: F64x4, quarters: u64) -> F64x4 {
    // Rounds to the nearest whole number; never to −0, so that the sine of −0 is −0.
    let whole = x.mul(F64x4::splat(core::f64::consts::FRAC_2_PI)).add(F64x4::splat(WHOLE));
    let n = whole.sub(F64x4::splat(WHOLE));
    let mut r = x.sub(n.mul(F64x4::splat(QUARTER_HIGH))).sub(n.mul(F64x4::splat(QUARTER_LOW)));
    let mut n = whole.to_bits();
    let is_far = F64x4::splat(FAR).lt(x.abs());
    if is_far.any() {
        let far = x.to_array().map(|x| if x.abs() > FAR { reduce_far(x) } else { (0.0, 0) });
        r = is_far.select(F64x4::new(far.map(|f| f.0)), r);
        n = is_far.select(U64x4::new(far.map(|f| f.1)).to_float_bits(), n.to_float_bits()).to_bits();
    }
    let n = n.add(U64x4::splat(quarters));
    let s = r.mul(r);
    // sin r / r and cos r on |r| ≤ π/4, relative errors 5e-12 and 8e-14
    let sin = polynomial(
        s,
        [
            0.999_999_999_995_668_8,
            -0.166_666_666_315_631_62,
            0.008_333_328_779_736_226,
            -0.000_198_392_013_885_596_92,
            0.000_002_717_338_055_746_829,
        ],
    )
    .mul(r);
    let cos = polynomial(
        s,
        [
            0.999_999_999_999_944_4,
            -0.499_999_999_993_504_7,
            0.041_666_666_543_813_194,
            -0.001_388_888_038_869_402,
            0.000_024_798_927_696_218_343,
            -0.000_000_271_733_535_466_550_85,
        ],
    );
    let odd = U64x4::splat(0).sub(n.and(U64x4::splat(1)));
    let sign = n.and(U64x4::splat(2)).shl(62);
    odd.select(cos, sin).to_bits().xor(sign).to_float_bits()
}

/// arctan x.
#[inline(never)]
pub fn arc_tangent(x: F64x4) -> F64x4 {
    use core::f64::consts::{FRAC_PI_2, FRAC_PI_4};
    let (zero, one) = (F64x4::splat(0.0), F64x4::splat(1.0));
    let a = x.abs();
    // arctan a = π/4 + arctan((a − 1)/(a + 1)) from tan(π/8), π/2 − arctan(1/a) from tan(3π/8)
    let (is_middle, is_large) = (F64x4::splat(0.414_213_562_373_095).lt(a), F64x4::splat(2.414_213_562_373_095).lt(a));
    let by = |large, middle, small| is_large.select(large, is_middle.select(middle, small));
    let t = by(one.neg(), a.sub(one), a).div(by(a, a.add(one), one));
    // arctan t / t on |t| ≤ tan(π/8), relative error 3e-11
    let p = polynomial(
        t.mul(t),
        [
            0.999_999_999_978_370_5,
            -0.333_333_320_962_422_96,
            0.199_998_837_511_317_33,
            -0.142_815_858_410_219_27,
            0.110_404_527_875_066_76,
            -0.084_559_860_322_477_12,
            0.047_069_111_591_730_696,
        ],
    );
    p.mul(t).add(by(F64x4::splat(FRAC_PI_2), F64x4::splat(FRAC_PI_4), zero)).with_sign_of(x)
}
