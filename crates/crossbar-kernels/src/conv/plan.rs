//! Which algorithm computes a convolution or one of its gradients: a function of geometry and draw alone, never of timing.

use super::geometry::{Axis, Conv, Window};
use super::phases::InputGradient;
use crate::tuning::{
    DEPTH, DIRECT_OUTPUTS, FUSED, LEAST_OUTPUTS, LEAST_PLANE, LEAST_SIDE, MAX_INTERLEAVED, MAX_WINOGRAD, PLANE_COLS,
};
use crate::variation::Draw;

/// How a window slides over images: the forward pass and the gradient of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sliding {
    /// No outputs.
    Empty,
    /// Winograd's F(T, N) along rows, four images interleaved.
    WinogradRows(RowFilter),
    /// Winograd's F(2×2, 3×3).
    Winograd,
    /// Planes in place, each by itself.
    Depthwise,
    /// Images in place, 1 or 4 of them interleaved.
    InPlace { lanes: usize },
    /// Images packed as columns of a product.
    Packed,
}

/// How the gradient of the weights is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WeightGradient {
    /// No outputs: zeros.
    Empty,
    /// F(4, N) along rows, transposed.
    WinogradRows(RowFilter),
    /// F(2×2, 3×3), transposed.
    Winograd,
    /// Dot products of planes in place, four images interleaved.
    Dots,
    /// A product whose A is planes of dy in place.
    PlanesInPlace,
    /// A product whose A is packed planes of dy.
    Packed,
}

/// Outputs of a patch and taps of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowFilter {
    /// F(4, 3)
    F43,
    /// F(4, 5)
    F45,
    /// F(5, 5)
    F55,
}

/// The algorithm of the forward pass.
#[inline(never)]
pub(crate) fn plan_forward(conv: &Conv, draw: Draw) -> Sliding {
    if conv.output_pixels() == 0 || conv.batch == 0 || conv.group_outputs() == 0 {
        return Sliding::Empty;
    }
    if is_by_rows(conv, draw) {
        return Sliding::WinogradRows(forward_filter(&conv.x));
    }
    let window = conv.window();
    plan_sliding(&Problem {
        padded: window,
        window,
        rows: conv.group_outputs(),
        groups: conv.groups,
        draw,
        is_strided: false,
    })
}

/// The algorithm of the input's gradient.
pub(super) fn plan_backward_input(conv: &Conv, gradient: &InputGradient, draw: Draw) -> Sliding {
    plan_sliding(&Problem {
        padded: gradient.padded,
        window: gradient.parts[0].window,
        rows: conv.group_channels(),
        groups: conv.groups,
        draw,
        is_strided: (conv.y.stride, conv.x.stride) != (1, 1),
    })
}

/// The algorithm of the weights' gradient.
pub(crate) fn plan_backward_weight(conv: &Conv) -> WeightGradient {
    let (rows, pixels) = (conv.group_outputs(), conv.output_pixels());
    if pixels == 0 || conv.batch == 0 || rows == 0 {
        return WeightGradient::Empty;
    }
    if is_by_rows(conv, Draw::None) {
        return WeightGradient::WinogradRows(gradient_filter(&conv.x));
    }
    // Vectors run over channels and outputs.
    let fills_vectors = conv.channels % 4 == 0 && conv.outputs % 4 == 0;
    if conv.groups == 1 && fills_vectors && conv.x.output() <= DEPTH && is_wide(&conv.window(), conv.outputs) {
        return WeightGradient::Winograd;
    }
    if rows <= DIRECT_OUTPUTS {
        return WeightGradient::Dots;
    }
    if pixels >= LEAST_PLANE && conv.terms() <= PLANE_COLS {
        return WeightGradient::PlanesInPlace;
    }
    WeightGradient::Packed
}

/// Whether the forward pass can take a 2×2 max pool of its outputs, and the weights' gradient one of its gradients.
pub(super) fn pools(conv: &Conv, draw: Draw) -> bool {
    is_by_rows(conv, draw) && conv.y.output() > 1
}

/// A window that slides over all images.
struct Problem {
    /// What images are padded for.
    padded: Window,
    /// The window itself, or the first of several.
    window: Window,
    /// Rows of weights of a group.
    rows: usize,
    groups: usize,
    draw: Draw,
    /// Whether several windows give the pixels in turn.
    is_strided: bool,
}

fn plan_sliding(problem: &Problem) -> Sliding {
    let Problem { padded, window, rows, groups, draw, is_strided } = *problem;
    if groups == 1 && draw != Draw::Sample && !is_strided && is_wide(&window, rows) {
        return Sliding::Winograd;
    }
    // Vectors are four outputs of a row, at stride 1 or 2.
    let fits = window.channels == 1 && window.x.stride <= 2 && window.x.output() >= 4;
    if groups > 1 && rows == 1 && fits && !is_strided {
        return Sliding::Depthwise;
    }
    let lanes = if 4 * padded.padded() <= MAX_INTERLEAVED { 4 } else { 1 };
    if rows <= DIRECT_OUTPUTS && lanes * padded.x.output() >= 8 {
        return Sliding::InPlace { lanes };
    }
    Sliding::Packed
}

/// Whether F(2×2, 3×3) saves more than its transforms cost.
fn is_wide(window: &Window, outputs: usize) -> bool {
    let fits = |axis: Axis| axis.kernel == 3 && axis.stride == 1 && axis.dilation == 1 && axis.output() > 1;
    fits(window.y)
        && fits(window.x)
        && window.channels.min(outputs) >= LEAST_SIDE
        && 4 * window.padded() <= MAX_WINOGRAD
}

/// Whether F(T, N) along rows saves more than its transforms cost.
fn is_by_rows(conv: &Conv, draw: Draw) -> bool {
    let window @ Window { x, y, channels, .. } = conv.window();
    let fits = |axis: Axis| axis.kernel == x.kernel && axis.stride == 1 && axis.dilation == 1;
    let is_small = conv.outputs <= DIRECT_OUTPUTS && 4 * window.padded() <= MAX_INTERLEAVED;
    let has_rows = fits(y) && fits(x) && [3, 5].contains(&x.kernel) && x.output() > 4;
    conv.groups == 1 && draw != Draw::Sample && is_small && channels > 0 && conv.outputs >= LEAST_OUTPUTS && has_rows
}

/// The filter of gradients, for a kernel of three or five taps.
fn gradient_filter(x: &Axis) -> RowFilter {
    if x.kernel == 3 {
        RowFilter::F43
    } else {
        RowFilter::F45
    }
}

/// The filter of the forward pass.
fn forward_filter(x: &Axis) -> RowFilter {
    let width = x.output();
    // Patches of five outputs, two at least, if they take a fifth fewer products than patches of four. Not if a multiply-add is rounded
    // once: direct sums are more exact then, and the error of patches of five is more than three times theirs.
    let saves = !FUSED && width > 5 && 5 * 9 * width.div_ceil(5) <= 4 * 8 * width.div_ceil(4);
    if x.kernel == 5 && saves {
        RowFilter::F55
    } else {
        gradient_filter(x)
    }
}
