//! Matrix products, fully connected layers and convolutions, with or without weight variation.
//!
//! Variation arguments: `kind` 0 none, 1 one draw for the call, 2 a fresh draw for every sample; then max |W|, the two
//! standard deviations and the stream's key. `first_sample`, the last argument, is the index of the call's first sample in
//! the whole batch; it matters with a draw for every sample only.

use crate::memory::with_workspace;
use crate::view::{floats, floats_mut, optional_floats};
use crossbar_kernels::conv::{self, Conv, Output};
use crossbar_kernels::conv_weight::ByOutputs;
use crossbar_kernels::{conv_input, conv_weight};
use crossbar_kernels::gemm::{self, Shape};
use crossbar_kernels::image::Axis;
use crossbar_kernels::linear::{self, Linear};
use crossbar_kernels::variation::{Draw, Variation};
use wasm_bindgen::prelude::wasm_bindgen;

fn variation(kind: u32, s_max: f32, sigma_outer: f32, sigma_mid: f32, key: u64, first_sample: Option<u32>) -> Variation {
    // Without strength it is the digital product, which may go another way than a draw for every sample.
    let draw = if sigma_outer == 0.0 && sigma_mid == 0.0 { Draw::None } else { draw(kind) };
    let first_sample = if draw == Draw::Sample { first_sample.unwrap_or(0) } else { 0 };
    Variation { draw, s_max, sigma_outer, sigma_mid, key, first_sample }
}

/// C[m, n] = op(A)·op(B), or C + that.
#[wasm_bindgen]
#[allow(clippy::too_many_arguments)]
pub fn gemm(trans_a: bool, trans_b: bool, m: usize, n: usize, k: usize, a: u32, b: u32, c: u32, accumulate: bool) {
    let shape = Shape { m, n, k };
    with_workspace(|work| {
        gemm::gemm(work, shape, (floats(a, m * k), trans_a), (floats(b, k * n), trans_b), floats_mut(c, m * n), accumulate)
    });
}

fn linear_shape(batch: usize, rows_per_sample: usize, inputs: usize, outputs: usize, layout: u32) -> Linear {
    Linear { batch, rows_per_sample, inputs, outputs, inputs_first: layout == 1 }
}

/// y = x·(W+ΔW)ᵀ + b, or max(that, 0) if `rectified`.  `layout` 0: W [out, in], 1: W [in, out]. `ratio` is written in the cheap per-sample form.
#[wasm_bindgen(js_name = linearForward)]
#[allow(clippy::too_many_arguments)]
pub fn linear_forward(
    x: u32,
    w: u32,
    bias: u32,
    y: u32,
    batch: usize,
    rows_per_sample: usize,
    inputs: usize,
    outputs: usize,
    layout: u32,
    kind: u32,
    s_max: f32,
    sigma_outer: f32,
    sigma_mid: f32,
    key: u64,
    ratio: u32,
    rectified: bool,
    first_sample: Option<u32>,
) {
    let shape = linear_shape(batch, rows_per_sample, inputs, outputs, layout);
    let rows = batch * rows_per_sample;
    let operands = (floats(x, rows * inputs), floats(w, inputs * outputs), optional_floats(bias, outputs));
    let variation = variation(kind, s_max, sigma_outer, sigma_mid, key, first_sample);
    let ratio_size = if ratio == 0 { 0 } else { batch * outputs };
    let (y, ratio) = (floats_mut(y, rows * outputs), floats_mut(ratio, ratio_size));
    with_workspace(|work| linear::forward(work, &shape, operands, variation, (y, rectified), ratio));
}

/// dx = dy·(W+ΔW). `x` and `ratio` are read in the cheap per-sample form only.
#[wasm_bindgen(js_name = linearBackwardInput)]
#[allow(clippy::too_many_arguments)]
pub fn linear_backward_input(
    dy: u32,
    w: u32,
    dx: u32,
    x: u32,
    ratio: u32,
    batch: usize,
    rows_per_sample: usize,
    inputs: usize,
    outputs: usize,
    layout: u32,
    kind: u32,
    s_max: f32,
    sigma_outer: f32,
    sigma_mid: f32,
    key: u64,
    first_sample: Option<u32>,
) {
    let shape = linear_shape(batch, rows_per_sample, inputs, outputs, layout);
    let rows = batch * rows_per_sample;
    let kept = (optional_floats(x, rows * inputs), optional_floats(ratio, batch * outputs));
    let operands = (floats(dy, rows * outputs), floats(w, inputs * outputs));
    let variation = variation(kind, s_max, sigma_outer, sigma_mid, key, first_sample);
    with_workspace(|work| linear::backward_input(work, &shape, operands, kept, variation, floats_mut(dx, rows * inputs)));
}

/// dW = dyᵀ·x in W's layout.
#[wasm_bindgen(js_name = linearBackwardWeight)]
pub fn linear_backward_weight(x: u32, dy: u32, dw: u32, rows: usize, inputs: usize, outputs: usize, layout: u32) {
    let shape = linear_shape(rows, 1, inputs, outputs, layout);
    let (x, dy, dw) = (floats(x, rows * inputs), floats(dy, rows * outputs), floats_mut(dw, inputs * outputs));
    with_workspace(|work| linear::backward_weight(work, &shape, x, dy, dw));
}

/// Σ over rows.
#[wasm_bindgen(js_name = columnSum)]
pub fn column_sum(x: u32, out: u32, rows: usize, cols: usize) {
    linear::column_sum(floats(x, rows * cols), cols, floats_mut(out, cols));
}

/// [n, c, h, w, oc, kh, kw, strideH, strideW, padT, padL, padB, padR, dilH, dilW, groups]
fn geometry(desc: &[i32]) -> Conv {
    let size = |i: usize| desc[i] as usize;
    let pad = |i: usize| desc[i] as isize;
    Conv {
        batch: size(0),
        channels: size(1),
        outputs: size(4),
        y: Axis { input: size(2), kernel: size(5), stride: size(7), before: pad(9), after: pad(11), dilation: size(13) },
        x: Axis { input: size(3), kernel: size(6), stride: size(8), before: pad(10), after: pad(12), dilation: size(14) },
        groups: size(15),
    }
}

/// Sizes of x, W and y.
fn sizes(conv: &Conv) -> (usize, usize, usize) {
    (
        conv.batch * conv.channels * conv.y.input * conv.x.input,
        conv.outputs * (conv.channels / conv.groups) * conv.y.kernel * conv.x.kernel,
        conv.batch * conv.outputs * conv.output_pixels(),
    )
}

/// Size of y after a pool of 2×2.
fn pooled_size(conv: &Conv) -> usize {
    conv.batch * conv.outputs * (conv.y.output() / 2) * (conv.x.output() / 2)
}

fn draw(kind: u32) -> Draw {
    [Draw::None, Draw::Batch, Draw::Sample][kind as usize]
}

/// Whether [`conv_forward`] can take a max pool of 2×2 outputs on the way.
#[wasm_bindgen(js_name = convPools)]
pub fn conv_pools(desc: &[i32], kind: u32) -> bool {
    geometry(desc).pools(draw(kind))
}

/// y = (W+ΔW)∗x + b; of that the largest of each 2×2 if `pooled`; of that max(that, 0) if `rectified`. `positions` is null or
/// receives which of the four it was.
#[wasm_bindgen(js_name = convForward)]
#[allow(clippy::too_many_arguments)]
pub fn conv_forward(
    x: u32,
    w: u32,
    bias: u32,
    y: u32,
    desc: &[i32],
    kind: u32,
    s_max: f32,
    sigma_outer: f32,
    sigma_mid: f32,
    key: u64,
    rectified: bool,
    pooled: bool,
    positions: u32,
    first_sample: Option<u32>,
) {
    let conv = geometry(desc);
    let (x_size, w_size, y_size) = sizes(&conv);
    let y_size = if pooled { pooled_size(&conv) } else { y_size };
    let operands = (floats(x, x_size), floats(w, w_size), optional_floats(bias, conv.outputs));
    let variation = variation(kind, s_max, sigma_outer, sigma_mid, key, first_sample);
    let pooled = pooled.then(|| floats_mut(positions, if positions == 0 { 0 } else { y_size }));
    let output = Output { y: floats_mut(y, y_size), is_rectified: rectified, pooled };
    with_workspace(|work| conv::forward(work, &conv, operands, variation, output));
}

/// The same for several weights as they are, each with its y.
#[wasm_bindgen(js_name = convForwardEach)]
#[allow(clippy::too_many_arguments)]
pub fn conv_forward_each(x: u32, ws: &[u32], bias: u32, ys: &[u32], desc: &[i32], rectified: bool, pooled: bool) {
    let conv = geometry(desc);
    let (x_size, w_size, y_size) = sizes(&conv);
    let y_size = if pooled { pooled_size(&conv) } else { y_size };
    let weights: Vec<_> = ws.iter().map(|&w| floats(w, w_size)).collect();
    let operands = (floats(x, x_size), &weights[..], optional_floats(bias, conv.outputs));
    let output = |&y: &u32| Output { y: floats_mut(y, y_size), is_rectified: rectified, pooled: pooled.then(|| floats_mut(0, 0)) };
    let outputs = ys.iter().map(output).collect();
    with_workspace(|work| conv::forward_each(work, &conv, operands, outputs));
}

/// dx, with the forward's draw again.
#[wasm_bindgen(js_name = convBackwardInput)]
#[allow(clippy::too_many_arguments)]
pub fn conv_backward_input(
    dy: u32,
    w: u32,
    dx: u32,
    desc: &[i32],
    kind: u32,
    s_max: f32,
    sigma_outer: f32,
    sigma_mid: f32,
    key: u64,
    first_sample: Option<u32>,
) {
    let conv = geometry(desc);
    let (x_size, w_size, y_size) = sizes(&conv);
    let variation = variation(kind, s_max, sigma_outer, sigma_mid, key, first_sample);
    let operands = (floats(dy, y_size), floats(w, w_size));
    with_workspace(|work| conv_input::backward_input(work, &conv, operands, variation, floats_mut(dx, x_size)));
}

/// dW for the sum of several dys. With `positions`, one for each, dys are by the 2×2 max pool of the outputs, and these those of the forward
/// pass: for convolutions that pool without variation.
#[wasm_bindgen(js_name = convBackwardWeight)]
pub fn conv_backward_weight(x: u32, dys: &[u32], positions: &[u32], dw: u32, desc: &[i32]) {
    let conv = geometry(desc);
    let (x_size, w_size, y_size) = sizes(&conv);
    let y_size = if positions.is_empty() { y_size } else { pooled_size(&conv) };
    let gradient = |(i, &dy): (usize, &u32)| ByOutputs {
        dy: floats(dy, y_size),
        places: positions.get(i).map_or(&[], |&at| floats(at, y_size)),
    };
    let gradients: Vec<_> = dys.iter().enumerate().map(gradient).collect();
    with_workspace(|work| conv_weight::backward_weight(work, &conv, floats(x, x_size), &gradients, floats_mut(dw, w_size)));
}

/// Σ over images and pixels, a channel.
#[wasm_bindgen(js_name = channelSum)]
pub fn channel_sum(x: u32, out: u32, n: usize, channels: usize, pixels: usize) {
    conv::channel_sum(floats(x, n * channels * pixels), channels, pixels, floats_mut(out, channels));
}
