//! The forward pass.

use super::batch::Part;
use super::geometry::Conv;
use super::operands::{Inputs, Output};
use super::plan::{plan_forward, pools, Sliding};
use super::sliding::SlidingWindow;
use super::{winograd, winograd_rows};
use crate::gemm::pack::pack_weight_rows;
use crate::scratch::Workspace;
use crate::variation::{Draw, Variation, Weights};

impl Conv {
    /// Whether [`forward`] can take a 2×2 max pool of its outputs.
    pub fn pools(&self, draw: Draw) -> bool {
        pools(self, draw)
    }

    /// The weights as a matrix.
    pub(super) fn weights<'a>(&self, values: &'a [f32], variation: Variation<'a>) -> Weights<'a> {
        Weights { values, cols: self.terms(), variation, sample: 0 }
    }
}

/// y = W∗x + b for each of several W, with equal epilogues. The same bits as [`forward`] for each, but by rows x is transformed once for
/// all.
pub fn forward_each(work: &mut Workspace, conv: &Conv, inputs: Inputs, ws: &[&[f32]], mut outputs: Vec<Output>) {
    if let Sliding::WinogradRows(filter) = plan_forward(conv, Draw::None) {
        let weights: Vec<_> = ws.iter().map(|w| conv.weights(w, Variation::NONE)).collect();
        return winograd_rows::forward(work, conv, filter, inputs, &weights, &mut outputs);
    }
    ws.iter().zip(outputs).for_each(|(w, output)| forward(work, conv, inputs, w, Variation::NONE, output));
}

/// y = (W + ΔW)∗x + b.
///
/// # Panics
/// When a pool is asked of a convolution that doesn't [`Conv::pools`].
pub fn forward(work: &mut Workspace, conv: &Conv, inputs: Inputs, w: &[f32], variation: Variation, output: Output) {
    let weights = conv.weights(w, variation);
    let algorithm = plan_forward(conv, variation.draw);
    if let Sliding::WinogradRows(filter) = algorithm {
        return winograd_rows::forward(work, conv, filter, inputs, &[weights], &mut [output]);
    }
    let Output { y, is_rectified, pooled } = output;
    assert!(pooled.is_none() || algorithm == Sliding::Empty, "a convolution that pools");
    let (window, rows) = (conv.window(), conv.group_outputs());
    let sliding = SlidingWindow {
        window,
        parts: &[Part { window, first: (0, 0) }],
        batch: conv.batch,
        groups: conv.groups,
        rows,
        draw: variation.draw,
        // With one channel both orders of k are the same.
        taps_first: window.channels == 1,
        bias: inputs.bias,
        is_rectified,
        size: (conv.y.output(), conv.x.output()),
        step: (1, 1),
    };
    let mut pack = |sample: usize, group: usize, out: &mut [f32], split| {
        pack_weight_rows(&Weights { sample: sample as u32, ..weights }, group * rows, rows, out, split);
    };
    match algorithm {
        Sliding::Empty | Sliding::WinogradRows(_) => {}
        Sliding::Winograd => winograd::slide(&sliding, work, &weights, false, inputs.x, y),
        Sliding::Depthwise => sliding.run_depthwise(work, inputs.x, y, &mut pack),
        Sliding::InPlace { lanes } => sliding.run_in_place(lanes, work, inputs.x, y, &mut pack),
        Sliding::Packed => sliding.run_packed(work, inputs.x, y, &mut pack),
    }
}
