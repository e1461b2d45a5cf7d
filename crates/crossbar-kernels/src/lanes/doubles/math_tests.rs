use super::*;
use crate::lanes::doubles::angles::{arc_tangent, sine};

fn one(f: impl Fn(F64x4) -> F64x4, x: f32) -> f64 {
    f(F64x4::splat(f64::from(x))).to_array()[0]
}

/// The largest relative error over every 997th finite `f32`, of both signs, that `holds` admits.
fn worst(f: impl Fn(F64x4) -> F64x4, exact: impl Fn(f64) -> f64, holds: impl Fn(f32) -> bool) -> f64 {
    let mut worst = 0.0f64;
    for bits in (0..0x7f80_0000u32).step_by(997) {
        for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
            if holds(x) {
                let (got, want) = (one(&f, x), exact(f64::from(x)));
                let error = if got == want { 0.0 } else { (got - want).abs() / want.abs() };
                assert!(!error.is_nan(), "{x}: {got} {want}");
                worst = worst.max(error);
            }
        }
    }
    worst
}

#[test]
fn relative_errors() {
    let all = |_| true;
    assert!(worst(exp, f64::exp, |x| x.abs() < 690.0) < 1e-11);
    assert!(worst(exp_minus_1, f64::exp_m1, |x| x.abs() < 690.0) < 1e-11);
    assert!(worst(ln, f64::ln, |x| x > 0.0) < 1e-11);
    assert!(worst(ln_1_plus, f64::ln_1p, |x| x >= 0.0) < 1e-11);
    assert!(worst(|x| sine(x, 0), f64::sin, all) < 1e-10);
    assert!(worst(|x| sine(x, 1), f64::cos, all) < 1e-10);
    assert!(worst(arc_tangent, f64::atan, all) < 5e-11);
}

/// erfc by its continued fraction, for x ≥ 1.
fn erfc(x: f64) -> f64 {
    let mut tail = x;
    for k in (1..200).rev() {
        tail = x + f64::from(k) / 2.0 / tail;
    }
    (-x * x).exp() / tail / core::f64::consts::PI.sqrt()
}

/// erf by its series, for |x| ≤ 1.
fn erf_series(x: f64) -> f64 {
    let (mut term, mut sum) = (x, 0.0);
    for k in 0..40 {
        sum += term / f64::from(2 * k + 1);
        term *= -x * x / f64::from(k + 1);
    }
    sum * core::f64::consts::FRAC_2_SQRT_PI
}

#[test]
fn error_function() {
    assert!(worst(erf, erf_series, |x| x.abs() <= 1.0) < 5e-11);
    assert!(worst(erf, |x| (1.0 - erfc(x.abs())).copysign(x), |x| x.abs() > 1.0) < 1e-10);
    assert!(worst(erfc_of_positive, erfc, |x| (1.0..26.0).contains(&x)) < 1e-10);
    assert!(worst(erfc_of_positive, |x| 1.0 - erf_series(x), |x| (0.0..1.0).contains(&x)) < 1e-10);
}

#[test]
fn special_values() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    for f in [exp, exp_minus_1, ln, ln_1_plus, erfc_of_positive, erf, arc_tangent, |x| sine(x, 0), |x| sine(x, 1)] {
        assert!(one(f, nan).is_nan());
    }
    assert_eq!([one(exp, -inf) as f32, one(exp, inf) as f32, one(exp, 0.0) as f32], [0.0, inf, 1.0]);
    assert_eq!(
        [one(exp_minus_1, -inf), one(ln, inf), one(ln, 0.0), one(ln, 1.0)],
        [-1.0, inf.into(), (-inf).into(), 0.0]
    );
    assert!(one(ln, -1.0).is_nan() && one(ln, -inf).is_nan() && one(ln_1_plus, -2.0).is_nan());
    assert_eq!(
        [one(ln_1_plus, inf), one(erf, inf), one(erf, -inf), f64::from(one(erfc_of_positive, inf) as f32)],
        [inf.into(), 1.0, -1.0, 0.0]
    );
    assert!(one(|x| sine(x, 0), inf).is_nan() && one(|x| sine(x, 1), -inf).is_nan());
    for f in [erf, arc_tangent, |x| sine(x, 0)] {
        assert!(one(f, -0.0).is_sign_negative() && one(f, 0.0).is_sign_positive());
    }
}

#[test]
fn powers_follow_c() {
    let values = [0.0, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 17.0, 1e-42, 1e10, 1e38, 12_345.0, f32::INFINITY, f32::NAN];
    let values: Vec<f32> = values.iter().flat_map(|&v| [v, -v]).collect();
    for &a in &values {
        for &b in &values {
            let want = f64::from(a).powf(b.into()) as f32;
            let got = power(F64x4::splat(a.into()), F64x4::splat(b.into())).to_array()[0] as f32;
            assert!(got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan(), "{a}^{b}: {got}, not {want}");
        }
    }
}
