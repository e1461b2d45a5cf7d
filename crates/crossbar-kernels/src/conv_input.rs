//! The gradient of a convolution's input, with the forward's draw of the weights again.

use crate::conv::{Conv, Slide};
use crate::gemm::{grown, multiply, packed_index, Planes, Shape, Workspace, DEPTH};
use crate::image::{Axis, Window};
use crate::pack::Matrix;
use crate::random::TILE;
use crate::variation::{Draw, Variation, Weights};
use crate::winograd;

/// dx = the transpose of the forward's linear map, with its draw again.
pub fn backward_input(work: &mut Workspace, conv: &Conv, (dy, w): (&[f32], &[f32]), variation: Variation, dx: &mut [f32]) {
    if conv.batch == 0 || conv.input_pixels() == 0 || conv.channels == 0 {
        return;
    }
    if conv.output_pixels() == 0 {
        return dx.fill(0.0);
    }
    if conv.y.stride == 1 && conv.x.stride == 1 {
        backward_input_turned(work, conv, dy, w, variation, dx);
    } else {
        backward_input_scattered(work, conv, dy, w, variation, dx);
    }
}

/// The window over one group's output gradients that gives the input's, for stride 1: the kernel turned by 180°.
fn turned_window(conv: &Conv) -> Window {
    let turn = |axis: Axis| {
        let reach = (axis.dilation * (axis.kernel - 1)) as isize;
        Axis { input: axis.output(), stride: 1, before: reach - axis.before, after: reach - axis.after, ..axis }
    };
    Window { channels: conv.group_outputs(), y: turn(conv.y), x: turn(conv.x) }
}

/// Stride 1: the input's gradient is a convolution of the output's with the kernel turned.
fn backward_input_turned(work: &mut Workspace, conv: &Conv, dy: &[f32], w: &[f32], variation: Variation, dx: &mut [f32]) {
    let rows = conv.group_channels();
    let slide = Slide {
        window: turned_window(conv),
        batch: conv.batch,
        groups: conv.groups,
        rows,
        draw: variation.draw,
        places_first: true,
        bias: &[],
        is_rectified: false,
    };
    let weights = Weights { values: w, cols: conv.terms(), variation, sample: 0 };
    if winograd::is_worth_to_slide(&slide) {
        return winograd::slide(&slide, work, &weights, true, dy, dx);
    }
    slide.run(work, dy, dx, &mut |sample, group, packed| {
        pack_turned(conv, &Weights { sample: sample as u32, ..weights }, group, packed);
    });
}

/// Packs the turned kernel of a group as A: row = input channel, k = (kernel row, kernel column, output), the kernel backwards.
fn pack_turned(conv: &Conv, weights: &Weights, group: usize, out: &mut [f32]) {
    let m = conv.group_channels();
    let (height, width) = (conv.y.kernel, conv.x.kernel);
    let places = height * width;
    let outputs = conv.group_outputs();
    let k = outputs * places;
    let mut buffer = [0.0; TILE];
    for output in 0..outputs {
        for tile in 0..weights.cols.div_ceil(TILE) {
            let segment = weights.segment(group * outputs + output, tile, &mut buffer);
            let mut channel = tile * TILE / places;
            let mut place = tile * TILE % places;
            for &value in segment {
                let (y, x) = (height - 1 - place / width, width - 1 - place % width);
                let at_k = (y * width + x) * outputs + output;
                out[packed_index((channel, m), (at_k, k))] = value;
                place += 1;
                if place == places {
                    place = 0;
                    channel += 1;
                }
            }
        }
    }
}

/// Any stride: columns = Wᵀ·dy of one image, added where they came from.
fn backward_input_scattered(work: &mut Workspace, conv: &Conv, dy: &[f32], w: &[f32], variation: Variation, dx: &mut [f32]) {
    let window = conv.window();
    let (outputs, terms, pixels) = (conv.group_outputs(), conv.terms(), conv.output_pixels());
    let mut packed = std::mem::take(&mut work.a);
    let mut columns = std::mem::take(&mut work.columns);
    let mut image = std::mem::take(&mut work.image);
    let mut offsets = std::mem::take(&mut work.offsets);
    let (offset, base) = grown(&mut offsets, terms + pixels).split_at_mut(terms);
    window.offsets(false, offset);
    window.bases(1, base);
    dx.fill(0.0);
    for group in 0..conv.groups {
        let packed = grown(&mut packed, terms * outputs);
        for n in 0..conv.batch {
            if n == 0 || variation.draw == Draw::Sample {
                let weights = Weights { values: w, cols: terms, variation, sample: n as u32 };
                pack_transposed(&weights, group * outputs, outputs, packed);
            }
            let dy = &dy[(n * conv.outputs + group * outputs) * pixels..][..outputs * pixels];
            let columns = grown(&mut columns, terms * pixels);
            let mut sink = Planes::matrix(columns, pixels, false);
            let mut matrix = Matrix { values: dy, stride: pixels, transposed: false };
            multiply(Shape { m: terms, n: pixels, k: outputs }, DEPTH, packed, &mut work.b, &mut matrix, &mut sink);
            let image = grown(&mut image, window.padded());
            image.fill(0.0);
            for (column, &offset) in columns.chunks_exact(pixels).zip(offset.iter()) {
                for (value, &base) in column.iter().zip(base.iter()) {
                    image[base + offset] += value;
                }
            }
            let at = (n * conv.channels + group * conv.group_channels()) * conv.input_pixels();
            window.unpad_into(image, &mut dx[at..][..conv.group_channels() * conv.input_pixels()]);
        }
    }
    work.a = packed;
    work.columns = columns;
    work.image = image;
    work.offsets = offsets;
}

/// Packs Wᵀ as A: row = weight place, k = stored row.
fn pack_transposed(weights: &Weights, row0: usize, k: usize, out: &mut [f32]) {
    let m = weights.cols;
    let mut buffer = [0.0; TILE];
    for row in 0..k {
        for tile in 0..m.div_ceil(TILE) {
            let segment = weights.segment(row0 + row, tile, &mut buffer);
            for (i, &value) in segment.iter().enumerate() {
                out[packed_index((tile * TILE + i, m), (row, k))] = value;
            }
        }
    }
}

