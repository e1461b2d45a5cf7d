//! Convolutions.

use crate::calls::{self, ConvShape};
use crate::descriptor::read;
use crate::memory::with_workspace;
use crate::variation::{draw, variation};
use crate::view::{floats, floats_mut, optional_floats};
use crossbar_kernels::conv::{self, Axis, Conv, Inputs, Output, OutputGradient};
use wasm_bindgen::prelude::wasm_bindgen;

#[inline(never)]
fn geometry(shape: &ConvShape) -> Conv {
    let ConvShape { batch, channels, outputs, groups, top, left, bottom, right, .. } = *shape;
    let y = Axis {
        input: shape.height,
        kernel: shape.kernel_height,
        stride: shape.stride_y,
        before: top,
        after: bottom,
        dilation: shape.dilation_y,
    };
    let x = Axis {
        input: shape.width,
        kernel: shape.kernel_width,
        stride: shape.stride_x,
        before: left,
        after: right,
        dilation: shape.dilation_x,
    };
    Conv { batch, channels, outputs, y, x, groups }
}

/// Size of y, after a pool if there is one.
#[inline(never)]
fn output_size(conv: &Conv, pooled: bool) -> usize {
    if pooled {
        conv.pooled_size()
    } else {
        conv.y_size()
    }
}

/// Whether [`conv_forward`] can take a 2×2 max pool of its outputs, with variation of a kind.
#[wasm_bindgen(js_name = convPools)]
pub fn conv_pools(count: usize, kind: u32) -> bool {
    geometry(&read(count)).pools(draw(kind))
}

/// y = (W + ΔW)∗x + b; of that the largest of each 2×2 if `pooled`; of that max(that, 0) if `rectified`. `positions` is null or
/// receives which of the four it was.
#[wasm_bindgen(js_name = convForward)]
pub fn conv_forward(count: usize) {
    let calls::ConvForward { x, w, bias, y, positions, rectified, pooled, shape, variation: given } = read(count);
    let conv = geometry(&shape);
    let size = output_size(&conv, pooled);
    let inputs = Inputs { x: floats(x, conv.x_size()), bias: optional_floats(bias, conv.outputs) };
    let pooled = pooled.then(|| floats_mut(positions, if positions == 0 { 0 } else { size }));
    let output = Output { y: floats_mut(y, size), is_rectified: rectified, pooled };
    with_workspace(|work| conv::forward(work, &conv, inputs, floats(w, conv.w_size()), variation(given), output));
}

/// The same for several weights without variation, each with its y.
#[wasm_bindgen(js_name = convForwardEach)]
pub fn conv_forward_each(count: usize, ws: &[u32], ys: &[u32]) {
    let calls::ConvForwardEach { x, bias, rectified, pooled, shape } = read(count);
    let conv = geometry(&shape);
    let size = output_size(&conv, pooled);
    let weights: Vec<_> = ws.iter().map(|&w| floats(w, conv.w_size())).collect();
    let inputs = Inputs { x: floats(x, conv.x_size()), bias: optional_floats(bias, conv.outputs) };
    let output =
        |&y: &u32| Output { y: floats_mut(y, size), is_rectified: rectified, pooled: pooled.then(|| floats_mut(0, 0)) };
    let outputs = ys.iter().map(output).collect();
    with_workspace(|work| conv::forward_each(work, &conv, inputs, &weights, outputs));
}

/// dx, with the forward's draw.
#[wasm_bindgen(js_name = convBackwardInput)]
pub fn conv_backward_input(count: usize) {
    let calls::ConvBackwardInput { dy, w, dx, shape, variation: given } = read(count);
    let conv = geometry(&shape);
    let (dy, w, dx) = (floats(dy, conv.y_size()), floats(w, conv.w_size()), floats_mut(dx, conv.x_size()));
    with_workspace(|work| conv::backward_input(work, &conv, dy, w, variation(given), dx));
}

/// dW for the sum of several gradients. With `positions`, one for each, the gradients are by the 2×2 max pool of the outputs, and these
/// the positions of the forward pass: for convolutions that pool without variation.
#[wasm_bindgen(js_name = convBackwardWeight)]
pub fn conv_backward_weight(count: usize, dys: &[u32], positions: &[u32]) {
    let calls::ConvBackwardWeight { x, dw, shape } = read(count);
    let conv = geometry(&shape);
    let size = output_size(&conv, !positions.is_empty());
    let gradient = |(i, &dy): (usize, &u32)| OutputGradient {
        dy: floats(dy, size),
        positions: positions.get(i).map_or(&[], |&at| floats(at, size)),
    };
    let gradients: Vec<_> = dys.iter().enumerate().map(gradient).collect();
    let (x, dw) = (floats(x, conv.x_size()), floats_mut(dw, conv.w_size()));
    with_workspace(|work| conv::backward_weight(work, &conv, x, &gradients, dw));
}

/// Σ over images and pixels for each channel.
#[wasm_bindgen(js_name = channelSum)]
pub fn channel_sum(x: u32, out: u32, n: usize, channels: usize, pixels: usize) {
    conv::channel_sum(floats(x, n * channels * pixels), channels, pixels, floats_mut(out, channels));
}
