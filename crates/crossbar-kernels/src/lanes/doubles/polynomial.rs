//! What the elementary functions share.

use super::F64x2;

/// Horner's scheme, highest coefficient last in the table.
#[inline(always)]
pub(super) fn polynomial<const N: usize>(x: F64x2, coefficients: [f64; N]) -> F64x2 {
    let mut value = F64x2::splat(coefficients[N - 1]);
    for &c in coefficients[..N - 1].iter().rev() {
        value = value.mul(x).add(F64x2::splat(c));
    }
    value
}

/// 1.5·2⁵²: added to a small whole number, leaves it in the low bits.
pub(super) const WHOLE: f64 = 6_755_399_441_055_744.0;
