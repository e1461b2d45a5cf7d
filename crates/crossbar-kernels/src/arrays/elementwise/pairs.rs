//! Functions of two arguments.

use super::passes::{by_pairs_of_vectors, zip_vectors as zip};
use crate::arrays::codes::codes;
use crate::lanes::doubles::{in_doubles, math, F64x4};
use crate::lanes::{max_or_nan, F32x4};

codes! {
    /// A function of two arguments, by its index in the code table of the wasm surface.
    Binary, BINARY:
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a·b
    Mul,
    /// a / b
    Div,
    /// a^b, with the special cases of C's pow.
    Pow,
    /// Slope of a^b by a: b·a^(b − 1), 0 for b = 0.
    PowBaseSlope,
    /// Slope of a^b by b: a^b·ln a, 0 for a = 0 and b ≥ 0.
    PowExponentSlope,
    /// The larger; NaN when either is.
    Maximum,
    /// The smaller; NaN when either is.
    Minimum,
    /// 1 where a ≥ b, else 0.
    NotBelow,
    /// 1 where a < b, else 0.
    Below,
    /// Remainder with the sign of a, exact, as C's fmod.
    Fmod,
    /// Remainder with the sign of b, as Python's %.
    Mod,
    /// a, or a·b where a < 0.
    Prelu,
    /// Slope of it by a: 1, or b where a < 0.
    PreluSlope,
}

/// Whether [`arithmetic`] computes it.
pub(in crate::arrays) fn is_arithmetic(op: Binary) -> bool {
    matches!(op, Binary::Add | Binary::Sub | Binary::Mul | Binary::Div)
}

/// The functions that loops of their own broadcast.
#[inline(always)]
pub(in crate::arrays) fn arithmetic(op: Binary, a: F32x4, b: F32x4) -> F32x4 {
    match op {
        Binary::Add => a.add(b),
        Binary::Sub => a.sub(b),
        Binary::Mul => a.mul(b),
        _ => a.div(b),
    }
}

/// y = a ∘ b element by element, all of one length.
pub fn binary(op: Binary, a: &[f32], b: &[f32], y: &mut [f32]) {
    by_pairs_of_vectors(a, b, y, |a, b, y| values(op, a, b, y));
}

#[inline(never)]
fn values(op: Binary, a: &[[f32; 4]], b: &[[f32; 4]], y: &mut [[f32; 4]]) {
    let (zero, one) = (F32x4::splat(0.0), F32x4::splat(1.0));
    match op {
        Binary::Add => zip(a, b, y, F32x4::add),
        Binary::Sub => zip(a, b, y, F32x4::sub),
        Binary::Mul => zip(a, b, y, F32x4::mul),
        Binary::Div => zip(a, b, y, F32x4::div),
        Binary::Pow => zip(a, b, y, pow),
        Binary::PowBaseSlope => zip(a, b, y, |a, b| {
            b.eq(zero).select(zero, in_doubles(a, b, |a, b| math::power(a, b.sub(F64x4::splat(1.0))).mul(b)))
        }),
        Binary::PowExponentSlope => zip(a, b, y, |a, b| {
            let slope = in_doubles(a, b, |a, b| math::power(a, b).mul(math::ln(a)));
            a.eq(zero).and(zero.le(b)).select(zero, slope)
        }),
        Binary::Maximum => zip(a, b, y, max_or_nan),
        Binary::Minimum => zip(a, b, y, |a, b| max_or_nan(a.neg(), b.neg()).neg()),
        Binary::NotBelow => zip(a, b, y, |a, b| b.le(a).select(one, zero)),
        Binary::Below => zip(a, b, y, |a, b| a.lt(b).select(one, zero)),
        Binary::Fmod => each(a, b, y, |a, b| a % b),
        Binary::Mod => each(a, b, y, |a, b| {
            let rest = a % b;
            if rest == 0.0 {
                rest.copysign(b)
            } else if (rest < 0.0) == (b < 0.0) {
                rest
            } else {
                rest + b
            }
        }),
        Binary::Prelu => zip(a, b, y, |a, b| a.lt(zero).select(a.mul(b), a)),
        Binary::PreluSlope => zip(a, b, y, |a, b| a.lt(zero).select(b, one)),
    }
}

/// a^b; squares and cubes, which networks are full of, by multiplication.
#[inline(always)]
fn pow(a: F32x4, b: F32x4) -> F32x4 {
    let (two, three) = (b.eq(F32x4::splat(2.0)), b.eq(F32x4::splat(3.0)));
    let square = a.mul(a);
    let cube = in_doubles(a, a, |a, _| a.mul(a).mul(a));
    let rest = if two.or(three).all() { square } else { in_doubles(a, b, math::power) };
    two.select(square, three.select(cube, rest))
}

/// y[i] = f(a[i], b[i]), one by one.
#[inline(never)]
fn each(a: &[[f32; 4]], b: &[[f32; 4]], y: &mut [[f32; 4]], f: impl Fn(f32, f32) -> f32) {
    for ((a, b), y) in a.iter().flatten().zip(b.iter().flatten()).zip(y.iter_mut().flatten()) {
        *y = f(*a, *b);
    }
}
