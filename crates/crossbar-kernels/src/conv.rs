//! Convolution as a product that packs straight from the image, with varied weights, and its two backward passes.
//!
//! Layouts: x [n, c, h, w], W [oc, c/groups, kh, kw], y [n, oc, oh, ow]. As a matrix, W is [oc, c/groups·kh·kw].

use crate::gemm::{grown, multiply_at, Shape, Sink, Workspace, DEPTH, ROWS};
use crate::image::{is_run, Axis, ImageColumns, ImageRows, Window};
use crate::lanes::F32x4;
use crate::pack::{interleave_some, pack_weight_rows, Matrix};
use crate::random::TILE;
use crate::variation::{Draw, Variation, Weights};

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
    fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    fn group_outputs(&self) -> usize {
        self.outputs / self.groups
    }

    /// Columns of W as a matrix.
    fn terms(&self) -> usize {
        self.window().terms()
    }

    fn input_pixels(&self) -> usize {
        self.y.input * self.x.input
    }

    /// Output height times width.
    pub fn output_pixels(&self) -> usize {
        self.y.output() * self.x.output()
    }

    /// The window over one group's channels.
    fn window(&self) -> Window {
        Window { channels: self.group_channels(), y: self.y, x: self.x }
    }

    /// The window over one group's output gradients that gives the input's, for stride 1: the kernel turned by 180°.
    fn turned_window(&self) -> Window {
        let turn = |axis: Axis| {
            let reach = (axis.dilation * (axis.kernel - 1)) as isize;
            Axis { input: axis.output(), stride: 1, before: reach - axis.before, after: reach - axis.after, ..axis }
        };
        Window { channels: self.group_outputs(), y: turn(self.y), x: turn(self.x) }
    }

    /// Images that share one call of the product: enough columns for a block, few enough to stay in cache.
    fn images_at_once(&self, pixels: usize, draw: Draw) -> usize {
        if draw == Draw::Sample {
            1
        } else {
            (COLUMNS_AT_ONCE / pixels.max(1)).clamp(1, self.batch.max(1))
        }
    }
}

/// Columns that a call of the product should have at least, where images are small.
const COLUMNS_AT_ONCE: usize = 256;

/// Below this many rows packing the image costs more than it saves; with more terms than a block it is needed anyway.
const DIRECT_ROWS: usize = 32;

/// Tiles into [image][rows][pixels], `bias` a row.
struct Planes<'a> {
    values: &'a mut [f32],
    /// Values from one image to the next.
    image_stride: usize,
    pixels: usize,
    bias: &'a [f32],
}

impl Sink for Planes<'_> {
    #[inline(always)]
    fn tile<const R: usize, const C: usize>(&mut self, i: usize, j: usize, cols: usize, first: bool, tile: [[F32x4; C]; R]) {
        let (image, pixel) = (j / self.pixels, j % self.pixels);
        let whole = cols == 4 * C && pixel + cols <= self.pixels;
        for (r, mut lanes) in tile.into_iter().enumerate() {
            let row = i + r;
            if first && !self.bias.is_empty() {
                let bias = F32x4::splat(self.bias[row]);
                lanes = lanes.map(|lanes| lanes.add(bias));
            }
            if whole {
                let at = image * self.image_stride + row * self.pixels + pixel;
                let (to, _) = self.values[at..at + 4 * C].as_chunks_mut::<4>();
                for (to, lanes) in to.iter_mut().zip(lanes) {
                    if first { lanes } else { F32x4::load(to).add(lanes) }.store(to);
                }
            } else {
                for column in 0..cols {
                    let value = lanes[column / 4].to_array()[column % 4];
                    let (image, pixel) = ((j + column) / self.pixels, (j + column) % self.pixels);
                    let to = &mut self.values[image * self.image_stride + row * self.pixels + pixel];
                    *to = if first { value } else { *to + value };
                }
            }
        }
    }
}

/// Offset tables and padded images of one group of images, in the workspace.
struct Gathered<'a> {
    columns: ImageColumns<'a>,
    count: usize,
}

/// Runs `each(work, columns, first image, count)` over the images of one channel group, padded a few at a time.
fn for_image_groups(
    work: &mut Workspace,
    window: &Window,
    (values, image_stride, batch): (&[f32], usize, usize),
    at_once: usize,
    mut each: impl FnMut(&mut Workspace, Gathered, usize),
) {
    let mut offsets = std::mem::take(&mut work.offsets);
    let mut padded = std::mem::take(&mut work.image);
    let (terms, pixels) = (window.terms(), window.pixels());
    let (offset, base) = grown(&mut offsets, terms + at_once * pixels).split_at_mut(terms);
    window.offsets(offset);
    window.bases(at_once, base);
    let size = window.padded();
    let is_bare = [window.y, window.x].iter().all(|axis| axis.before == 0 && axis.after == 0);
    for first in (0..batch).step_by(at_once) {
        let count = at_once.min(batch - first);
        // Unpadded images of one group are contiguous already: read them where they are.
        let image = if is_bare && (image_stride == size || count == 1) {
            &values[first * image_stride..][..(count - 1) * image_stride + size]
        } else {
            let padded = grown(&mut padded, count * size);
            for (i, padded) in padded.chunks_exact_mut(size.max(1)).enumerate() {
                window.pad(&values[(first + i) * image_stride..], padded);
            }
            &padded[..]
        };
        let columns = ImageColumns { image, base: &base[..count * pixels], offset };
        each(work, Gathered { columns, count }, first);
    }
    work.offsets = offsets;
    work.image = padded;
}

/// y = W∗x + b.  `bias` is empty or [oc].
pub fn forward(work: &mut Workspace, conv: &Conv, (x, w, bias): (&[f32], &[f32], &[f32]), variation: Variation, y: &mut [f32]) {
    let window = conv.window();
    let (rows, terms, pixels) = (conv.group_outputs(), conv.terms(), conv.output_pixels());
    if pixels == 0 || conv.batch == 0 || rows == 0 {
        return;
    }
    let at_once = conv.images_at_once(pixels, variation.draw);
    let mut packed = std::mem::take(&mut work.a);
    for group in 0..conv.groups {
        let x = &x[group * conv.group_channels() * conv.input_pixels()..];
        let y_start = group * rows * pixels;
        let bias = if bias.is_empty() { bias } else { &bias[group * rows..][..rows] };
        let packed = grown(&mut packed, rows * terms);
        let source = (x, conv.channels * conv.input_pixels(), conv.batch);
        for_image_groups(work, &window, source, at_once, |work, images, first| {
            if first == 0 || variation.draw == Draw::Sample {
                let weights = Weights { values: w, cols: terms, variation, sample: first as u32 };
                pack_weight_rows(&weights, group * rows, rows, packed);
            }
            let image_stride = conv.outputs * pixels;
            let mut sink = Planes { values: &mut y[first * image_stride + y_start..], image_stride, pixels, bias };
            image_product(work, rows, packed, images, &mut sink);
        });
    }
    work.a = packed;
}

/// The product of packed rows and a group of images, packing the images only where that pays.
fn image_product(work: &mut Workspace, m: usize, packed: &[f32], images: Gathered, sink: &mut Planes) {
    let mut columns = images.columns;
    let (n, k) = (columns.base.len(), columns.offset.len());
    if m > DIRECT_ROWS || k > DEPTH {
        return multiply_at(Shape { m, n, k }, DEPTH, packed, &mut work.b, &mut columns, sink);
    }
    let mut j = 0;
    while j < n {
        // A run of columns side by side in the image: eight, or four, or else packed.
        if j + 8 <= n && is_run(&columns.base[j..j + 8]) {
            direct_rows::<2>(m, packed, &columns, j, sink);
            j += 8;
        } else if j + 4 <= n && is_run(&columns.base[j..j + 4]) {
            direct_rows::<1>(m, packed, &columns, j, sink);
            j += 4;
        } else {
            let end = n.min(j + 4);
            let few = ImageColumns { base: &columns.base[j..end], ..columns };
            let mut shifted = Shifted { sink, by: j };
            multiply_at(Shape { m, n: end - j, k }, DEPTH, packed, &mut work.b, &mut { few }, &mut shifted);
            j = end;
        }
    }
}

/// A sink whose columns start at `by`.
struct Shifted<'a, 'b> {
    sink: &'a mut Planes<'b>,
    by: usize,
}

impl Sink for Shifted<'_, '_> {
    #[inline(always)]
    fn tile<const R: usize, const C: usize>(&mut self, i: usize, j: usize, cols: usize, first: bool, tile: [[F32x4; C]; R]) {
        self.sink.tile(i, j + self.by, cols, first, tile);
    }
}

fn direct_rows<const C: usize>(m: usize, packed: &[f32], columns: &ImageColumns, j: usize, sink: &mut Planes) {
    let k = columns.offset.len();
    let base = columns.base[j];
    for i in (0..m).step_by(ROWS) {
        let rows = ROWS.min(m - i);
        let a = &packed[i * k..(i + rows) * k];
        match rows {
            4 => sink.tile(i, j, 4 * C, true, columns.direct::<4, C>(a, base)),
            3 => sink.tile(i, j, 4 * C, true, columns.direct::<3, C>(a, base)),
            2 => sink.tile(i, j, 4 * C, true, columns.direct::<2, C>(a, base)),
            _ => sink.tile(i, j, 4 * C, true, columns.direct::<1, C>(a, base)),
        }
    }
}

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

/// Stride 1: the input's gradient is a convolution of the output's with the kernel turned.
fn backward_input_turned(work: &mut Workspace, conv: &Conv, dy: &[f32], w: &[f32], variation: Variation, dx: &mut [f32]) {
    let window = conv.turned_window();
    let (rows, terms, pixels) = (conv.group_channels(), window.terms(), conv.input_pixels());
    let at_once = conv.images_at_once(pixels, variation.draw);
    let mut packed = std::mem::take(&mut work.a);
    for group in 0..conv.groups {
        let dy = &dy[group * conv.group_outputs() * conv.output_pixels()..];
        let dx_start = group * rows * pixels;
        let packed = grown(&mut packed, rows * terms);
        let source = (dy, conv.outputs * conv.output_pixels(), conv.batch);
        for_image_groups(work, &window, source, at_once, |work, images, first| {
            if first == 0 || variation.draw == Draw::Sample {
                let weights = Weights { values: w, cols: conv.terms(), variation, sample: first as u32 };
                pack_turned(conv, &weights, group, packed);
            }
            let image_stride = conv.channels * pixels;
            let mut sink = Planes { values: &mut dx[first * image_stride + dx_start..], image_stride, pixels, bias: &[] };
            image_product(work, rows, packed, images, &mut sink);
        });
    }
    work.a = packed;
}

/// Packs the turned kernel of a group as A: row = input channel, k = (output, kernel place backwards).
fn pack_turned(conv: &Conv, weights: &Weights, group: usize, out: &mut [f32]) {
    let m = conv.group_channels();
    let places = conv.y.kernel * conv.x.kernel;
    let k = conv.group_outputs() * places;
    let mut buffer = [0.0; TILE];
    for output in 0..conv.group_outputs() {
        for tile in 0..weights.cols.div_ceil(TILE) {
            let segment = weights.segment(group * conv.group_outputs() + output, tile, &mut buffer);
            let mut channel = tile * TILE / places;
            let mut place = tile * TILE % places;
            for &value in segment {
                let at_k = output * places + (places - 1 - place);
                let k0 = at_k / DEPTH * DEPTH;
                let depth = DEPTH.min(k - k0);
                let panel = channel / ROWS * ROWS;
                let rows = ROWS.min(m - panel);
                out[k0 * m + panel * depth + (at_k - k0) * rows + (channel - panel)] = value;
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
    window.offsets(offset);
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
            let mut sink = Planes { values: columns, image_stride: 0, pixels, bias: &[] };
            let mut matrix = Matrix { values: dy, stride: pixels, transposed: false };
            multiply_at(Shape { m: terms, n: pixels, k: outputs }, DEPTH, packed, &mut work.b, &mut matrix, &mut sink);
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
        let k0 = row / DEPTH * DEPTH;
        let depth = DEPTH.min(k - k0);
        for tile in 0..m.div_ceil(TILE) {
            let segment = weights.segment(row0 + row, tile, &mut buffer);
            for (i, values) in segment.chunks(ROWS).enumerate() {
                let i = tile * TILE + i * ROWS;
                let at = k0 * m + i * depth + (row - k0) * values.len();
                out[at..at + values.len()].copy_from_slice(values);
            }
        }
    }
}

/// dW = Σ over images and pixels of dy·xᵀ. Straight through: the variation plays no part.
pub fn backward_weight(work: &mut Workspace, conv: &Conv, (x, dy): (&[f32], &[f32]), dw: &mut [f32]) {
    let window = conv.window();
    let (rows, terms, pixels) = (conv.group_outputs(), conv.terms(), conv.output_pixels());
    dw.fill(0.0);
    if pixels == 0 || conv.batch == 0 || rows == 0 {
        return;
    }
    let at_once = conv.images_at_once(pixels, Draw::None);
    let mut packed = std::mem::take(&mut work.a);
    for group in 0..conv.groups {
        let x = &x[group * conv.group_channels() * conv.input_pixels()..];
        let dw = &mut dw[group * rows * terms..][..rows * terms];
        let source = (x, conv.channels * conv.input_pixels(), conv.batch);
        for_image_groups(work, &window, source, at_once, |work, images, first| {
            let k = images.count * pixels;
            let depth = even_depth(k);
            let planes = &dy[(first * conv.outputs + group * rows) * pixels..];
            let packed = grown(&mut packed, rows * k);
            pack_planes(planes, (rows, pixels, conv.outputs * pixels), (k, depth), packed);
            let mut sink = crate::gemm::RowMajor { values: dw, stride: terms, accumulate: true, bias: &[] };
            multiply_at(Shape { m: rows, n: terms, k }, depth, packed, &mut work.b, &mut ImageRows(images.columns), &mut sink);
        });
    }
    work.a = packed;
}

/// A depth of at most [`DEPTH`] that splits k evenly: no short last block, whose pass over C would cost as much as a full one.
fn even_depth(k: usize) -> usize {
    k.div_ceil(k.div_ceil(DEPTH).max(1)).next_multiple_of(4)
}

/// Packs [image][row][pixels] as A with k = (image, pixel).
fn pack_planes(planes: &[f32], (m, pixels, image_stride): (usize, usize, usize), (k, depth): (usize, usize), out: &mut [f32]) {
    for k0 in (0..k).step_by(depth) {
        let k1 = k.min(k0 + depth);
        for i in (0..m).step_by(ROWS) {
            let rows = ROWS.min(m - i);
            let out = &mut out[k0 * m + i * (k1 - k0)..][..rows * (k1 - k0)];
            let mut at = k0;
            while at < k1 {
                let (image, pixel) = (at / pixels, at % pixels);
                let count = (pixels - pixel).min(k1 - at);
                let row = |r: usize| &planes[image * image_stride + (i + r) * pixels + pixel..][..count];
                interleave_some(rows, rows, row, &mut out[(at - k0) * rows..]);
                at += count;
            }
        }
    }
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
mod tests {
    use super::*;
    use crate::gemm::tests::{distance, normals};
    use crate::variation::varied_weight;

    fn cases() -> Vec<Conv> {
        let axis = |input, kernel, stride, before, after, dilation| Axis { input, kernel, stride, before, after, dilation };
        let square = |batch, channels, outputs, groups, axis: Axis| Conv { batch, channels, outputs, groups, y: axis, x: axis };
        let mut cases = vec![
            square(2, 1, 6, 1, axis(12, 5, 1, 2, 2, 1)),
            square(3, 6, 16, 1, axis(14, 5, 1, 0, 0, 1)),
            square(2, 3, 40, 1, axis(9, 3, 1, 1, 1, 1)),
            square(5, 40, 33, 1, axis(4, 3, 1, 1, 1, 1)),
            square(9, 32, 8, 1, axis(3, 3, 1, 1, 1, 1)),
            square(2, 3, 5, 1, axis(11, 3, 2, 1, 1, 1)),
            square(2, 4, 6, 1, axis(8, 2, 3, 0, 1, 1)),
            square(2, 4, 6, 2, axis(9, 3, 1, 2, 2, 2)),
            square(2, 4, 6, 2, axis(9, 3, 2, 2, 1, 2)),
            square(2, 5, 5, 5, axis(10, 3, 1, 1, 1, 1)),
            square(2, 5, 10, 5, axis(10, 3, 2, 1, 1, 1)),
            square(2, 7, 9, 1, axis(5, 1, 1, 0, 0, 1)),
            square(2, 300, 3, 1, axis(6, 1, 2, 0, 0, 1)),
            square(1, 2, 3, 1, axis(3, 3, 1, 4, 5, 1)),
            square(1, 1, 1, 1, axis(1, 1, 1, 0, 0, 1)),
            square(0, 2, 3, 1, axis(4, 3, 1, 1, 1, 1)),
            square(2, 2, 3, 1, axis(2, 3, 1, 0, 0, 1)),
        ];
        cases.push(Conv { y: axis(7, 3, 2, 1, 0, 1), x: axis(13, 5, 1, 0, 3, 2), ..square(2, 3, 4, 1, axis(1, 1, 1, 0, 0, 1)) });
        cases
    }

    /// Calls f(n, output, output pixel, channel, input pixel, weight index) for every product of the convolution.
    fn walk(conv: &Conv, mut f: impl FnMut(usize, usize, usize, usize, usize, usize)) {
        let (cg, og) = (conv.group_channels(), conv.group_outputs());
        for n in 0..conv.batch {
            for o in 0..conv.outputs {
                for (oy, ox) in (0..conv.y.output()).flat_map(|y| (0..conv.x.output()).map(move |x| (y, x))) {
                    for c in 0..cg {
                        for (ky, kx) in (0..conv.y.kernel).flat_map(|y| (0..conv.x.kernel).map(move |x| (y, x))) {
                            let y = (oy * conv.y.stride + ky * conv.y.dilation) as isize - conv.y.before;
                            let x = (ox * conv.x.stride + kx * conv.x.dilation) as isize - conv.x.before;
                            if y >= 0 && x >= 0 && (y as usize) < conv.y.input && (x as usize) < conv.x.input {
                                let weight = ((o * cg + c) * conv.y.kernel + ky) * conv.x.kernel + kx;
                                let pixel = y as usize * conv.x.input + x as usize;
                                f(n, o, oy * conv.x.output() + ox, o / og * cg + c, pixel, weight);
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn agree_with_the_loops() {
        let mut work = Workspace::default();
        for conv in cases() {
            let (pi, po) = (conv.input_pixels(), conv.output_pixels());
            let x = normals(1, conv.batch * conv.channels * pi);
            let w = normals(2, conv.outputs * conv.terms());
            let bias = normals(3, conv.outputs);
            let dy = normals(4, conv.batch * conv.outputs * po);
            for draw in [Draw::None, Draw::Batch, Draw::Sample] {
                let variation = Variation { draw, s_max: 3.0, sigma_outer: 0.1, sigma_mid: 0.3, key: 5, first_sample: 0 };
                let varied: Vec<Vec<f32>> = (0..conv.batch)
                    .map(|n| {
                        let sample = if draw == Draw::Sample { n as u32 } else { 0 };
                        let mut out = w.clone();
                        varied_weight(&Weights { values: &w, cols: conv.terms(), variation, sample }, &mut out);
                        out
                    })
                    .collect();
                let mut want_y: Vec<f64> = (0..dy.len()).map(|i| f64::from(bias[i / po % conv.outputs])).collect();
                let mut want_dx = vec![0.0; x.len()];
                walk(&conv, |n, o, p, c, q, weight| {
                    let (w, to, from) = (f64::from(varied[n][weight]), (n * conv.outputs + o) * po + p, (n * conv.channels + c) * pi + q);
                    want_y[to] += w * f64::from(x[from]);
                    want_dx[from] += w * f64::from(dy[to]);
                });
                let (mut y, mut dx) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()]);
                forward(&mut work, &conv, (&x, &w, &bias), variation, &mut y);
                assert!(distance(&y, &want_y) < 3e-6, "forward {draw:?} {conv:?}");
                backward_input(&mut work, &conv, (&dy, &w), variation, &mut dx);
                assert!(distance(&dx, &want_dx) < 3e-6, "input {draw:?} {conv:?}");
            }
            let mut want_dw = vec![0.0; w.len()];
            walk(&conv, |n, o, p, c, q, weight| {
                want_dw[weight] += f64::from(dy[(n * conv.outputs + o) * po + p]) * f64::from(x[(n * conv.channels + c) * pi + q]);
            });
            let mut dw = vec![f32::NAN; w.len()];
            backward_weight(&mut work, &conv, (&x, &dy), &mut dw);
            assert!(distance(&dw, &want_dw) < 3e-6, "weight {conv:?}");
        }
    }

    #[test]
    fn images_alone_have_the_same_bits() {
        let mut work = Workspace::default();
        for conv in cases() {
            let (pi, po) = (conv.input_pixels() * conv.channels, conv.output_pixels() * conv.outputs);
            let x = normals(1, conv.batch * pi);
            let w = normals(2, conv.outputs * conv.terms());
            let mut y = vec![0.0; conv.batch * po];
            forward(&mut work, &conv, (&x, &w, &[]), Variation::NONE, &mut y);
            for n in 0..conv.batch {
                let mut one = vec![0.0; po];
                forward(&mut work, &Conv { batch: 1, ..conv }, (&x[n * pi..][..pi], &w, &[]), Variation::NONE, &mut one);
                assert_eq!(one, y[n * po..][..po], "{conv:?}");
            }
        }
    }

    #[test]
    fn sums_of_channels() {
        let x = normals(1, 2 * 3 * 7);
        let mut out = [f32::NAN; 3];
        channel_sum(&x, 3, 7, &mut out);
        let want: Vec<f64> = (0..3).map(|c| (0..2).flat_map(|n| (0..7).map(move |p| (n, p))).map(|(n, p)| f64::from(x[(n * 3 + c) * 7 + p])).sum()).collect();
        assert!(distance(&out, &want) < 1e-6);
    }
}
