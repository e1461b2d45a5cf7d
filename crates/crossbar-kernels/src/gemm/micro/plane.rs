//! The microkernel for depthwise convolutions: four vectors of outputs of one plane, wherever they are, and all taps of one kernel.

use super::gathered::Offsets;
use crate::lanes::F32x4;

/// Vectors of outputs at a time: their sums are independent, and enough to hide the latency of an addition.
pub(crate) const VECTORS: usize = 4;

/// sum[v] = Σ_k weights[k]·image[starts[v] + offset[k]..], k in order.
#[inline(always)]
pub(crate) fn plane(weights: &[f32], image: &[f32], starts: &[usize; VECTORS], offsets: Offsets) -> [F32x4; VECTORS] {
    let weights = &weights[..offsets.len()];
    assert!(starts.iter().all(|start| start + offsets.furthest() + 4 <= image.len()));
    let at = starts.map(|start| image[start..].as_ptr());
    let mut sum = [F32x4::splat(0.0); VECTORS];
    for (&weight, &offset) in weights.iter().zip(offsets.values()) {
        let weight = F32x4::splat(weight);
        for (sum, at) in sum.iter_mut().zip(at) {
            // SAFETY: four values after the largest offset were just tested; an array of four floats has the alignment of one.
            let values = F32x4::load(unsafe { &*at.add(offset).cast::<[f32; 4]>() });
            *sum = weight.mul_add(values, *sum);
        }
    }
    sum
}
