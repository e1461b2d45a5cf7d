//! Elementary functions with our own polynomials: the same bits on every machine and in both builds.
//!
//! Products and sums are rounded separately on purpose (never [`F32x4::mul_add`]): seeded numbers must not depend on the build.
//! Coefficients are minimax fits (Lawson iteration in f64, rounded to f32); the error stated is that of the polynomial.

use super::vectors::{F32x4, U32x4};

/// Horner's scheme, highest coefficient last in the table.
#[inline(always)]
fn polynomial<const N: usize>(x: F32x4, coefficients: [f32; N]) -> F32x4 {
    let mut value = F32x4::splat(coefficients[N - 1]);
    for &c in coefficients[..N - 1].iter().rev() {
        value = value.mul(x).add(F32x4::splat(c));
    }
    value
}

/// ln 2 in two parts; the first has trailing zeros, so that n · LN2_HIGH is exact for |n| < 2⁹.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// e^x; relative error below 3e-7. 0 below −87.33 (no denormals), ∞ above 88.72, NaN stays NaN.
#[inline(always)]
pub fn exp4(x: F32x4) -> F32x4 {
    let low = F32x4::splat(-87.33);
    let high = F32x4::splat(88.72);
    let bounded = F32x4::max(low, F32x4::min(high, x));
    let n = bounded.mul(F32x4::splat(core::f32::consts::LOG2_E)).nearest();
    let r = bounded.sub(n.mul(F32x4::splat(LN2_HIGH))).sub(n.mul(F32x4::splat(LN2_LOW)));
    // e^r = 1 + r + r² q(r) on |r| ≤ ln 2 / 2, error 3e-9
    let q = polynomial(r, [0.5, 0.166_665_2, 0.041_666_206, 0.008_368_882, 0.001_395_047_9]);
    let fraction = q.mul(r).mul(r).add(r).add(F32x4::splat(1.0));
    // 2ⁿ in two factors: n reaches 128, one above the largest exponent.
    let exponent = U32x4::from_f32(n);
    let half = exponent.shr_signed(1);
    let scale = |e: U32x4| e.add(U32x4::splat(127)).shl(23).to_float_bits();
    let value = fraction.mul(scale(half)).mul(scale(exponent.sub(half)));
    let value = x.lt(low).select(F32x4::splat(0.0), value);
    let value = high.lt(x).select(F32x4::splat(f32::INFINITY), value);
    x.eq(x).select(value, x)
}

/// e and t of x = 2^e·(1 + t) with 1 + t in [√½, √2), for a positive normal number.
#[inline(always)]
fn split(x: F32x4) -> (F32x4, F32x4) {
    // Subtracting the bits of √½ carries into the exponent exactly there.
    const SQRT_HALF: u32 = 0x3f35_04f3;
    let shifted = x.to_bits().sub(U32x4::splat(SQRT_HALF));
    let mantissa = shifted.and(U32x4::splat(0x007f_ffff)).add(U32x4::splat(SQRT_HALF)).to_float_bits();
    (shifted.shr_signed(23).to_f32_signed(), mantissa.sub(F32x4::splat(1.0)))
}

/// −2·ln x for x in (0, 1], 0 at 1 and never below; absolute error below 1e-6 of the value plus 3e-8: what Box–Muller needs.
#[inline(always)]
pub(crate) fn minus_two_ln(x: F32x4) -> F32x4 {
    let (e, t) = split(x);
    // −2 ln(1+t) = −2t − 2t² q(t), q as in `ln_positive` with one term fewer, error 2e-7
    let q = polynomial(
        t,
        [1.000_006_4, -0.666_694_3, 0.499_424_58, -0.398_137_66, 0.344_864_5, -0.323_610_04, 0.201_647_57],
    );
    let fraction = q.mul(t).sub(F32x4::splat(2.0)).mul(t);
    fraction.sub(e.mul(F32x4::splat(2.0 * core::f32::consts::LN_2)))
}

/// ln of a positive normal number, without the special cases of [`ln4`].
#[inline(always)]
fn ln_positive(x: F32x4) -> F32x4 {
    let (e, t) = split(x);
    // ln(1+t) = t + t² q(t), relative error 3e-8
    let q = polynomial(
        t,
        [
            -0.499_999_9,
            0.333_339_5,
            -0.250_017_55,
            0.199_620_72,
            -0.165_705_09,
            0.149_179_74,
            -0.143_075_21,
            0.087_348_43,
        ],
    );
    let fraction = q.mul(t).mul(t).add(e.mul(F32x4::splat(LN2_LOW))).add(t);
    fraction.add(e.mul(F32x4::splat(LN2_HIGH)))
}

/// Natural logarithm; relative error below 3e-7. −∞ at 0, NaN below, ∞ at ∞. Denormals count as 0.
#[inline(always)]
pub fn ln4(x: F32x4) -> F32x4 {
    let value = ln_positive(x);
    let value = x.lt(F32x4::splat(f32::MIN_POSITIVE)).select(F32x4::splat(f32::NEG_INFINITY), value);
    let value = x.lt(F32x4::splat(0.0)).select(F32x4::splat(f32::NAN), value);
    let value = x.eq(F32x4::splat(f32::INFINITY)).select(x, value);
    x.eq(x).select(value, x)
}

/// cos(πt) and sin(πt) for |t| ≤ ½; absolute error below 2e-7.
#[inline(always)]
pub(crate) fn cos_sin_pi(t: F32x4) -> (F32x4, F32x4) {
    let s = t.mul(t);
    let cos = polynomial(s, [0.999_999_94, -4.934_793, 4.058_412, -1.331_880_2, 0.219_696_8]);
    let sin = polynomial(s, [3.141_592_5, -5.167_707, 2.550_031_4, -0.598_045_2, 0.077_220_13]);
    (cos, sin.mul(t))
}

/// Hyperbolic tangent; relative error below 5e-7.
#[inline(always)]
pub fn tanh4(x: F32x4) -> F32x4 {
    let magnitude = x.abs();
    // Far out: 1 − 2/(e^{2|x|} + 1), with the sign put back.
    let e = exp4(magnitude.add(magnitude));
    let far = F32x4::splat(1.0).sub(F32x4::splat(2.0).div(e.add(F32x4::splat(1.0))));
    let sign = x.to_bits().and(U32x4::splat(0x8000_0000));
    let far = far.to_bits().or(sign).to_float_bits();
    // Near zero: x + x³ q(x²) on |x| < 0.625, error 4e-9
    let s = x.mul(x);
    let q = polynomial(s, [-0.333_332_84, 0.133_314_9, -0.053_743_497, 0.020_650_588, -0.005_717_045]);
    let near = q.mul(s).mul(x).add(x);
    magnitude.lt(F32x4::splat(0.625)).select(near, far)
}

/// 1 / (1 + e^{−x}).
#[inline(always)]
pub fn sigmoid4(x: F32x4) -> F32x4 {
    F32x4::splat(1.0).div(F32x4::splat(1.0).add(exp4(x.neg())))
}

/// One value of a lane-wise function.
#[inline(always)]
pub fn scalar(f: impl Fn(F32x4) -> F32x4, x: f32) -> f32 {
    f(F32x4::splat(x)).to_array()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(f: impl Fn(F32x4) -> F32x4 + Copy, exact: impl Fn(f64) -> f64, from: f32, to: f32) -> f64 {
        let steps = 200_000;
        (0..=steps)
            .map(|i| {
                let x = from + (to - from) * (i as f32 / steps as f32);
                let want = exact(f64::from(x));
                (f64::from(scalar(f, x)) - want).abs() / want.abs().max(1e-30)
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn relative_errors() {
        assert!(worst(exp4, f64::exp, -87.0, 88.7) < 3e-7);
        assert!(worst(ln4, f64::ln, 1e-6, 0.999) < 3e-7);
        assert!(worst(ln4, f64::ln, 1.001, 1e6) < 3e-7);
        assert!(worst(tanh4, f64::tanh, 1e-6, 12.0) < 5e-7);
        assert!(worst(sigmoid4, |x| 1.0 / (1.0 + (-x).exp()), -80.0, 80.0) < 5e-7);
    }

    #[test]
    fn special_values() {
        assert_eq!(scalar(exp4, f32::NEG_INFINITY), 0.0);
        assert_eq!(scalar(exp4, f32::INFINITY), f32::INFINITY);
        assert!(scalar(exp4, f32::NAN).is_nan());
        assert_eq!(scalar(exp4, 0.0), 1.0);
        assert_eq!(scalar(ln4, 0.0), f32::NEG_INFINITY);
        assert_eq!(scalar(ln4, 1.0), 0.0);
        assert_eq!(scalar(ln4, f32::INFINITY), f32::INFINITY);
        assert!(scalar(ln4, -1.0).is_nan());
        assert!(scalar(tanh4, f32::NAN).is_nan());
        assert_eq!(scalar(tanh4, -40.0), -1.0);
    }

    #[test]
    fn radius_of_a_normal() {
        for i in (1..=1 << 24).step_by(37).chain([1 << 24, (1 << 24) - 1]) {
            let u = i as f32 / 16_777_216.0;
            let (got, want) = (f64::from(scalar(minus_two_ln, u)), -2.0 * f64::from(u).ln());
            assert!(got >= 0.0 && (got - want).abs() < 1e-6 * want + 3e-8, "{u}: {got} {want}");
        }
    }

    #[test]
    fn half_turns() {
        for i in -1000..=1000 {
            let t = i as f32 / 2000.0;
            let (cos, sin) = cos_sin_pi(F32x4::splat(t));
            let angle = f64::from(t) * std::f64::consts::PI;
            assert!((f64::from(cos.to_array()[0]) - angle.cos()).abs() < 2e-7);
            assert!((f64::from(sin.to_array()[0]) - angle.sin()).abs() < 2e-7);
        }
    }
}
