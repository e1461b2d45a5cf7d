//! Elementwise functions of one and of two arguments, and their gradients.
//!
//! Tails run through the same vector code as whole vectors, so a value never depends on its position: a batch may be split
//! anywhere without changing a bit, in the relaxed build too.

use crate::lanes::math::{exp4, ln4, sigmoid4, tanh4};
use crate::lanes::{load_tail, store_tail, F32x4};

/// A function of one argument, by its index in the code table of the wasm surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
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
}

/// The code table: a code is an index into it.
pub const UNARY: [Unary; 13] = [
    Unary::Neg,
    Unary::Relu,
    Unary::LeakyRelu,
    Unary::Clip,
    Unary::Sigmoid,
    Unary::Tanh,
    Unary::Exp,
    Unary::Log,
    Unary::Sqrt,
    Unary::Abs,
    Unary::Square,
    Unary::Scale,
    Unary::Shift,
];

/// A function of two arguments, by its index in the code table of the wasm surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a·b
    Mul,
    /// a / b
    Div,
}

/// The code table: a code is an index into it.
pub const BINARY: [Binary; 4] = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div];

/// y = max(y, 0) in place, as [`Unary::Relu`]: the epilogue of products.
#[inline(never)]
pub(crate) fn rectify(y: &mut [f32]) {
    let zero = F32x4::splat(0.0);
    let (whole, tail) = y.as_chunks_mut::<4>();
    for y in whole {
        F32x4::load(y).max(zero).store(y);
    }
    store_tail(load_tail(tail).max(zero), tail);
}

/// y[i] = f(x[i]).
#[inline(always)]
pub(crate) fn map(x: &[f32], y: &mut [f32], f: impl Fn(F32x4) -> F32x4 + Copy) {
    assert_eq!(x.len(), y.len());
    let (xs, x_tail) = x.as_chunks::<4>();
    let (ys, y_tail) = y.as_chunks_mut::<4>();
    map_vectors(xs, ys, f);
    if !x_tail.is_empty() {
        let mut last = [[0.0; 4]];
        map_vectors(&[load_tail(x_tail).to_array()], &mut last, f);
        store_tail(F32x4::load(&last[0]), y_tail);
    }
}

/// One copy of the code for whole vectors and for tails: half the size of the module.
#[inline(never)]
fn map_vectors(x: &[[f32; 4]], y: &mut [[f32; 4]], f: impl Fn(F32x4) -> F32x4) {
    for (x, y) in x.iter().zip(y) {
        f(F32x4::load(x)).store(y);
    }
}

/// y[i] = f(a[i], b[i]).
#[inline(always)]
pub(crate) fn zip(a: &[f32], b: &[f32], y: &mut [f32], f: impl Fn(F32x4, F32x4) -> F32x4 + Copy) {
    assert!(a.len() == y.len() && b.len() == y.len());
    let (as_, a_tail) = a.as_chunks::<4>();
    let (bs, b_tail) = b.as_chunks::<4>();
    let (ys, y_tail) = y.as_chunks_mut::<4>();
    zip_vectors(as_, bs, ys, f);
    if !a_tail.is_empty() {
        let mut last = [[0.0; 4]];
        zip_vectors(&[load_tail(a_tail).to_array()], &[load_tail(b_tail).to_array()], &mut last, f);
        store_tail(F32x4::load(&last[0]), y_tail);
    }
}

#[inline(never)]
fn zip_vectors(a: &[[f32; 4]], b: &[[f32; 4]], y: &mut [[f32; 4]], f: impl Fn(F32x4, F32x4) -> F32x4) {
    for ((a, b), y) in a.iter().zip(b).zip(y) {
        f(F32x4::load(a), F32x4::load(b)).store(y);
    }
}

/// y[i] = f(x[i], y[i]).
#[inline(always)]
pub(crate) fn update(x: &[f32], y: &mut [f32], f: impl Fn(F32x4, F32x4) -> F32x4) {
    assert_eq!(x.len(), y.len());
    let (xs, x_tail) = x.as_chunks::<4>();
    let (ys, y_tail) = y.as_chunks_mut::<4>();
    for (x, y) in xs.iter().zip(ys) {
        f(F32x4::load(x), F32x4::load(y)).store(y);
    }
    if !x_tail.is_empty() {
        store_tail(f(load_tail(x_tail), load_tail(y_tail)), y_tail);
    }
}

/// y = f(x) element by element; `p0` and `p1` are the parameters of the functions that have some.
pub fn unary(op: Unary, x: &[f32], y: &mut [f32], p0: f32, p1: f32) {
    let zero = F32x4::splat(0.0);
    let (low, high) = (F32x4::splat(p0), F32x4::splat(p1));
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
    }
}

/// dx = dy·f′ element by element.
///
/// `value` is the function's output for relu, sigmoid, tanh, exp and sqrt, and its input for the others (neg, scale
/// and shift don't read it). At the kinks: relu, leakyRelu and abs give the left, right and zero slope at 0; clip passes
/// the gradient on its bounds.
pub fn unary_gradient(op: Unary, dy: &[f32], value: &[f32], dx: &mut [f32], p0: f32, p1: f32) {
    let (zero, one) = (F32x4::splat(0.0), F32x4::splat(1.0));
    let (low, high) = (F32x4::splat(p0), F32x4::splat(p1));
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
    }
}

#[inline(always)]
pub(super) fn pair(op: Binary, a: F32x4, b: F32x4) -> F32x4 {
    match op {
        Binary::Add => a.add(b),
        Binary::Sub => a.sub(b),
        Binary::Mul => a.mul(b),
        Binary::Div => a.div(b),
    }
}

/// y = a ∘ b element by element, all of one length.
pub fn binary(op: Binary, a: &[f32], b: &[f32], y: &mut [f32]) {
    match op {
        Binary::Add => zip(a, b, y, F32x4::add),
        Binary::Sub => zip(a, b, y, F32x4::sub),
        Binary::Mul => zip(a, b, y, F32x4::mul),
        Binary::Div => zip(a, b, y, F32x4::div),
    }
}

/// y += alpha·x.
pub fn axpy(alpha: f32, x: &[f32], y: &mut [f32]) {
    if alpha == 1.0 {
        return update(x, y, |x, y| y.add(x));
    }
    let alpha = F32x4::splat(alpha);
    update(x, y, |x, y| alpha.mul_add(x, y));
}

/// Inverted dropout: y[i] = x[i]/(1−p) where y[i] held a uniform number ≥ p on entry, else 0.
///
/// Applied to a gradient with the same uniforms it is its own backward pass.
pub fn drop_out(x: &[f32], uniforms_in_y_out: &mut [f32], p: f32) {
    let (p4, zero, scale) = (F32x4::splat(p), F32x4::splat(0.0), F32x4::splat(1.0 / (1.0 - p)));
    update(x, uniforms_in_y_out, |x, u| u.lt(p4).select(zero, x.mul(scale)));
}
