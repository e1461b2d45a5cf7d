//! What happens to cells that were written: drift and noise.

use super::steps::{doubles_at, store_rounded, with_normals};
use crate::lanes::doubles::F64x4;
use crate::lanes::math::{exp4, ln4};

/// constant + slope·l, bounded.
#[derive(Clone, Copy)]
pub struct Line {
    /// Value at 0.
    pub constant: f64,
    /// Factor of l.
    pub slope: f64,
    /// Lower bound.
    pub least: f64,
    /// Upper bound.
    pub most: f64,
}

impl Line {
    #[inline(always)]
    fn at(self, l: F64x4) -> F64x4 {
        let value = F64x4::splat(self.constant).add(F64x4::splat(self.slope).mul(l));
        value.max(F64x4::splat(self.least)).min(F64x4::splat(self.most))
    }
}

/// ln of factor·x, where factor·x is at least 10⁻⁷. Not inlined, as `exp_of`: two effects use them.
#[inline(never)]
fn ln_of(x: F64x4, factor: f64) -> F64x4 {
    F64x4::from_f32(ln4(F64x4::splat(1e-7).max(x.mul(F64x4::splat(factor))).to_f32()))
}

/// e^x of x rounded to `f32`.
#[inline(never)]
fn exp_of(x: F64x4) -> F64x4 {
    F64x4::from_f32(exp4(x.to_f32()))
}

/// Decay by a power of time: e^(scale·|ν|·log_time), ν = nu(l) + sigma(l)·z, l = ln(factor·target).
#[derive(Clone, Copy)]
pub struct Drift {
    /// Factor of the targets.
    pub factor: f64,
    /// Mean exponent.
    pub nu: Line,
    /// Its standard deviation.
    pub sigma: Line,
    /// Factor of the exponents, ≤ 0.
    pub scale: f64,
    /// Logarithm of the time relative to its origin.
    pub log_time: f64,
}

/// values[i] decays, at least to 0.
pub fn drift(stream: (u64, u32), how: Drift, target: &[f32], values: &mut [f32]) {
    with_normals(stream, target.len(), |at, z| {
        let l = ln_of(doubles_at(target, at), how.factor);
        let nu = how.nu.at(l).add(how.sigma.at(l).mul(F64x4::from_f32(z))).abs();
        let exponent = F64x4::splat(how.scale).mul(nu).mul(F64x4::splat(how.log_time));
        let decayed = doubles_at(values, at).mul(exp_of(exponent));
        store_rounded(F64x4::splat(0.0).max(decayed), values, at);
    });
}

/// 1/f noise: deviation value·growth·min(most, share/max(p, least)), p = (factor·programmed)^exponent.
#[derive(Clone, Copy)]
pub struct Flicker {
    /// Factor of the programmed conductances.
    pub factor: f64,
    /// Their power.
    pub exponent: f64,
    /// What all deviations are multiplied by.
    pub growth: f64,
    /// Largest relative deviation.
    pub most: f64,
    /// Relative deviation where the power is 1.
    pub share: f64,
    /// Least power that counts.
    pub least: f64,
}

/// sigma[i] of values that were programmed to programmed[i].
pub fn flicker(how: Flicker, programmed: &[f32], values: &[f32], sigma: &mut [f32]) {
    for at in (0..values.len()).step_by(4) {
        let l = ln_of(doubles_at(programmed, at), how.factor);
        let power = exp_of(F64x4::splat(how.exponent).mul(l));
        let relative = F64x4::splat(how.share).div(power.max(F64x4::splat(how.least)));
        let own = doubles_at(values, at).mul(F64x4::splat(how.growth));
        store_rounded(own.mul(relative.min(F64x4::splat(how.most))), sigma, at);
    }
}

/// values[i] = max(0, values[i] + sigma[i]·z[i]).
pub fn add_noise(stream: (u64, u32), sigma: &[f32], values: &mut [f32]) {
    with_normals(stream, values.len(), |at, z| {
        let noise = doubles_at(sigma, at).mul(F64x4::from_f32(z));
        store_rounded(F64x4::splat(0.0).max(doubles_at(values, at).add(noise)), values, at);
    });
}
