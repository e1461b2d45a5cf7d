//! Convolution as a product that packs straight from the image, with varied weights. Its backward passes are
//! in `conv_input` and `conv_weight`.
//!
//! Layouts: x [n, c, h, w], W [oc, c/groups, kh, kw], y [n, oc, oh, ow]. As a matrix, W is [oc, c/groups·kh·kw].

use crate::gemm::Workspace;
use crate::image::{Axis, Window};
use crate::lanes::F32x4;
use crate::pack::pack_weight_rows;
use crate::slide::{Part, Slide};
use crate::variation::{Draw, Variation, Weights};
use crate::{winograd, winograd_rows};

/// Geometry of a convolution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conv {
    /// Images.
    pub batch: usize,
    /// Input channels.
    pub channels: usize,
    /// Output channels.
    pub outputs: usize,
    /// Vertical axis.
    pub y: Axis,
    /// Horizontal axis.
    pub x: Axis,
    /// Channels and outputs fall into this many independent groups.
    pub groups: usize,
}

impl Conv {
    pub(crate) fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    pub(crate) fn group_outputs(&self) -> usize {
        self.outputs / self.groups
    }

    /// Columns of W as a matrix.
    pub(crate) fn terms(&self) -> usize {
        self.window().terms()
    }

    pub(crate) fn input_pixels(&self) -> usize {
        self.y.input * self.x.input
    }

    /// Output height times width.
    pub fn output_pixels(&self) -> usize {
        self.y.output() * self.x.output()
    }

    pub(crate) fn is_by_rows(&self, draw: Draw) -> bool {
        self.groups == 1 && draw != Draw::Sample && winograd_rows::is_worth(&self.window(), self.outputs)
    }

    /// Whether a max pool of 2×2 outputs can be taken on the way.
    pub fn pools(&self, draw: Draw) -> bool {
        self.is_by_rows(draw) && self.y.output() > 1
    }

    fn weights<'a>(&self, values: &'a [f32], variation: Variation) -> Weights<'a> {
        Weights { values, cols: self.terms(), variation, sample: 0 }
    }

    /// The window over one group's channels.
    pub(crate) fn window(&self) -> Window {
        Window { channels: self.group_channels(), y: self.y, x: self.x, lanes: 1 }
    }
}

/// Where a convolution's outputs go and what becomes of them before.
pub struct Output<'a> {
    /// [n, oc, oh, ow], or [n, oc, oh/2, ow/2] where `pooled`.
    pub y: &'a mut [f32],
    /// Whether it is max(outputs, 0), after any pool.
    pub is_rectified: bool,
    /// For the largest of each 2×2 outputs, where the convolution [`Conv::pools`]: empty, or as large as y to receive which of
    /// the four it was, as [`crate::pool::max`] writes it.
    pub pooled: Option<&'a mut [f32]>,
}

impl<'a> Output<'a> {
    /// The outputs as they are.
    pub fn plain(y: &'a mut [f32]) -> Self {
        Self { y, is_rectified: false, pooled: None }
    }
}

/// y = W∗x + b for every one of several W, each with its y. The outputs are alike in what becomes of them. To the same bits as
/// [`forward`] one by one, but where convolutions go by rows x is transformed once for all.
pub fn forward_each(work: &mut Workspace, conv: &Conv, (x, ws, bias): (&[f32], &[&[f32]], &[f32]), mut outputs: Vec<Output>) {
    if conv.is_by_rows(Draw::None) && conv.batch * conv.output_pixels() > 0 {
        let weights: Vec<_> = ws.iter().map(|w| conv.weights(w, Variation::NONE)).collect();
        return winograd_rows::forward(work, conv, (x, bias), &weights, &mut outputs);
    }
    ws.iter().zip(outputs).for_each(|(w, output)| forward(work, conv, (x, w, bias), Variation::NONE, output));
}

/// y = W∗x + b.  `bias` is empty or [oc].
pub fn forward(
    work: &mut Workspace,
    conv: &Conv,
    (x, w, bias): (&[f32], &[f32], &[f32]),
    variation: Variation,
    output: Output,
) {
    let (window, rows) = (conv.window(), conv.group_outputs());
    if conv.output_pixels() == 0 || conv.batch == 0 || rows == 0 {
        return;
    }
    let weights = conv.weights(w, variation);
    if conv.is_by_rows(variation.draw) {
        return winograd_rows::forward(work, conv, (x, bias), &[weights], &mut [output]);
    }
    let Output { y, is_rectified, pooled } = output;
    assert!(pooled.is_none(), "a convolution that pools");
    let slide = Slide {
        window,
        parts: &[Part { window, first: (0, 0) }],
        batch: conv.batch,
        groups: conv.groups,
        rows,
        draw: variation.draw,
        // With one channel both orders of k are the same.
        places_first: window.channels == 1,
        bias,
        is_rectified,
        size: (conv.y.output(), conv.x.output()),
        step: (1, 1),
    };
    if winograd::is_worth_to_slide(&slide) {
        return winograd::slide(&slide, work, &weights, false, x, y);
    }
    slide.run(work, x, y, &mut |sample, group, packed, table| {
        pack_weight_rows(&Weights { sample: sample as u32, ..weights }, group * rows, rows, packed, table);
    });
}

/// Σ over images and pixels, a channel.  x: [n, channels, pixels], out: [channels].
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

#[cfg(test)]
#[path = "conv_tests.rs"]
mod tests;
