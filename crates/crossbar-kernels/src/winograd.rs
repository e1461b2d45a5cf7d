//! 3×3 convolutions at stride 1 with 16 multiplications for four outputs instead of 36.
//!
//! F(2×2, 3×3) of Winograd (Lavin & Gray, CVPR 2016): y = Aᵀ[(G·g·Gᵀ) ∘ (Bᵀ·d·B)]A for tiles d of 4×4 inputs, y of 2×2 outputs.
//! Summed over channels, each of the 16 places of a tile is a product of its own: [outputs, channels]·[channels, tiles]. The
//! factors of the transforms are 1 and ½, so that little is lost to rounding: errors are 0.9 to 2.4 times the direct sum's
//! (measured by bench/topics/convolution.mjs; `conv_tests` holds both to the same bound).
//!
//! Vectors run over four images (forward pass and the input's gradient) or over four channels (the weights'): no shuffles.

use crate::conv::Conv;
use crate::gemm::{grown, multiply_block, panel_size, panel_width, Shape, Workspace};
use crate::image::{Axis, Window};
use crate::lanes::{copy, F32x4};
use crate::pack::{four, four_mut, separate, Matrix};
use crate::tiles::Planes;
use crate::random::TILE;
use crate::slide::{for_image_groups, Layout, Part, Slide};
use crate::tuning::{COLS, DEPTH, FOURS, LEAST_SIDE, MAX_WINOGRAD_FOUR, PANELS, WINOGRAD_COLUMNS};
use crate::variation::{as_tiles, tile_buffers, Draw, Weights};

/// Places of a tile.
const PLACES: usize = 16;

/// Whether a sliding window goes this way.
pub(crate) fn is_worth_to_slide(slide: &Slide) -> bool {
    slide.groups == 1 && slide.draw != Draw::Sample && slide.step == (1, 1) && is_worth(&slide.parts[0].window, slide.rows)
}

/// Whether a window of this many outputs does.
fn is_worth(window: &Window, outputs: usize) -> bool {
    let fits = |axis: Axis| axis.kernel == 3 && axis.stride == 1 && axis.dilation == 1 && axis.output() > 1;
    fits(window.y) && fits(window.x) && window.channels.min(outputs) >= LEAST_SIDE && 4 * window.padded() <= MAX_WINOGRAD_FOUR
}

type Tile<const N: usize> = [[F32x4; N]; N];

/// f along both axes of a tile.
#[inline(always)]
fn both<const N: usize, const M: usize>(f: impl Fn([F32x4; N]) -> [F32x4; M], tile: Tile<N>) -> Tile<M> {
    let columns: [[F32x4; M]; N] = core::array::from_fn(|j| f(core::array::from_fn(|i| tile[i][j])));
    core::array::from_fn(|i| f(core::array::from_fn(|j| columns[j][i])))
}

/// Bᵀd
#[inline(always)]
fn of_input([a, b, c, d]: [F32x4; 4]) -> [F32x4; 4] {
    [a.sub(c), b.add(c), c.sub(b), b.sub(d)]
}

/// Gg
#[inline(always)]
fn of_kernel([a, b, c]: [F32x4; 3]) -> [F32x4; 4] {
    let half = F32x4::splat(0.5);
    let (outer, middle) = (a.add(c).mul(half), b.mul(half));
    [a, outer.add(middle), outer.sub(middle), c]
}

/// Aᵀm
#[inline(always)]
fn to_output([a, b, c, d]: [F32x4; 4]) -> [F32x4; 2] {
    [a.add(b).add(c), b.sub(c).sub(d)]
}

/// Ay: the transpose of [`to_output`].
#[inline(always)]
fn of_output([a, b]: [F32x4; 2]) -> [F32x4; 4] {
    [a, a.add(b), a.sub(b), F32x4::splat(0.0).sub(b)]
}

/// Gᵀm: the transpose of [`of_kernel`].
#[inline(always)]
fn to_kernel([a, b, c, d]: [F32x4; 4]) -> [F32x4; 3] {
    let half = F32x4::splat(0.5);
    let (sum, difference) = (b.add(c).mul(half), b.sub(c).mul(half));
    [a.add(sum), difference, sum.add(d)]
}

/// An axis with an even number of outputs.
fn even(axis: Axis) -> Axis {
    Axis { after: axis.after + (axis.output() % 2) as isize, ..axis }
}

/// Where the places of some tiles go.
struct Target<'a> {
    out: &'a mut [f32],
    /// From one place of a tile to the next.
    stride: usize,
    /// From one tile to the next.
    step: usize,
}

/// Transforms `count` tiles along both axes: tile i has its rows at from[i·step + y·row..].
#[inline(never)]
fn transform_tiles<const N: usize>(
    from: &[f32],
    (row, step): (usize, usize),
    count: usize,
    f: impl Fn([F32x4; N]) -> [F32x4; 4] + Copy,
    to: Target,
) {
    for i in 0..count {
        let tile = core::array::from_fn(|y| load_fours(&from[i * step + y * row..]));
        store_places(both(f, tile), &mut to.out[i * to.step..], to.stride);
    }
}

/// N neighbouring vectors.
#[inline(always)]
fn load_fours<const N: usize>(from: &[f32]) -> [F32x4; N] {
    let (from, _) = from[..4 * N].as_chunks::<4>();
    core::array::from_fn(|i| F32x4::load(&from[i]))
}

/// The places of a tile, `stride` apart.
#[inline(always)]
fn store_places(tile: Tile<4>, out: &mut [f32], stride: usize) {
    for (f, value) in tile.as_flattened().iter().enumerate() {
        value.store(four_mut(&mut out[f * stride..]));
    }
}

/// The places of a tile, `stride` apart.
#[inline(always)]
fn load_places(from: &[f32], stride: usize) -> Tile<4> {
    core::array::from_fn(|y| core::array::from_fn(|x| F32x4::load(four(&from[(4 * y + x) * stride..]))))
}

/// G·g·Gᵀ of all kernels: out [place of a tile][output][channel], rows of channels `stride` apart.
#[inline(never)]
fn transform_kernels(weights: &Weights, outputs: usize, stride: usize, out: &mut [f32]) {
    let mut row = vec![0.0; 9 * stride];
    let mut buffer = tile_buffers(1);
    let buffer = &mut as_tiles(&mut buffer)[0];
    for output in 0..outputs {
        for tile in 0..weights.cols.div_ceil(TILE) {
            let segment = weights.segment(output, tile, buffer);
            copy(segment, &mut row[tile * TILE..][..segment.len()]);
        }
        for (i, kernels) in row.chunks_exact(36).enumerate() {
            let of_four = |place: usize| F32x4::load(&core::array::from_fn(|lane| kernels[9 * lane + place]));
            let kernel = core::array::from_fn(|y| core::array::from_fn(|x| of_four(3 * y + x)));
            store_places(both(of_kernel, kernel), &mut out[output * stride + 4 * i..], outputs * stride);
        }
    }
}

/// Packs what [`transform_kernels`] wrote, [place of a tile][rows packed, k]: rows are outputs, or channels with the kernels
/// turned by 180°, whose transform is this one with the first and last places of both axes swapped.
fn pack_kernels(kernels: &[f32], (outputs, stride): (usize, usize), (rows, k): (usize, usize), turned: bool, out: &mut [f32]) {
    for (place, out) in out.chunks_exact_mut(rows * k).enumerate() {
        let (y, x) = if turned { ([3, 1, 2, 0][place / 4], [3, 1, 2, 0][place % 4]) } else { (place / 4, place % 4) };
        let values = &kernels[(4 * y + x) * outputs * stride..];
        Matrix { values, stride, transposed: turned }.pack_rows(rows, k, out, PANELS);
    }
}

/// A chunk of tiles: rows [from, to) of the tiles of some fours of images.
#[derive(Clone, Copy)]
struct Chunk {
    fours: usize,
    from: usize,
    to: usize,
    /// Tiles in a row.
    width: usize,
}

impl Chunk {
    /// Tiles of one image.
    fn tiles(&self) -> usize {
        (self.to - self.from) * self.width
    }

    /// Columns of its product.
    fn columns(&self) -> usize {
        4 * self.fours * self.tiles()
    }
}

/// The forward pass, or the input's gradient, where it [`is_worth_to_slide`].
/// `turned`: the window's channels are the weights' outputs, and the kernels are turned by 180°.
pub(crate) fn slide(slide: &Slide, work: &mut Workspace, weights: &Weights, turned: bool, x: &[f32], y: &mut [f32]) {
    let Slide { parts, batch, rows, .. } = *slide;
    let Window { channels, y: vertical, x: horizontal, .. } = parts[0].window;
    let (height, width) = (vertical.output().div_ceil(2), horizontal.output().div_ceil(2));
    let window = Window { channels, y: even(vertical), x: even(horizontal), lanes: 4 };
    let tile_rows = (WINOGRAD_COLUMNS / (4 * width)).clamp(1, height);
    let fours = (WINOGRAD_COLUMNS / (4 * width * height)).clamp(1, batch.div_ceil(4));

    let mut kernels = std::mem::take(&mut work.kernels);
    let mut products = std::mem::take(&mut work.columns);
    let kernel = grown(&mut kernels, PLACES * rows * channels);
    let outputs = if turned { channels } else { rows };
    let stride = (weights.cols / 9).next_multiple_of(4);
    let transformed = grown(&mut products, PLACES * outputs * stride);
    transform_kernels(weights, outputs, stride, transformed);
    pack_kernels(transformed, (outputs, stride), (rows, channels), turned, kernel);
    let layout = Layout { at_once: fours, places_first: slide.places_first };
    let parts = [Part { window, first: (0, 0) }];
    for_image_groups(work, (&window, &parts), (x, batch, 1), layout, &mut |work, images, _, first| {
        for from in (0..height).step_by(tile_rows) {
            let chunk = Chunk { fours: images.count, from, to: height.min(from + tile_rows), width };
            let n = chunk.columns();
            let block = n.div_ceil(COLS) * panel_size(DEPTH, COLS);
            let place = channels.div_ceil(DEPTH) * block;
            let tiles = grown(&mut work.b, PLACES * place);
            transform_images(images.columns.image, &window, chunk, block, tiles);
            let products = grown(&mut products, PLACES * rows * n);
            for (f, product) in products.chunks_exact_mut(rows * n).enumerate() {
                let mut sink = Planes::matrix(product, n, false);
                for k0 in (0..channels).step_by(DEPTH) {
                    let depth = DEPTH.min(channels - k0);
                    let a = &kernel[(f * channels + k0) * rows..][..depth * rows];
                    let b = &tiles[f * place + k0 / DEPTH * block..];
                    multiply_block(Shape { m: rows, n, k: depth }, (a, b), (0, n), k0 == 0, &mut sink, PANELS);
                }
            }
            write_outputs(slide, products, chunk, first, y);
        }
    });
    work.kernels = kernels;
    work.columns = products;
}

/// BᵀdB of a chunk: out [place of a tile][block of channels][panel of eight columns][channel], a column for (four, tile, image).
#[inline(never)]
fn transform_images(image: &[f32], window: &Window, chunk: Chunk, block: usize, out: &mut [f32]) {
    let (n, tiles, stride) = (chunk.columns(), chunk.tiles(), window.row());
    let plane = window.padded() / window.channels;
    let place = window.channels.div_ceil(DEPTH) * block;
    for j in (0..n).step_by(4) {
        let (four, tile) = (j / 4 / tiles, j / 4 % tiles);
        let (ty, tx) = (chunk.from + tile / chunk.width, tile % chunk.width);
        let image = &image[four * window.padded() + 2 * ty * stride + 8 * tx..];
        let panel_start = j / COLS * COLS;
        let width = panel_width(panel_start, n);
        for c in (0..window.channels).step_by(DEPTH) {
            let depth = DEPTH.min(window.channels - c);
            let at = c / DEPTH * block + j / COLS * panel_size(depth, COLS) + (j - panel_start);
            let to = Target { out: &mut out[at..], stride: place, step: width };
            transform_tiles(&image[c * plane..], (stride, plane), depth, of_input, to);
        }
    }
}

/// y = AᵀmA + bias of a chunk whose first image is `first`; products [place of a tile][row][column].
#[inline(never)]
fn write_outputs(slide: &Slide, products: &[f32], chunk: Chunk, first: usize, y: &mut [f32]) {
    let (rows, n, tiles) = (slide.rows, chunk.columns(), chunk.tiles());
    let (height, width) = slide.size;
    let image_size = rows * height * width;
    let zero = F32x4::splat(0.0);
    let above = 2 * chunk.from * width;
    let size = (height.min(2 * chunk.to) - 2 * chunk.from) * width;
    let mut outputs = vec![0.0; 7 * size];
    let (pixels, spare) = outputs.split_at_mut(4 * size);
    for (i, row) in (0..chunk.fours).flat_map(|i| (0..rows).map(move |row| (i, row))) {
        let bias = F32x4::splat(if slide.bias.is_empty() { 0.0 } else { slide.bias[row] });
        for tile in 0..tiles {
            let (ty, tx) = (tile / chunk.width, tile % chunk.width);
            let places = load_places(&products[row * n + 4 * (i * tiles + tile)..], rows * n);
            let values = both(to_output, places);
            // An odd size ends within its last tiles.
            for (dy, values) in values.into_iter().enumerate().take(height - 2 * (chunk.from + ty)) {
                for (dx, value) in values.into_iter().enumerate().take(width - 2 * tx) {
                    let value = value.add(bias);
                    let value = if slide.is_rectified { value.max(zero) } else { value };
                    value.store(four_mut(&mut pixels[4 * ((2 * ty + dy) * width + 2 * tx + dx)..]));
                }
            }
        }
        let at = row * height * width + above;
        let images = y[(first + 4 * i) * image_size..].chunks_mut(image_size).map(|image| &mut image[at..at + size]);
        let mut parts = images.chain(spare.chunks_exact_mut(size));
        separate(pixels, core::array::from_fn(|_| parts.next().expect("four parts")));
    }
}

/// Whether the weights' gradient goes this way: vectors run over channels and outputs.
pub(crate) fn is_worth_for_weights(conv: &Conv) -> bool {
    let fills_vectors = conv.channels % 4 == 0 && conv.outputs % 4 == 0;
    conv.groups == 1 && fills_vectors && conv.x.output() <= DEPTH && is_worth(&conv.window(), conv.outputs)
}

/// dW = Gᵀ[Σ (A·dy·Aᵀ) ∘ (Bᵀ·d·B)]G over the tiles of all images.
pub(crate) fn backward_weight(work: &mut Workspace, conv: &Conv, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let Conv { batch, channels, outputs, y: vertical, x: horizontal, .. } = *conv;
    let (height, width) = (vertical.output().div_ceil(2), horizontal.output().div_ceil(2));
    // Four channels side by side, and four outputs.
    let input = Window { channels: 1, y: even(vertical), x: even(horizontal), lanes: 4 };
    let unit = |axis: Axis| even(Axis { input: axis.output(), kernel: 1, stride: 1, before: 0, after: 0, dilation: 1 });
    let output = Window { channels: 1, y: unit(vertical), x: unit(horizontal), lanes: 4 };
    let tile_rows = (DEPTH / width).clamp(1, height);
    let at_once = (DEPTH / (width * height)).clamp(1, batch);

    let mut gradients = std::mem::take(&mut work.a);
    let mut tiles = std::mem::take(&mut work.b);
    let mut sums = std::mem::take(&mut work.columns);
    let mut plane = std::mem::take(&mut work.image);
    let plane = grown(&mut plane, input.padded().max(output.padded()));
    let sum = grown(&mut sums, PLACES * outputs * channels);
    sum.fill(0.0);
    for first in (0..batch).step_by(at_once) {
        let images = at_once.min(batch - first);
        for from in (0..height).step_by(tile_rows) {
            let rows = tile_rows.min(height - from);
            let per_image = rows * width;
            let k = images * per_image;
            let a = grown(&mut gradients, PLACES * outputs * k);
            let panel = panel_size(k, COLS);
            let b = grown(&mut tiles, PLACES * channels.div_ceil(COLS) * panel);
            let place = channels.div_ceil(COLS) * panel;
            for i in 0..images {
                for c in (0..channels).step_by(4) {
                    let size = conv.input_pixels();
                    let start = ((first + i) * channels + c) * size;
                    input.pad(&|lane| &x[start + lane * size..], plane);
                    let lanes = panel_width(c / COLS * COLS, channels);
                    for row in 0..rows {
                        let at = c / COLS * panel + (i * rows + row) * width * lanes + c % COLS;
                        let to = Target { out: &mut b[at..], stride: place, step: lanes };
                        let stride = input.row();
                        transform_tiles(&plane[2 * (from + row) * stride..], (stride, 8), width, of_input, to);
                    }
                }
                for o in (0..outputs).step_by(4) {
                    let size = conv.output_pixels();
                    let start = ((first + i) * outputs + o) * size;
                    output.pad(&|lane| &dy[start + lane * size..], plane);
                    for row in 0..rows {
                        let at = o * k + (i * rows + row) * width * 4;
                        let to = Target { out: &mut a[at..], stride: outputs * k, step: 4 };
                        let stride = output.row();
                        transform_tiles(&plane[2 * (from + row) * stride..], (stride, 8), width, of_output, to);
                    }
                }
            }
            for (f, sum) in sum.chunks_exact_mut(outputs * channels).enumerate() {
                let mut sink = Planes::matrix(sum, channels, true);
                let (a, b) = (&a[f * outputs * k..][..outputs * k], &b[f * place..][..place]);
                multiply_block(Shape { m: outputs, n: channels, k }, (a, b), (0, channels), true, &mut sink, &FOURS);
            }
        }
    }
    for (i, dw) in dw.chunks_exact_mut(4 * 9).enumerate() {
        let kernel = both(to_kernel, load_places(&sum[4 * i..], outputs * channels));
        for (place, value) in kernel.as_flattened().iter().enumerate() {
            for (lane, value) in value.to_array().into_iter().enumerate() {
                dw[9 * lane + place] = value;
            }
        }
    }
    work.a = gradients;
    work.b = tiles;
    work.columns = sums;
}
