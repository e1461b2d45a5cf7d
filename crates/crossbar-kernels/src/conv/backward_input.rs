//! The gradient of the input, with the forward's draw of the weights again.
//!
//! For every phase of the stride it is a convolution of the outputs' gradient with a part of the kernel, flipped in both directions.

use super::geometry::Conv;
use super::phases::{Flipped, InputGradient};
use super::plan::{plan_backward_input, Sliding};
use super::sliding::SlidingWindow;
use super::winograd;
use crate::gemm::{panels_of, RowSplit};
use crate::scratch::Workspace;
use crate::tuning::{DEPTH, FLIPPED_OUTPUTS};
use crate::variation::{NoiseBuffers, Variation, Weights};

/// dx = the transpose of the forward's linear map, with its draw.
pub fn backward_input(work: &mut Workspace, conv: &Conv, dy: &[f32], w: &[f32], variation: Variation, dx: &mut [f32]) {
    let Some(gradient) = InputGradient::new(conv) else {
        return dx.fill(0.0);
    };
    let sliding = SlidingWindow {
        window: gradient.padded,
        parts: &gradient.parts,
        batch: conv.batch,
        groups: conv.groups,
        rows: conv.group_channels(),
        draw: variation.draw,
        taps_first: true,
        bias: &[],
        is_rectified: false,
        size: (conv.y.input, conv.x.input),
        step: (conv.y.stride, conv.x.stride),
    };
    let weights = conv.weights(w, variation);
    let mut pack = |sample: usize, group: usize, out: &mut [f32], split: RowSplit| {
        let weights = Weights { sample: sample as u32, ..weights };
        FlippedKernel { conv, weights: &weights, taps: &gradient.taps }.pack(group, split, out);
    };
    match plan_backward_input(conv, &gradient, variation.draw) {
        Sliding::Winograd => winograd::slide(&sliding, work, &weights, true, dy, dx),
        Sliding::Depthwise => sliding.run_depthwise(work, dy, dx, &mut pack),
        Sliding::InPlace { lanes } => sliding.run_in_place(lanes, work, dy, dx, &mut pack),
        Sliding::Packed => sliding.run_packed(work, dy, dx, &mut pack),
        Sliding::Empty | Sliding::WinogradRows(_) => {
            unreachable!("an input's gradient has windows, and no filters by rows")
        }
    }
}

/// The kernel as the parts of an input gradient have it.
struct FlippedKernel<'a> {
    conv: &'a Conv,
    weights: &'a Weights<'a>,
    taps: &'a [Option<Flipped>],
}

impl FlippedKernel<'_> {
    /// Packs the parts of a group as A: row = input channel, k = (kernel row, kernel column, output).
    fn pack(&self, group: usize, split: RowSplit, out: &mut [f32]) {
        let (outputs, cols) = (self.conv.group_outputs(), self.weights.cols);
        let mut rows = vec![0.0; FLIPPED_OUTPUTS * cols];
        let mut buffer = NoiseBuffers::new(1);
        for first in (0..outputs).step_by(FLIPPED_OUTPUTS) {
            let rows = &mut rows[..FLIPPED_OUTPUTS.min(outputs - first) * cols];
            for (i, row) in rows.chunks_exact_mut(cols).enumerate() {
                self.weights.write_row(group * outputs + first + i, &mut buffer, row);
            }
            for (tap, to) in self.taps.iter().enumerate() {
                if let Some(to) = to {
                    self.pack_tap(rows, first, tap, *to, split, out);
                }
            }
        }
    }

    /// Packs a tap of some outputs, whose weights are `rows`.
    #[inline(always)]
    fn pack_tap(&self, rows: &[f32], first: usize, tap: usize, to: Flipped, split: RowSplit, out: &mut [f32]) {
        let (m, taps) = (self.conv.group_channels(), self.taps.len());
        // Where k is in a packed A, [block of DEPTH k][panel][k][row]: the start of the block, its depth, k within it.
        let ks: [_; FLIPPED_OUTPUTS] = core::array::from_fn(|i| {
            let k = to.first + first + i;
            let k0 = k / DEPTH * DEPTH;
            (to.start + k0 * m, DEPTH.min(to.terms - k0.min(to.terms)), k - k0)
        });
        for (panel, size) in panels_of(m, split) {
            for (row, (block, depth, k)) in rows.chunks_exact(self.weights.cols).zip(ks) {
                let to = &mut out[block + panel * depth + k * size..][..size];
                let from = &row[panel * taps + tap..];
                for (r, to) in to.iter_mut().enumerate() {
                    *to = from[r * taps];
                }
            }
        }
    }
}
