//! One channel and one output in each group: planes in place, several channels padded at once, sums in registers. The same bits as
//! images in place.

use super::window::{Pack, SlidingWindow};
use crate::arrays::elementwise::rectify;
use crate::conv::geometry::{Axis, Window};
use crate::gemm::micro::{plane, Offsets, VECTORS};
use crate::lanes::F32x4;
use crate::scratch::Workspace;
use crate::tuning::{DEPTHWISE_VALUES, SPLIT_BY_4};
use crate::variation::Draw;

/// Four values of a plane of outputs: where its inputs start, and where it goes.
#[derive(Clone, Copy, Default)]
struct Vector {
    from: usize,
    to: usize,
}

impl SlidingWindow<'_> {
    /// y [batch, groups, plane] from x.
    pub fn run_depthwise(&self, work: &mut Workspace, x: &[f32], y: &mut [f32], pack: &mut Pack) {
        let Workspace { packed, images, .. } = work;
        // Rows are read at their stride, not laid out by phase: gathering costs more than a shuffle for each vector and tap.
        let window = Window { y: dense(self.window.y), x: dense(self.window.x), ..self.window };
        let (plane_size, taps) = (self.plane(), self.terms());
        let (input, padded) = (window.y.input * window.x.input, window.padded());
        let vectors = vectors_of(&self.window, window.row());
        let offset = images.offsets.take(taps);
        self.parts[0].window.offsets(&window, self.taps_first, offset);
        let offsets = Offsets::new(offset);
        let is_unpadded = window.y.is_unpadded() && window.x.is_unpadded();
        let at_once = (DEPTHWISE_VALUES / padded).clamp(1, self.groups);
        let weights = packed.a.take(self.groups * taps);
        for sample in 0..self.batch {
            if sample == 0 || self.draw == Draw::Sample {
                for (group, weights) in weights.chunks_exact_mut(taps).enumerate() {
                    pack(sample, group, weights, &SPLIT_BY_4);
                }
            }
            for first in (0..self.groups).step_by(at_once) {
                let channels = at_once.min(self.groups - first);
                let from = &x[(sample * self.groups + first) * input..][..channels * input];
                let from = if is_unpadded {
                    from
                } else {
                    let padded = images.padded.take(channels * padded);
                    Window { channels, ..window }.pad(&|_| from, padded);
                    &padded[..]
                };
                let to = &mut y[(sample * self.groups + first) * plane_size..][..channels * plane_size];
                let planes = from.chunks_exact(padded).zip(to.chunks_exact_mut(plane_size));
                for (i, (from, to)) in planes.enumerate() {
                    let group = first + i;
                    let bias = self.bias(group).first().copied().unwrap_or(0.0);
                    let weights = &weights[group * taps..][..taps];
                    if self.window.x.stride == 1 {
                        write_plane::<1>(weights, from, offsets, &vectors, bias, to);
                    } else {
                        write_plane::<2>(weights, from, offsets, &vectors, bias, to);
                    }
                }
                if self.is_rectified {
                    rectify(to);
                }
            }
        }
    }
}

/// The axis with every position of its windows, at stride 1.
fn dense(axis: Axis) -> Axis {
    Axis { kernel: axis.extent(), stride: 1, dilation: 1, ..axis }
}

/// The vectors of a plane of outputs, for padded rows of `row` values, four of a row and more. The last one of a row, and the last few of the plane, may repeat some
/// values: they are computed twice, to the same bits.
fn vectors_of(window: &Window, row: usize) -> Vec<[Vector; VECTORS]> {
    let (height, width) = (window.y.output(), window.x.output());
    let mut vectors: Vec<_> = (0..height)
        .flat_map(|y| (0..width).step_by(4).map(move |x| (y, x.min(width - 4))))
        .map(|(y, x)| Vector { from: y * window.y.stride * row + x * window.x.stride, to: y * width + x })
        .collect();
    let last = vectors[vectors.len() - 1];
    vectors.resize(vectors.len().next_multiple_of(VECTORS), last);
    vectors.as_chunks().0.to_vec()
}

/// One plane of outputs.
#[inline(never)]
fn write_plane<const S: usize>(
    weights: &[f32],
    from: &[f32],
    offsets: Offsets,
    vectors: &[[Vector; VECTORS]],
    bias: f32,
    to: &mut [f32],
) {
    let bias = F32x4::splat(bias);
    for vectors in vectors {
        let sums = plane::<S>(weights, from, &vectors.map(|vector| vector.from), offsets);
        for (vector, sum) in vectors.iter().zip(sums) {
            let to: &mut [f32; 4] = (&mut to[vector.to..][..4]).try_into().expect("four values");
            sum.add(bias).store(to);
        }
    }
}
