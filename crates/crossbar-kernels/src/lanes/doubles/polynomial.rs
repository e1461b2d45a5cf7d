//! What the elementary functions share.

use super::F64x4;

/// Σ c[i]·xⁱ: Horner's scheme for the even and for the odd coefficients, whose steps overlap.
#[inline(always)]
pub(super) fn polynomial<const N: usize>(x: F64x4, coefficients: [f64; N]) -> F64x4 {
    let square = x.mul(x);
    let mut halves = [F64x4::splat(coefficients[N - 2]), F64x4::splat(coefficients[N - 1])];
    for &c in coefficients[..N - 2].iter().rev() {
        // The one that is as far as this coefficient comes next.
        halves = [halves[1].mul(square).add(F64x4::splat(c)), halves[0]];
    }
    halves[1].mul(x).add(halves[0])
}

/// 1.5·2⁵²: added to a small whole number, leaves it in the low bits.
pub(super) const WHOLE: f64 = 6_755_399_441_055_744.0;
