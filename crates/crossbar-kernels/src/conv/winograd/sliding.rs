//! The forward pass and the input's gradient. Vectors run over four interleaved images.

use super::kernels::{pack_kernels, transform_kernels, FilterRows};
use super::transforms::{both, load_points, of_input, to_output, transform_patches, Source, Target, POINTS};
use crate::conv::batch::{Batch, Part};
use crate::conv::geometry::Window;
use crate::conv::sliding::SlidingWindow;
use crate::gemm::pack::separate;
use crate::gemm::{panel_size, panel_width, CacheBlock, Destination};
use crate::lanes::{four_mut, F32x4};
use crate::scratch::{Scratch, Workspace};
use crate::tuning::{COLS, DEPTH, ROWS_SPLIT, WINOGRAD_COLUMNS};
use crate::variation::Weights;

/// A chunk of patches: rows [from, to) of the patches of some quadruples of images.
#[derive(Clone, Copy)]
struct Chunk {
    quadruples: usize,
    from: usize,
    to: usize,
    /// Patches of a row.
    width: usize,
    /// Index of the first image.
    first: usize,
}

impl Chunk {
    /// Patches of one image.
    fn patches(&self) -> usize {
        (self.to - self.from) * self.width
    }

    /// Columns of its product.
    fn columns(&self) -> usize {
        4 * self.quadruples * self.patches()
    }
}

/// Slides a window; with `is_flipped` its channels are the weights' outputs, and the kernels are flipped.
pub(in crate::conv) fn slide(
    sliding: &SlidingWindow,
    work: &mut Workspace,
    weights: &Weights,
    is_flipped: bool,
    x: &[f32],
    y: &mut [f32],
) {
    let Workspace { packed, images, filters, results } = work;
    let SlidingWindow { parts, batch, rows, taps_first, .. } = *sliding;
    let Window { channels, y: vertical, x: horizontal, .. } = parts[0].window;
    let (height, width) = (vertical.output().div_ceil(2), horizontal.output().div_ceil(2));
    let window = Window { channels, y: vertical.whole(2), x: horizontal.whole(2), lanes: 4 };
    let patch_rows = (WINOGRAD_COLUMNS / (4 * width)).clamp(1, height);
    let at_once = (WINOGRAD_COLUMNS / (4 * width * height)).clamp(1, batch.div_ceil(4));

    let outputs = if is_flipped { channels } else { rows };
    let stride = (weights.cols / 9).next_multiple_of(4);
    let transformed = results.take(POINTS * outputs * stride);
    transform_kernels(weights, outputs, stride, transformed);
    let kernels = filters.take(POINTS * rows * channels);
    pack_kernels(transformed, outputs, stride, FilterRows { rows, k: channels, is_flipped }, kernels);
    let filters = Filters { values: kernels, rows, channels };

    let parts = [Part { window, first: (0, 0) }];
    let batch = Batch { values: x, batch, groups: 1, window: &window, parts: &parts, at_once, taps_first };
    batch.for_each(images, &mut |images| {
        for from in (0..height).step_by(patch_rows) {
            let chunk =
                Chunk { quadruples: images.count, from, to: height.min(from + patch_rows), width, first: images.first };
            let products = results.take(POINTS * rows * chunk.columns());
            filters.multiply(images.columns.image, &window, chunk, &mut packed.b, products);
            write_outputs(sliding, products, chunk, y);
        }
    });
}

/// Packed filters, [point][block of DEPTH channels][panel][channel][row].
struct Filters<'a> {
    values: &'a [f32],
    rows: usize,
    channels: usize,
}

impl Filters<'_> {
    /// The products of a chunk at every point: [point][row][column].
    fn multiply(&self, image: &[f32], window: &Window, chunk: Chunk, b: &mut Scratch<f32>, products: &mut [f32]) {
        let Self { values, rows, channels } = *self;
        let n = chunk.columns();
        let block = n.div_ceil(COLS) * panel_size(DEPTH, COLS);
        let point = channels.div_ceil(DEPTH) * block;
        let patches = b.take(POINTS * point);
        transform_images(image, window, chunk, block, patches);
        for (p, product) in products.chunks_exact_mut(rows * n).enumerate() {
            let mut c = Destination::matrix(product, n, false);
            for k0 in (0..channels).step_by(DEPTH) {
                let depth = DEPTH.min(channels - k0);
                let a = &values[(p * channels + k0) * rows..][..depth * rows];
                let b = &patches[p * point + k0 / DEPTH * block..];
                CacheBlock { a, b, m: rows, depth, split: ROWS_SPLIT }.multiply(0, n, k0 == 0, &mut c);
            }
        }
    }
}

/// BᵀdB of a chunk: out [point][block of channels][panel of eight columns][channel], a column for (quadruple, patch, image).
#[inline(never)]
fn transform_images(image: &[f32], window: &Window, chunk: Chunk, block: usize, out: &mut [f32]) {
    let (n, patches, row) = (chunk.columns(), chunk.patches(), window.row());
    let plane = window.padded() / window.channels;
    let point = window.channels.div_ceil(DEPTH) * block;
    for j in (0..n).step_by(4) {
        let (quadruple, patch) = (j / 4 / patches, j / 4 % patches);
        let (y, x) = (chunk.from + patch / chunk.width, patch % chunk.width);
        let image = &image[quadruple * window.padded() + 2 * y * row + 8 * x..];
        let panel_start = j / COLS * COLS;
        let width = panel_width(panel_start, n);
        for c in (0..window.channels).step_by(DEPTH) {
            let depth = DEPTH.min(window.channels - c);
            let at = c / DEPTH * block + j / COLS * panel_size(depth, COLS) + (j - panel_start);
            let to = Target { out: &mut out[at..], stride: point, step: width };
            transform_patches(&image[c * plane..], Source { row, step: plane, count: depth }, of_input, to);
        }
    }
}

/// y = AᵀmA + bias of a chunk; products [point][row][column].
#[inline(never)]
fn write_outputs(sliding: &SlidingWindow, products: &[f32], chunk: Chunk, y: &mut [f32]) {
    let (rows, n, patches) = (sliding.rows, chunk.columns(), chunk.patches());
    let (height, width) = sliding.size;
    let image_size = rows * height * width;
    let zero = F32x4::splat(0.0);
    let above = 2 * chunk.from * width;
    let size = (height.min(2 * chunk.to) - 2 * chunk.from) * width;
    let mut outputs = vec![0.0; 7 * size];
    let (pixels, spare) = outputs.split_at_mut(4 * size);
    for (i, row) in (0..chunk.quadruples).flat_map(|i| (0..rows).map(move |row| (i, row))) {
        let bias = F32x4::splat(if sliding.bias.is_empty() { 0.0 } else { sliding.bias[row] });
        for patch in 0..patches {
            let (py, px) = (patch / chunk.width, patch % chunk.width);
            let points = load_points(&products[row * n + 4 * (i * patches + patch)..], rows * n);
            let values = both(to_output, points);
            // An odd size ends within its last patches.
            for (dy, values) in values.into_iter().enumerate().take(height - 2 * (chunk.from + py)) {
                for (dx, value) in values.into_iter().enumerate().take(width - 2 * px) {
                    let value = value.add(bias);
                    let value = if sliding.is_rectified { value.max(zero) } else { value };
                    value.store(four_mut(&mut pixels[4 * ((2 * py + dy) * width + 2 * px + dx)..]));
                }
            }
        }
        let at = row * height * width + above;
        let images =
            y[(chunk.first + 4 * i) * image_size..].chunks_mut(image_size).map(|image| &mut image[at..at + size]);
        let mut parts = images.chain(spare.chunks_exact_mut(size));
        separate(pixels, core::array::from_fn(|_| parts.next().expect("four parts")));
    }
}
