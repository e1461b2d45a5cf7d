//! The gradient of the weights: F(4, N) transposed.
//!
//! What y = Aᵀ[(G·g) ∘ (Bᵀ·d)] does to a gradient of y: dg = Gᵀ[(A·dy) ∘ (Bᵀ·d)]. Sums over rows, patches and images are made in the
//! Winograd domain; Gᵀ comes once, at the end.

use super::functions::GradientFunctions;
use super::transforms::Patches;
use crate::conv::dots::Dots;
use crate::conv::geometry::{Conv, Window};
use crate::conv::gradient_planes::{InterleavedPlanes, OutputGradient};
use crate::conv::plan::RowFilter;
use crate::scratch::Workspace;
use crate::tuning::GRADIENT_VECTORS;

/// dW for the sum of several gradients.
pub(in crate::conv) fn backward_weight(
    work: &mut Workspace,
    conv: &Conv,
    filter: RowFilter,
    x: &[f32],
    gradients: &[OutputGradient],
    dw: &mut [f32],
) {
    let pass = Pass::new(conv, GradientFunctions::of(filter));
    let Pass { points, at_once, vectors, terms, point, .. } = pass;
    let Workspace { packed, images, results, .. } = work;
    let padded = images.padded.take(pass.window.padded());
    let values = packed.b.take(at_once * points * point);
    let planes = packed.a.take(at_once * points * conv.outputs * 4 * vectors);
    let (sums, interleaved) = results
        .take(points * conv.outputs * terms + 4 * conv.output_pixels())
        .split_at_mut(points * conv.outputs * terms);
    sums.fill(0.0);
    let (base, offset) = (pass.base(), pass.offset(conv.channels));
    let mut gradient = InterleavedPlanes::new(conv, gradients);
    let input = conv.channels * conv.input_pixels();
    for first in (0..conv.batch).step_by(4 * at_once) {
        let count = (conv.batch - first).div_ceil(4).min(at_once);
        for i in 0..count {
            let first = first + 4 * i;
            pass.window.pad(&|lane| &x[(first + lane).min(conv.batch - 1) * input..], padded);
            pass.transform_rows(padded, &mut values[i * points * point..][..points * point]);
            for output in 0..conv.outputs {
                gradient.write(first, output, interleaved);
                let to = &mut planes[4 * vectors * (output * count + i)..];
                let patches = Patches { row: conv.x.output(), count: vectors };
                (pass.functions.transform_gradient)(interleaved, patches, to, count * conv.outputs * 4 * vectors);
            }
        }
        let plane = count * 4 * vectors;
        for (p, sums) in sums.chunks_exact_mut(conv.outputs * terms).enumerate() {
            let planes = &planes[p * conv.outputs * plane..][..conv.outputs * plane];
            let image = &values[p * point..(count - 1) * points * point + (p + 1) * point];
            Dots { planes, plane, image, base: &base[..count * vectors], offset: &offset }.add_all(conv.outputs, sums);
        }
    }
    (pass.functions.to_taps)(sums, dw);
}

/// The sizes of a pass.
struct Pass {
    functions: &'static GradientFunctions,
    /// Points of a patch.
    points: usize,
    /// Quadruples of images at a time.
    at_once: usize,
    /// Four interleaved images, padded to whole patches.
    window: Window,
    /// Patches of a row.
    patches: usize,
    /// Patches of a plane of outputs: vectors of four images.
    vectors: usize,
    /// Rows of taps of a kernel, times its taps.
    terms: usize,
    /// Values of a row, of a channel, and of four images at one point.
    row: usize,
    plane: usize,
    point: usize,
}

impl Pass {
    fn new(conv: &Conv, functions: &'static GradientFunctions) -> Self {
        let forward = functions.forward;
        let patches = conv.x.output().div_ceil(forward.patch);
        let vectors = conv.y.output() * patches;
        let (row, rows) = (4 * patches, conv.y.padded());
        Self {
            functions,
            points: forward.points,
            at_once: (GRADIENT_VECTORS / vectors).clamp(1, conv.batch.div_ceil(4)),
            window: Window { x: conv.x.whole(forward.patch), lanes: 4, ..conv.window() },
            patches,
            vectors,
            terms: conv.channels * forward.taps,
            row,
            plane: rows * row,
            point: conv.channels * rows * row,
        }
    }

    /// Offset of each vector of a plane of dy in the images at one point.
    fn base(&self) -> Vec<[usize; 4]> {
        let Self { vectors, points, point, .. } = *self;
        (0..self.at_once * vectors).map(|v| [v / vectors * points * point + 4 * (v % vectors), 0, 0, 0]).collect()
    }

    /// Offset of each (channel, kernel row).
    fn offset(&self, channels: usize) -> Vec<usize> {
        let taps = self.terms / channels;
        (0..self.terms).map(|k| k / taps * self.plane + k % taps * self.row).collect()
    }

    fn transform_rows(&self, padded: &[f32], out: &mut [f32]) {
        (self.functions.forward.transform_rows)(padded, Patches { row: self.window.row(), count: self.patches }, out);
    }
}
