//! Smooth functions and their slopes, composed of a few elementary ones in doubles.

use crate::lanes::doubles::math::{erfc_of_positive, exp, exp_minus_1, ln_1_plus, sigmoid};
use crate::lanes::doubles::F64x4;
use core::f64::consts::FRAC_1_SQRT_2;

/// 1/√(2π) and √(2/π)
const NORMAL_PEAK: f64 = 0.398_942_280_401_432_7;
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;

/// Both lanes.
#[inline(always)]
pub(super) fn all(value: f64) -> F64x4 {
    F64x4::splat(value)
}

/// 1 − x² as a product, accurate near ±1.
#[inline(always)]
pub(super) fn one_minus_square(x: F64x4) -> F64x4 {
    all(1.0).sub(x).mul(all(1.0).add(x))
}

/// x·share for a share of 0 to 1; 0 where the share is so small that no `f32` could show it, for x = −∞ too.
#[inline(always)]
fn gated(x: F64x4, share: F64x4) -> F64x4 {
    share.lt(all(1e-200)).select(all(0.0), x.mul(share))
}

/// x where its powers and products are finite; slopes are constant outside.
#[inline(always)]
fn bounded(x: F64x4) -> F64x4 {
    x.max(all(-1e30)).min(all(1e30))
}

#[inline(always)]
pub(super) fn sinh(x: F64x4) -> F64x4 {
    let e = exp_minus_1(x.abs());
    e.add(e.div(e.add(all(1.0)))).mul(all(0.5)).with_sign_of(x)
}

#[inline(always)]
pub(super) fn cosh(x: F64x4) -> F64x4 {
    let e = exp(x.abs());
    e.add(all(1.0).div(e)).mul(all(0.5))
}

#[inline(always)]
pub(super) fn asinh(x: F64x4) -> F64x4 {
    let a = x.abs();
    // x² below 1e-16 is lost beside 1, where it doesn't matter beside a.
    let root = a.mul(a).add(all(1.0)).sqrt();
    ln_1_plus(a.add(root.sub(all(1.0)))).with_sign_of(x)
}

/// √(x − 1)·√(x + 1), NaN below 1.
#[inline(always)]
pub(super) fn acosh_root(x: F64x4) -> F64x4 {
    x.sub(all(1.0)).sqrt().mul(x.add(all(1.0)).sqrt())
}

#[inline(always)]
pub(super) fn acosh(x: F64x4) -> F64x4 {
    ln_1_plus(x.sub(all(1.0)).add(acosh_root(x)))
}

#[inline(always)]
pub(super) fn atanh(x: F64x4) -> F64x4 {
    let a = x.abs();
    ln_1_plus(a.add(a).div(all(1.0).sub(a))).mul(all(0.5)).with_sign_of(x)
}

#[inline(always)]
pub(super) fn softplus(x: F64x4) -> F64x4 {
    x.max(all(0.0)).add(ln_1_plus(exp(x.abs().neg())))
}

/// alpha·(e^(x/width) − 1) below 0, slope·x from 0: ELU, SELU and CELU.
#[inline(always)]
pub(super) fn exponential_unit(x: F64x4, alpha: F64x4, width: F64x4, slope: F64x4) -> F64x4 {
    x.lt(all(0.0)).select(alpha.mul(exp_minus_1(x.div(width))), slope.mul(x))
}

#[inline(always)]
pub(super) fn exponential_unit_slope(x: F64x4, alpha: F64x4, width: F64x4, slope: F64x4) -> F64x4 {
    x.lt(all(0.0)).select(alpha.div(width).mul(exp(x.div(width))), slope)
}

#[inline(always)]
pub(super) fn swish(x: F64x4, alpha: F64x4) -> F64x4 {
    gated(x, sigmoid(alpha.mul(x)))
}

#[inline(always)]
pub(super) fn swish_slope(x: F64x4, alpha: F64x4) -> F64x4 {
    let x = bounded(x);
    let s = sigmoid(alpha.mul(x));
    s.add(alpha.mul(x).mul(s).mul(all(1.0).sub(s)))
}

/// Distribution function of the standard normal.
#[inline(always)]
fn normal_share(x: F64x4) -> F64x4 {
    let tail = erfc_of_positive(x.abs().mul(all(FRAC_1_SQRT_2))).mul(all(0.5));
    x.lt(all(0.0)).select(tail, all(1.0).sub(tail))
}

#[inline(always)]
pub(super) fn gelu(x: F64x4) -> F64x4 {
    gated(x, normal_share(x))
}

#[inline(always)]
pub(super) fn gelu_slope(x: F64x4) -> F64x4 {
    let x = bounded(x);
    let density = exp(x.mul(x).mul(all(-0.5))).mul(all(NORMAL_PEAK));
    normal_share(x).add(x.mul(density))
}

/// Share of x in the approximation by tanh: σ(2√(2/π)·(x + 0.044715 x³)).
#[inline(always)]
fn tanh_share(x: F64x4) -> F64x4 {
    let cubic = x.mul(x).mul(all(0.044_715)).add(all(1.0)).mul(x);
    sigmoid(cubic.mul(all(2.0 * SQRT_2_OVER_PI)))
}

#[inline(always)]
pub(super) fn gelu_tanh(x: F64x4) -> F64x4 {
    gated(x, tanh_share(x))
}

#[inline(always)]
pub(super) fn gelu_tanh_slope(x: F64x4) -> F64x4 {
    let x = bounded(x);
    let s = tanh_share(x);
    let inner = x.mul(x).mul(all(3.0 * 0.044_715)).add(all(1.0)).mul(all(2.0 * SQRT_2_OVER_PI));
    s.add(x.mul(inner).mul(s).mul(all(1.0).sub(s)))
}

/// n with tanh(softplus x) = n/(n + 2): e^x·(e^x + 2), bounded where the quotient is 1.
#[inline(always)]
fn mish_ratio(x: F64x4) -> F64x4 {
    let e = exp(x.min(all(100.0)));
    e.mul(e.add(all(2.0)))
}

#[inline(always)]
pub(super) fn mish(x: F64x4) -> F64x4 {
    let n = mish_ratio(x);
    gated(x, n.div(n.add(all(2.0))))
}

#[inline(always)]
pub(super) fn mish_slope(x: F64x4) -> F64x4 {
    let x = bounded(x);
    let n = mish_ratio(x);
    let rest = all(2.0).div(n.add(all(2.0)));
    let t = n.div(n.add(all(2.0)));
    // 1 − t² = rest·(1 + t)
    t.add(x.mul(sigmoid(x)).mul(rest).mul(all(1.0).add(t)))
}
