//! Writes of cells.

use super::sigma::Sigma;
use super::steps::{doubles_at, store_rounded};
use crate::lanes::doubles::F64x4;
use crate::random::{fill_normal_from, fill_uniform_from, NOISE_BLOCK};

/// How cells are written.
#[derive(Clone, Copy)]
pub struct Writing<'a> {
    /// Stream of the errors, and the noise block that the cells begin at.
    pub stream: (u64, u32),
    /// Errors are uniform; else normal. Both have mean 0 and standard deviation 1 before σ.
    pub is_uniform: bool,
    /// σ of what the cells hold.
    pub sigma: Sigma<'a>,
    /// σ of what is found when they are read back at once.
    pub verified: Sigma<'a>,
    /// Conductances don't go below this.
    pub least: f64,
}

/// Numbers of a stream with mean 0 and standard deviation 1, in the distribution of the errors.
fn deviates(Writing { stream: (key, first), is_uniform, .. }: Writing, block: u32, z: &mut [f32]) {
    if !is_uniform {
        return fill_normal_from(key, first + block, z);
    }
    fill_uniform_from(key, first + block, z);
    let range = 12f64.sqrt();
    for z in z {
        *z = (range * (f64::from(*z) - 0.5)) as f32;
    }
}

/// values[i] = max(least, target[i] + σ(judged[i])·z[i]). `errors`, if there is room for them: how far from its target each cell is found.
pub fn write(how: Writing, target: &[f32], judged: &[f32], values: &mut [f32], errors: &mut [f64]) {
    let least = F64x4::splat(how.least);
    let mut deviations = [0.0; NOISE_BLOCK];
    for (b, from) in (0..target.len()).step_by(NOISE_BLOCK).enumerate() {
        let count = NOISE_BLOCK.min(target.len() - from);
        deviates(how, b as u32, &mut deviations[..count]);
        for at in (from..from + count).step_by(4) {
            let (goal, x, z) = (doubles_at(target, at), doubles_at(judged, at), doubles_at(&deviations, at - from));
            store_rounded(least.max(goal.add(how.sigma.at(x).mul(z))), values, at);
            if !errors.is_empty() {
                let found = least.max(goal.add(how.verified.at(x).mul(z)));
                for (error, own) in errors[at..].iter_mut().zip(found.sub(goal).abs().to_array()) {
                    *error = own;
                }
            }
        }
    }
}
