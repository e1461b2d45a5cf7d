//! The microkernel for depthwise convolutions: four vectors of outputs of one plane, wherever they are, and all taps of one kernel.

use super::gathered::Offsets;
use crate::lanes::F32x4;

/// Vectors of outputs at a time: their sums are independent, and enough to hide the latency of an addition.
pub(crate) const VECTORS: usize = 4;

/// sum[v][i] = Σ_k weights[k]·image[starts[v] + S·i + offset[k]], k in order, for a stride S of 1 or 2.
#[inline(always)]
pub(crate) fn plane<const S: usize>(
    weights: &[f32],
    image: &[f32],
    starts: &[usize; VECTORS],
    offsets: Offsets,
) -> [F32x4; VECTORS] {
    let weights = &weights[..offsets.len()];
    assert!(S <= 2 && starts.iter().all(|start| start + offsets.furthest() + 3 * S < image.len()));
    let at = starts.map(|start| image[start..].as_ptr());
    let mut sum = [F32x4::splat(0.0); VECTORS];
    for (&weight, &offset) in weights.iter().zip(offsets.values()) {
        let weight = F32x4::splat(weight);
        for (sum, at) in sum.iter_mut().zip(at) {
            // SAFETY: the last of the values that are read was just tested; an array of four floats has the alignment of one.
            let vector = |i: usize| F32x4::load(unsafe { &*at.add(offset + i).cast::<[f32; 4]>() });
            let values = if S == 1 { vector(0) } else { F32x4::alternate(vector(0), vector(3)) };
            *sum = weight.mul_add(values, *sum);
        }
    }
    sum
}
