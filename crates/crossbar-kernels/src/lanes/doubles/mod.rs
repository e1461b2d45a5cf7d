//! Vectors of four `f64`, for functions whose formulas cancel or overflow in `f32`, and elementary functions on them.
//!
//! Products and sums are rounded separately in both builds, so that results have the same bits everywhere.

#[cfg(target_arch = "wasm32")]
#[path = "wasm32.rs"]
mod vectors;

#[cfg(not(target_arch = "wasm32"))]
#[path = "portable.rs"]
mod vectors;

pub mod angles;
pub mod math;
mod polynomial;

pub use vectors::{F64x4, U64x4};

use super::F32x4;

impl F64x4 {
    /// The magnitude of `self` with the sign of `sign`.
    #[inline(always)]
    pub fn with_sign_of(self, sign: Self) -> Self {
        let sign = sign.to_bits().and(U64x4::splat(1 << 63));
        self.abs().to_bits().or(sign).to_float_bits()
    }
}

/// f(x) lane by lane, in doubles; rounded to `f32` once.
#[inline(always)]
pub(crate) fn one_in_doubles(x: F32x4, f: impl Fn(F64x4) -> F64x4) -> F32x4 {
    f(F64x4::from_f32(x)).to_f32()
}

/// f(a, b) likewise.
#[inline(always)]
pub(crate) fn in_doubles(a: F32x4, b: F32x4, f: impl Fn(F64x4, F64x4) -> F64x4) -> F32x4 {
    f(F64x4::from_f32(a), F64x4::from_f32(b)).to_f32()
}
