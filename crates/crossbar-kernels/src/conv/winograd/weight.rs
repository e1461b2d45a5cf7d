//! The gradient of the weights. Vectors run over four interleaved channels, or outputs.

use super::transforms::{
    both, load_points, of_input, of_output, to_kernel, transform_patches, Patch, Source, Target, POINTS,
};
use crate::conv::geometry::{Axis, Conv, Window};
use crate::gemm::{panel_size, panel_width, CacheBlock, Destination};
use crate::lanes::F32x4;
use crate::scratch::{Packed, Workspace};
use crate::tuning::{COLS, DEPTH, SPLIT_BY_4};

/// dW = Gᵀ[Σ (A·dy·Aᵀ) ∘ (Bᵀ·d·B)]G over the patches of all images.
pub(in crate::conv) fn backward_weight(work: &mut Workspace, conv: &Conv, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let Workspace { packed, images, results, .. } = work;
    let Conv { batch, channels, outputs, y: vertical, x: horizontal, .. } = *conv;
    let (height, width) = (vertical.output().div_ceil(2), horizontal.output().div_ceil(2));
    let input = Planes::new(x, channels, conv.input_pixels(), vertical, horizontal);
    let unit = |axis: Axis| Axis { input: axis.output(), kernel: 1, stride: 1, before: 0, after: 0, dilation: 1 };
    let output = Planes::new(dy, outputs, conv.output_pixels(), unit(vertical), unit(horizontal));
    let patch_rows = (DEPTH / width).clamp(1, height);
    let at_once = (DEPTH / (width * height)).clamp(1, batch);

    let plane = images.padded.take(input.window.padded().max(output.window.padded()));
    let sums = results.take(POINTS * outputs * channels);
    sums.fill(0.0);
    for first in (0..batch).step_by(at_once) {
        for from in (0..height).step_by(patch_rows) {
            let chunk =
                Chunk { first, images: at_once.min(batch - first), from, rows: patch_rows.min(height - from), width };
            add_chunk(packed, chunk, &input, &output, plane, sums);
        }
    }
    write_kernels(sums, outputs * channels, dw);
}

/// Rows of patches of some images.
#[derive(Clone, Copy)]
struct Chunk {
    /// Index of the first image.
    first: usize,
    images: usize,
    /// The first row of patches, and their number.
    from: usize,
    rows: usize,
    /// Patches of a row.
    width: usize,
}

/// Adds the products of a chunk to the sums at every point: [point][output][channel].
fn add_chunk(packed: &mut Packed, chunk: Chunk, input: &Planes, output: &Planes, plane: &mut [f32], sums: &mut [f32]) {
    let Chunk { first, images, rows, width, .. } = chunk;
    let (channels, outputs) = (input.count, output.count);
    let k = images * rows * width;
    let a = packed.a.take(POINTS * outputs * k);
    let panel = panel_size(k, COLS);
    let point = channels.div_ceil(COLS) * panel;
    let b = packed.b.take(POINTS * point);
    for i in 0..images {
        for c in (0..channels).step_by(4) {
            let lanes = panel_width(c / COLS * COLS, channels);
            let at = c / COLS * panel + i * rows * width * lanes + c % COLS;
            let to = Target { out: &mut b[at..], stride: point, step: lanes };
            input.transform(first + i, c, chunk, of_input, plane, to);
        }
        for o in (0..outputs).step_by(4) {
            let to = Target { out: &mut a[o * k + i * rows * width * 4..], stride: outputs * k, step: 4 };
            output.transform(first + i, o, chunk, of_output, plane, to);
        }
    }
    for (p, sums) in sums.chunks_exact_mut(outputs * channels).enumerate() {
        let mut c = Destination::matrix(sums, channels, true);
        let (a, b) = (&a[p * outputs * k..][..outputs * k], &b[p * point..][..point]);
        CacheBlock { a, b, m: outputs, depth: k, split: &SPLIT_BY_4 }.multiply(0, channels, true, &mut c);
    }
}

/// Planes [image][plane][pixel], read four planes at a time.
struct Planes<'a> {
    values: &'a [f32],
    /// Planes of an image.
    count: usize,
    /// Values of a plane.
    size: usize,
    /// Four interleaved planes, padded to whole patches.
    window: Window,
}

impl<'a> Planes<'a> {
    fn new(values: &'a [f32], count: usize, size: usize, y: Axis, x: Axis) -> Self {
        Self { values, count, size, window: Window { channels: 1, y: y.whole(2), x: x.whole(2), lanes: 4 } }
    }

    /// Transforms the chunk's patches of four planes of an image, from plane `first` on.
    #[inline(always)]
    fn transform<const N: usize>(
        &self,
        image: usize,
        first: usize,
        chunk: Chunk,
        f: impl Fn([F32x4; N]) -> [F32x4; 4] + Copy,
        plane: &mut [f32],
        to: Target,
    ) {
        let Self { values, count, size, ref window } = *self;
        let start = (image * count + first) * size;
        window.pad(&|lane| &values[start + lane * size..], plane);
        let Target { out, stride, step } = to;
        for row in 0..chunk.rows {
            let to = Target { out: &mut out[row * chunk.width * step..], stride, step };
            let from = &plane[2 * (chunk.from + row) * window.row()..];
            transform_patches(from, Source { row: window.row(), step: 8, count: chunk.width }, f, to);
        }
    }
}

/// GᵀmG: sums [point][kernel] to kernels [kernel][3][3], `count` of them.
fn write_kernels(sums: &[f32], count: usize, dw: &mut [f32]) {
    for (i, dw) in dw.chunks_exact_mut(4 * 9).enumerate() {
        let kernel: Patch<3> = both(to_kernel, load_points(&sums[4 * i..], count));
        for (tap, value) in kernel.as_flattened().iter().enumerate() {
            for (lane, value) in value.to_array().into_iter().enumerate() {
                dw[9 * lane + tap] = value;
            }
        }
    }
}
