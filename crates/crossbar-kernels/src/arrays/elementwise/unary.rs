//! Functions of one argument and their slopes.

use super::formulas::{self as formula, all};
use super::passes::{
    by_pairs_of_vectors, by_vectors, map_doubles, map_vectors as map, zip_doubles, zip_vectors as zip,
};
use crate::arrays::codes::codes;
use crate::lanes::doubles::angles::{arc_tangent, sine};
use crate::lanes::doubles::{math, F64x4};
use crate::lanes::math::{exp4, ln4, sigmoid4, tanh4};
use crate::lanes::F32x4;

codes! {
    /// A function of one argument, by its index in the code table of the wasm surface.
    Unary, UNARY:
    /// −x
    Neg,
    /// max(x, 0); NaN stays NaN.
    Relu,
    /// x, or p0·x where x < 0.
    LeakyRelu,
    /// min(max(x, p0), p1); NaN stays NaN.
    Clip,
    /// 1 / (1 + e^−x)
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// e^x
    Exp,
    /// Natural logarithm.
    Log,
    /// Square root.
    Sqrt,
    /// |x|
    Abs,
    /// x²
    Square,
    /// p0·x
    Scale,
    /// x + p0
    Shift,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Tangent.
    Tan,
    /// Arc sine.
    Asin,
    /// Arc cosine.
    Acos,
    /// Arc tangent.
    Atan,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Inverse hyperbolic sine.
    Asinh,
    /// Inverse hyperbolic cosine.
    Acosh,
    /// Inverse hyperbolic tangent.
    Atanh,
    /// Error function.
    Erf,
    /// Largest integer that isn't above x.
    Floor,
    /// Smallest integer that isn't below x.
    Ceil,
    /// Nearest integer, ties to even.
    Round,
    /// −1, 0 or 1; NaN stays NaN.
    Sign,
    /// 1/x
    Reciprocal,
    /// ln(1 + e^x)
    Softplus,
    /// x / (1 + |x|)
    Softsign,
    /// x, or p0·(e^x − 1) where x < 0.
    Elu,
    /// p1·x, or p1·p0·(e^x − 1) where x < 0.
    Selu,
    /// x, or p0·(e^(x/p0) − 1) where x < 0.
    Celu,
    /// p0·x + p1 between 0 and 1.
    HardSigmoid,
    /// x·(x + 3)/6 with the factor between 0 and 1.
    HardSwish,
    /// x·tanh(ln(1 + e^x))
    Mish,
    /// x·Φ(x), Φ the distribution function of the standard normal.
    Gelu,
    /// Its approximation x·(1 + tanh(√(2/π)·(x + 0.044715 x³)))/2.
    GeluTanh,
    /// x where x > p0, else 0; NaN stays NaN.
    ThresholdedRelu,
    /// x + p0 where x < −p1, x − p0 where x > p1, else 0; NaN stays NaN.
    Shrink,
    /// x / (1 + e^(−p0·x))
    Swish,
}

/// y = f(x) element by element; `p0` and `p1` are the parameters of the functions that have some.
pub fn unary(op: Unary, x: &[f32], y: &mut [f32], p0: f32, p1: f32) {
    by_vectors(x, y, |x, y| values(op, x, y, p0, p1));
}

#[inline(never)]
fn values(op: Unary, x: &[[f32; 4]], y: &mut [[f32; 4]], p0: f32, p1: f32) {
    let (zero, one) = (F32x4::splat(0.0), F32x4::splat(1.0));
    let (low, high) = (F32x4::splat(p0), F32x4::splat(p1));
    let (p0, p1) = (all(p0.into()), all(p1.into()));
    match op {
        Unary::Neg => map(x, y, F32x4::neg),
        Unary::Relu => map(x, y, |x| x.max(zero)),
        Unary::LeakyRelu => map(x, y, |x| x.lt(zero).select(x.mul(low), x)),
        Unary::Clip => map(x, y, |x| x.max(low).min(high)),
        Unary::Sigmoid => map(x, y, sigmoid4),
        Unary::Tanh => map(x, y, tanh4),
        Unary::Exp => map(x, y, exp4),
        Unary::Log => map(x, y, ln4),
        Unary::Sqrt => map(x, y, F32x4::sqrt),
        Unary::Abs => map(x, y, F32x4::abs),
        Unary::Square => map(x, y, |x| x.mul(x)),
        Unary::Scale => map(x, y, |x| x.mul(low)),
        Unary::Shift => map(x, y, |x| x.add(low)),
        Unary::Sin => map_doubles(x, y, |x| sine(x, 0)),
        Unary::Cos => map_doubles(x, y, |x| sine(x, 1)),
        Unary::Tan => map_doubles(x, y, |x| sine(x, 0).div(sine(x, 1))),
        Unary::Asin => map_doubles(x, y, |x| arc_tangent(x.div(formula::one_minus_square(x).sqrt()))),
        Unary::Acos => map_doubles(x, y, |x| {
            let half = arc_tangent(all(1.0).sub(x).div(all(1.0).add(x)).sqrt());
            half.add(half)
        }),
        Unary::Atan => map_doubles(x, y, arc_tangent),
        Unary::Sinh => map_doubles(x, y, formula::sinh),
        Unary::Cosh => map_doubles(x, y, formula::cosh),
        Unary::Asinh => map_doubles(x, y, formula::asinh),
        Unary::Acosh => map_doubles(x, y, formula::acosh),
        Unary::Atanh => map_doubles(x, y, formula::atanh),
        Unary::Erf => map_doubles(x, y, math::erf),
        Unary::Floor => map(x, y, F32x4::floor),
        Unary::Ceil => map(x, y, F32x4::ceil),
        Unary::Round => map(x, y, F32x4::nearest),
        Unary::Sign => map(x, y, |x| x.lt(zero).select(one.neg(), zero.lt(x).select(one, x.eq(x).select(zero, x)))),
        Unary::Reciprocal => map(x, y, |x| one.div(x)),
        Unary::Softplus => map_doubles(x, y, formula::softplus),
        Unary::Softsign => map(x, y, |x| {
            let x = x.min(F32x4::splat(f32::MAX)).max(F32x4::splat(f32::MIN));
            x.div(one.add(x.abs()))
        }),
        Unary::Elu | Unary::Selu | Unary::Celu => {
            let [alpha, width, slope] = unit_of(op, p0, p1);
            map_doubles(x, y, |x| formula::exponential_unit(x, alpha, width, slope));
        }
        Unary::HardSigmoid => map(x, y, |x| x.mul(low).add(high).max(zero).min(one)),
        Unary::HardSwish => map(x, y, |x| {
            let share = x.add(F32x4::splat(3.0)).mul(F32x4::splat(1.0 / 6.0)).max(zero).min(one);
            x.lt(F32x4::splat(-3.0)).select(zero, x.mul(share))
        }),
        Unary::Mish => map_doubles(x, y, formula::mish),
        Unary::Gelu => map_doubles(x, y, formula::gelu),
        Unary::GeluTanh => map_doubles(x, y, formula::gelu_tanh),
        Unary::ThresholdedRelu => map(x, y, |x| x.le(low).select(zero, x)),
        Unary::Shrink => map(x, y, |x| {
            let inner = x.eq(x).select(zero, x);
            x.lt(high.neg()).select(x.add(low), high.lt(x).select(x.sub(low), inner))
        }),
        Unary::Swish => map_doubles(x, y, |x| formula::swish(x, p0)),
    }
}

/// alpha, width and slope of [`formula::exponential_unit`].
fn unit_of(op: Unary, p0: F64x4, p1: F64x4) -> [F64x4; 3] {
    let one = all(1.0);
    match op {
        Unary::Selu => [p0.mul(p1), one, p1],
        Unary::Celu => [p0, p0, one],
        _ => [p0, one, one],
    }
}

/// dx = dy·f′ element by element.
///
/// `value` is the function's output for relu, sigmoid, tanh, exp, sqrt and reciprocal, and its input for the others (neg, scale, shift
/// and those whose slope is 0 don't read it). At the kinks: relu, leakyRelu and abs give the left, right and zero slope at 0; clip passes
/// the gradient on its bounds; elu, selu and celu give the right slope at 0; hardSigmoid, hardSwish, thresholdedRelu and shrink the slope
/// of their constant parts, hardSwish 1 at 3.
pub fn unary_gradient(op: Unary, dy: &[f32], value: &[f32], dx: &mut [f32], p0: f32, p1: f32) {
    by_pairs_of_vectors(dy, value, dx, |dy, value, dx| gradients(op, dy, value, dx, p0, p1));
}

#[inline(never)]
fn gradients(op: Unary, dy: &[[f32; 4]], value: &[[f32; 4]], dx: &mut [[f32; 4]], p0: f32, p1: f32) {
    let (zero, one) = (F32x4::splat(0.0), F32x4::splat(1.0));
    let (low, high) = (F32x4::splat(p0), F32x4::splat(p1));
    let (p0, p1) = (all(p0.into()), all(p1.into()));
    match op {
        Unary::Neg => map(dy, dx, F32x4::neg),
        Unary::Relu => zip(dy, value, dx, |dy, y| zero.lt(y).select(dy, zero)),
        Unary::LeakyRelu => zip(dy, value, dx, |dy, x| x.lt(zero).select(dy.mul(low), dy)),
        Unary::Clip => zip(dy, value, dx, |dy, x| low.le(x).and(x.le(high)).select(dy, zero)),
        Unary::Sigmoid => zip(dy, value, dx, |dy, y| dy.mul(y.mul(one.sub(y)))),
        Unary::Tanh => zip(dy, value, dx, |dy, y| dy.mul(one.sub(y.mul(y)))),
        Unary::Exp => zip(dy, value, dx, F32x4::mul),
        Unary::Log => zip(dy, value, dx, F32x4::div),
        Unary::Sqrt => zip(dy, value, dx, |dy, y| dy.div(y.add(y))),
        Unary::Abs => zip(dy, value, dx, |dy, x| x.lt(zero).select(dy.neg(), zero.lt(x).select(dy, zero))),
        Unary::Square => zip(dy, value, dx, |dy, x| dy.mul(x.add(x))),
        Unary::Scale => map(dy, dx, |dy| dy.mul(low)),
        Unary::Shift => dx.copy_from_slice(dy),
        Unary::Sin => zip_doubles(dy, value, dx, |dy, x| dy.mul(sine(x, 1))),
        Unary::Cos => zip_doubles(dy, value, dx, |dy, x| dy.mul(sine(x, 2))),
        Unary::Tan => zip_doubles(dy, value, dx, |dy, x| {
            let cos = sine(x, 1);
            dy.div(cos.mul(cos))
        }),
        Unary::Asin => zip_doubles(dy, value, dx, |dy, x| dy.div(formula::one_minus_square(x).sqrt())),
        Unary::Acos => zip_doubles(dy, value, dx, |dy, x| dy.neg().div(formula::one_minus_square(x).sqrt())),
        Unary::Atan => zip_doubles(dy, value, dx, |dy, x| dy.div(x.mul(x).add(all(1.0)))),
        Unary::Sinh => zip_doubles(dy, value, dx, |dy, x| dy.mul(formula::cosh(x))),
        Unary::Cosh => zip_doubles(dy, value, dx, |dy, x| dy.mul(formula::sinh(x))),
        Unary::Asinh => zip_doubles(dy, value, dx, |dy, x| dy.div(x.mul(x).add(all(1.0)).sqrt())),
        Unary::Acosh => zip_doubles(dy, value, dx, |dy, x| dy.div(formula::acosh_root(x))),
        Unary::Atanh => zip_doubles(dy, value, dx, |dy, x| dy.div(formula::one_minus_square(x))),
        Unary::Erf => zip_doubles(dy, value, dx, |dy, x| {
            dy.mul(math::exp(x.mul(x).neg())).mul(all(core::f64::consts::FRAC_2_SQRT_PI))
        }),
        Unary::Floor | Unary::Ceil | Unary::Round | Unary::Sign => dx.fill([0.0; 4]),
        Unary::Reciprocal => zip(dy, value, dx, |dy, y| dy.neg().mul(y).mul(y)),
        Unary::Softplus => zip_doubles(dy, value, dx, |dy, x| dy.mul(math::sigmoid(x))),
        Unary::Softsign => zip(dy, value, dx, |dy, x| {
            let root = one.div(one.add(x.abs()));
            dy.mul(root).mul(root)
        }),
        Unary::Elu | Unary::Selu | Unary::Celu => {
            let [alpha, width, slope] = unit_of(op, p0, p1);
            zip_doubles(dy, value, dx, |dy, x| dy.mul(formula::exponential_unit_slope(x, alpha, width, slope)));
        }
        Unary::HardSigmoid => zip(dy, value, dx, |dy, x| {
            let y = x.mul(low).add(high);
            zero.lt(y).and(y.lt(one)).select(dy.mul(low), zero)
        }),
        Unary::HardSwish => zip(dy, value, dx, |dy, x| {
            let three = F32x4::splat(3.0);
            let slope = x.add(x).add(three).mul(F32x4::splat(1.0 / 6.0));
            x.le(three.neg()).select(zero, three.le(x).select(dy, dy.mul(slope)))
        }),
        Unary::Mish => zip_doubles(dy, value, dx, |dy, x| dy.mul(formula::mish_slope(x))),
        Unary::Gelu => zip_doubles(dy, value, dx, |dy, x| dy.mul(formula::gelu_slope(x))),
        Unary::GeluTanh => zip_doubles(dy, value, dx, |dy, x| dy.mul(formula::gelu_tanh_slope(x))),
        Unary::ThresholdedRelu => zip(dy, value, dx, |dy, x| low.lt(x).select(dy, zero)),
        Unary::Shrink => zip(dy, value, dx, |dy, x| x.lt(high.neg()).or(high.lt(x)).select(dy, zero)),
        Unary::Swish => zip_doubles(dy, value, dx, |dy, x| dy.mul(formula::swish_slope(x, p0))),
    }
}
