//! Elementwise functions in f64.

use crossbar_kernels::arrays::elementwise::Unary;
use std::f64::consts::{FRAC_2_SQRT_PI, PI, SQRT_2};

/// 1 − erf x: by the series of erf up to 1, by a continued fraction from there.
fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    if x <= 1.0 {
        return 1.0 - erf(x);
    }
    let tail = (1..200).rev().fold(x, |tail, k| x + f64::from(k) / 2.0 / tail);
    (-x * x).exp() / tail / PI.sqrt()
}

fn erf(x: f64) -> f64 {
    if x.abs() > 1.0 {
        return (1.0 - erfc(x.abs())).copysign(x);
    }
    let (mut term, mut sum) = (x, 0.0);
    for k in 0..40 {
        sum += term / f64::from(2 * k + 1);
        term *= -x * x / f64::from(k + 1);
    }
    sum * FRAC_2_SQRT_PI
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// x·share; 0 far below, where the share is 0 though x may be infinite.
fn gate(x: f64, share: f64) -> f64 {
    if share == 0.0 {
        0.0
    } else {
        x * share
    }
}

/// Value and slope in f64.
pub fn exact(op: Unary, x: f64, p0: f64, p1: f64) -> (f64, f64) {
    let unit = |alpha: f64, width: f64, slope: f64| {
        if x < 0.0 {
            (alpha * (x / width).exp_m1(), alpha / width * (x / width).exp())
        } else {
            (slope * x, slope)
        }
    };
    match op {
        Unary::Neg => (-x, -1.0),
        Unary::Relu => (x.max(0.0), f64::from(x > 0.0)),
        Unary::LeakyRelu => (if x < 0.0 { p0 * x } else { x }, if x < 0.0 { p0 } else { 1.0 }),
        Unary::Clip => (x.clamp(p0, p1), f64::from(p0 <= x && x <= p1)),
        Unary::Sigmoid => (sigmoid(x), sigmoid(x) * (1.0 - sigmoid(x))),
        Unary::Tanh => (x.tanh(), 1.0 - x.tanh().powi(2)),
        Unary::Exp => (x.exp(), x.exp()),
        Unary::Log => (x.ln(), 1.0 / x),
        Unary::Sqrt => (x.sqrt(), 0.5 / x.sqrt()),
        Unary::Abs => (x.abs(), if x < 0.0 { -1.0 } else { f64::from(x > 0.0) }),
        Unary::Square => (x * x, 2.0 * x),
        Unary::Scale => (p0 * x, p0),
        Unary::Shift => (x + p0, 1.0),
        Unary::Sin => (x.sin(), x.cos()),
        Unary::Cos => (x.cos(), -x.sin()),
        Unary::Tan => (x.tan(), 1.0 / x.cos().powi(2)),
        Unary::Asin => (x.asin(), 1.0 / (1.0 - x * x).sqrt()),
        Unary::Acos => (x.acos(), -1.0 / (1.0 - x * x).sqrt()),
        Unary::Atan => (x.atan(), 1.0 / (1.0 + x * x)),
        Unary::Sinh => (x.sinh(), x.cosh()),
        Unary::Cosh => (x.cosh(), x.sinh()),
        Unary::Asinh => (x.asinh(), 1.0 / (1.0 + x * x).sqrt()),
        Unary::Acosh => {
            let root = (x - 1.0).sqrt() * (x + 1.0).sqrt();
            ((x - 1.0 + root).ln_1p(), 1.0 / root)
        }
        Unary::Atanh => (x.atanh(), 1.0 / (1.0 - x * x)),
        Unary::Erf => (erf(x), FRAC_2_SQRT_PI * (-x * x).exp()),
        Unary::Floor => (x.floor(), 0.0),
        Unary::Ceil => (x.ceil(), 0.0),
        Unary::Round => (x.round_ties_even(), 0.0),
        Unary::Sign => (if x == 0.0 { 0.0 } else { x.signum() }, 0.0),
        Unary::Reciprocal => (1.0 / x, -1.0 / (x * x)),
        Unary::Softplus => (x.max(0.0) + (-x.abs()).exp().ln_1p(), sigmoid(x)),
        Unary::Softsign => (x / (1.0 + x.abs()), 1.0 / (1.0 + x.abs()).powi(2)),
        Unary::Elu => unit(p0, 1.0, 1.0),
        Unary::Selu => unit(p0 * p1, 1.0, p1),
        Unary::Celu => unit(p0, p0, 1.0),
        Unary::HardSigmoid => {
            let y = p0 * x + p1;
            (y.clamp(0.0, 1.0), if 0.0 < y && y < 1.0 { p0 } else { 0.0 })
        }
        Unary::HardSwish => (
            x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            if x <= -3.0 {
                0.0
            } else if x >= 3.0 {
                1.0
            } else {
                x / 3.0 + 0.5
            },
        ),
        Unary::Mish => {
            let t = x.exp().ln_1p().tanh();
            (gate(x, if x > 700.0 { 1.0 } else { t }), t + x * (1.0 - t * t) * sigmoid(x))
        }
        Unary::Gelu => {
            let share = erfc(-x / SQRT_2) / 2.0;
            (gate(x, share), share + x * (-x * x / 2.0).exp() / (2.0 * PI).sqrt())
        }
        Unary::GeluTanh => {
            let inner = 2.0 * (2.0 / PI).sqrt() * (x + 0.044715 * x.powi(3));
            let s = sigmoid(inner);
            let slope = 2.0 * (2.0 / PI).sqrt() * (1.0 + 3.0 * 0.044715 * x * x);
            (gate(x, s), s + x * s * (1.0 - s) * slope)
        }
        Unary::ThresholdedRelu => (if x > p0 { x } else { 0.0 }, f64::from(x > p0)),
        Unary::Shrink => {
            let is_outside = x < -p1 || x > p1;
            (if is_outside { x - x.signum() * p0 } else { 0.0 }, f64::from(is_outside))
        }
        Unary::Swish => {
            let s = sigmoid(p0 * x);
            (gate(x, s), s + p0 * x * s * (1.0 - s))
        }
    }
}

/// Whether the slope's kernel reads the output.
pub fn reads_output(op: Unary) -> bool {
    matches!(op, Unary::Relu | Unary::Sigmoid | Unary::Tanh | Unary::Exp | Unary::Sqrt | Unary::Reciprocal)
}
