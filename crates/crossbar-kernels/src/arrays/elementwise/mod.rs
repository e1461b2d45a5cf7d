//! Elementwise functions of one and of two arguments, and their gradients.
//!
//! Tails run through the same vector code as whole vectors, so a value never depends on its position: a batch may be split
//! anywhere without changing a bit, in the relaxed build too.

mod formulas;
mod pairs;
mod passes;
mod unary;

use crate::lanes::F32x4;

pub(super) use pairs::{arithmetic, is_arithmetic};
pub use pairs::{binary, Binary, BINARY};
pub(crate) use passes::{map, rectify, update, zip};
pub use unary::{unary, unary_gradient, Unary, UNARY};

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
