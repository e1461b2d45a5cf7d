//! Vectors of two `f64`, for functions whose formulas cancel or overflow in `f32`, and elementary functions on them.
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

pub use vectors::{F64x2, U64x2};

use super::F32x4;

impl F64x2 {
    /// The magnitude of `self` with the sign of `sign`.
    #[inline(always)]
    pub fn with_sign_of(self, sign: Self) -> Self {
        let sign = sign.to_bits().and(U64x2::splat(1 << 63));
        self.abs().to_bits().or(sign).to_float_bits()
    }
}

/// f(a, b) lane by lane, in doubles; rounded to `f32` once.
#[inline(always)]
pub(crate) fn in_doubles(a: F32x4, b: F32x4, f: impl Fn(F64x2, F64x2) -> F64x2) -> F32x4 {
    let (a, b, mut y) = (a.to_array(), b.to_array(), [0.0; 4]);
    let ((a, _), (b, _), (y_pairs, _)) = (a.as_chunks::<2>(), b.as_chunks::<2>(), y.as_chunks_mut::<2>());
    for ((a, b), y) in a.iter().zip(b).zip(y_pairs) {
        f(F64x2::load(a), F64x2::load(b)).store(y);
    }
    F32x4::load(&y)
}
