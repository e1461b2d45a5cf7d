//! The microkernel for weight gradients: dot products of planes.

use super::common::vectors;
use crate::lanes::F32x4;
use crate::tuning::STEPS;

/// sum[r][c] = Σ_v planes[r][v]·images[c][base[v][0]..], four values at a time; `base` ascends.
#[inline(always)]
pub(crate) fn dots<const R: usize, const C: usize>(
    planes: [&[[f32; 4]]; R],
    images: [&[f32]; C],
    base: &[[usize; 4]],
) -> [[F32x4; C]; R] {
    let mut sum = [[F32x4::splat(0.0); C]; R];
    let Some(&[furthest, ..]) = base.last() else { return sum };
    assert!(planes.iter().all(|plane| base.len() <= plane.len()));
    assert!(images.iter().all(|image| furthest + 4 <= image.len()));
    let mut left = base.len();
    let mut base = base.as_ptr();
    let mut planes = planes.map(<[_]>::as_ptr);
    loop {
        for u in 0..STEPS {
            // SAFETY: the loop ends at the last base, and planes are as long; bases ascend to `furthest`, which is inside every image.
            let [at, ..] = unsafe { *base.add(u) };
            let x: [F32x4; C] = images.map(|image| unsafe { vectors::<1>(image, at) }[0]);
            for (sum, plane) in sum.iter_mut().zip(&planes) {
                // SAFETY: as above.
                let dy = F32x4::load(unsafe { &*plane.add(u) });
                for (sum, x) in sum.iter_mut().zip(x) {
                    *sum = dy.mul_add(x, *sum);
                }
            }
            if left == u + 1 {
                return sum;
            }
        }
        left -= STEPS;
        base = base.wrapping_add(STEPS);
        for plane in &mut planes {
            *plane = plane.wrapping_add(STEPS);
        }
    }
}
