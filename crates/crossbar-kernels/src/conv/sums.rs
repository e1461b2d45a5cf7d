//! The gradient of the bias.

use crate::lanes::F32x4;

/// Σ over images and pixels for each channel.  x: [n, channels, pixels], out: [channels].
pub fn channel_sum(x: &[f32], channels: usize, pixels: usize, out: &mut [f32]) {
    out.fill(0.0);
    for image in x.chunks_exact((channels * pixels).max(1)) {
        for (plane, out) in image.chunks_exact(pixels).zip(out.iter_mut()) {
            let (whole, rest) = plane.as_chunks::<4>();
            let sum = whole.iter().fold(F32x4::splat(0.0), |sum, x| sum.add(F32x4::load(x)));
            *out += rest.iter().fold(sum.sum(), |sum, x| sum + x);
        }
    }
}
