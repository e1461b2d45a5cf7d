//! Convolution as a product that packs straight from the image, with varied weights. Its backward passes are
//! in `conv_input` and `conv_weight`.
//!
//! Layouts: x [n, c, h, w], W [oc, c/groups, kh, kw], y [n, oc, oh, ow]. As a matrix, W is [oc, c/groups·kh·kw].

use crate::elementwise::rectify;
use crate::gemm::{grown, multiply, panels, Shape, Sink, Workspace, DEPTH};
use crate::image::{is_run, Axis, ImageColumns, Window};
use crate::lanes::F32x4;
use crate::micro::{self, Offsets};
use crate::pack::{pack_weight_rows, separate};
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

    /// The window over one group's channels.
    pub(crate) fn window(&self) -> Window {
        Window { channels: self.group_channels(), y: self.y, x: self.x }
    }
}

/// Columns that a call of the product should have at least, where images are small.
pub(crate) const COLUMNS_AT_ONCE: usize = 256;

/// Up to this many rows the image is read where it is: packing it would cost more than it saves.
pub(crate) const DIRECT_ROWS: usize = 32;

/// Tiles into [image][rows][pixels], `bias` a row.
pub(crate) struct Planes<'a> {
    pub values: &'a mut [f32],
    /// Values from one image to the next.
    pub image_stride: usize,
    pub pixels: usize,
    pub bias: &'a [f32],
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

/// A few padded images and where their columns lie.
pub(crate) struct Images<'a> {
    pub columns: ImageColumns<'a>,
    pub count: usize,
    /// The window whose positions the columns are.
    pub window: &'a Window,
    /// Whether k runs over the kernel's places first: then places that see nothing but padding are left out.
    pub places_first: bool,
}

/// How [`for_image_groups`] lays images out.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// Images, or fours of images, in a group.
    pub at_once: usize,
    /// Images side by side, 1 or 4; the window's x axis is [`Axis::widened`] by as much.
    pub lanes: usize,
    /// The order of k, see [`Window::offsets`].
    pub places_first: bool,
}

/// Runs `each(work, images, channel group, first image)` over a batch [batch, groups·channels, h, w], a few padded images of one
/// group at a time. The tables of offsets serve all of them.
pub(crate) fn for_image_groups(
    work: &mut Workspace,
    window: &Window,
    (values, batch, groups): (&[f32], usize, usize),
    Layout { at_once, lanes, places_first }: Layout,
    each: &mut dyn FnMut(&mut Workspace, Images, usize, usize),
) {
    let mut offsets = std::mem::take(&mut work.offsets);
    let mut padded = std::mem::take(&mut work.image);
    let (terms, pixels) = (window.terms(), window.pixels());
    let (offset, base) = grown(&mut offsets, terms + at_once * pixels).split_at_mut(terms);
    window.offsets(places_first, offset);
    window.bases(at_once, base);
    let size = window.padded();
    let group_stride = window.channels * window.y.input * window.x.input / lanes;
    let image_stride = groups * group_stride;
    let is_bare = lanes == 1 && [window.y, window.x].iter().all(|axis| axis.before == 0 && axis.after == 0);
    for group in 0..groups {
        let values = &values[group * group_stride..];
        for first in (0..batch).step_by(at_once * lanes) {
            let count = at_once.min((batch - first) / lanes);
            // Unpadded images of one group are contiguous already: read them where they are.
            let image = if is_bare && (image_stride == size || count == 1) {
                &values[first * image_stride..][..(count - 1) * image_stride + size]
            } else {
                let padded = grown(&mut padded, count * size);
                for (i, padded) in padded.chunks_exact_mut(size.max(1)).enumerate() {
                    let image = |lane: usize| &values[(first + i * lanes + lane) * image_stride..];
                    if lanes == 1 {
                        window.pad(image(0), padded);
                    } else {
                        window.pad_four(core::array::from_fn(image), padded);
                    }
                }
                &padded[..]
            };
            let columns = ImageColumns { image, base: &base[..count * pixels], offset };
            each(work, Images { columns, count, window, places_first }, group, first);
        }
    }
    work.offsets = offsets;
    work.image = padded;
}

/// A window slid over all images with packed rows of weights: the forward pass and, at stride 1, the input's gradient.
pub(crate) struct Slide<'a> {
    /// Over one group's channels.
    pub window: Window,
    pub batch: usize,
    pub groups: usize,
    /// Rows of weights a group.
    pub rows: usize,
    pub draw: Draw,
    pub places_first: bool,
    /// Empty, or one a row of every group.
    pub bias: &'a [f32],
    /// Whether y is max(that, 0).
    pub is_rectified: bool,
}

/// Values of four padded images at most for these to go side by side: half of a small second-level cache.
const MAX_FOUR: usize = 1 << 16;

impl Slide<'_> {
    /// y [batch, groups·rows, pixels] from x; `pack(sample, group, out)` packs a group's rows.
    ///
    /// Where images are read in place, four of them go side by side: rows of pixels then fill whole vectors whatever their
    /// width, and borders can be left out exactly. Images that are left over go one by one, with the same sums.
    pub fn run(&self, work: &mut Workspace, x: &[f32], y: &mut [f32], pack: &mut dyn FnMut(usize, usize, &mut [f32])) {
        let fours = if self.fits_four() { self.batch / 4 * 4 } else { 0 };
        let input = self.groups * self.window.channels * self.window.y.input * self.window.x.input;
        let (x, rest) = x.split_at(fours * input);
        let (y, y_rest) = y.split_at_mut(fours * self.groups * self.rows * self.window.pixels());
        self.run_lanes(work, (x, fours, 4), y, pack);
        self.run_lanes(work, (rest, self.batch - fours, 1), y_rest, pack);
    }

    fn fits_four(&self) -> bool {
        let Window { x, .. } = self.window;
        let is_direct = self.rows <= DIRECT_ROWS && x.stride == 1 && x.output() >= 4;
        is_direct && self.draw != Draw::Sample && 4 * self.window.padded() <= MAX_FOUR
    }

    fn run_lanes(
        &self,
        work: &mut Workspace,
        (x, batch, lanes): (&[f32], usize, usize),
        y: &mut [f32],
        pack: &mut dyn FnMut(usize, usize, &mut [f32]),
    ) {
        let (rows, pixels) = (self.rows, self.window.pixels());
        if batch == 0 {
            return;
        }
        let window = Window { x: self.window.x.widened(lanes), ..self.window };
        let at_once = if self.draw == Draw::Sample || lanes > 1 { 1 } else { (COLUMNS_AT_ONCE / pixels.max(1)).clamp(1, batch) };
        let layout = Layout { at_once, lanes, places_first: self.places_first };
        let mut packed_rows = std::mem::take(&mut work.a);
        let mut four = std::mem::take(&mut work.columns);
        let packed = grown(&mut packed_rows, rows * window.terms());
        for_image_groups(work, &window, (x, batch, self.groups), layout, &mut |work, images, group, first| {
            if first == 0 || self.draw == Draw::Sample {
                pack(first, group, packed);
            }
            let image_stride = self.groups * rows * pixels;
            let values = &mut y[first * image_stride + group * rows * pixels..];
            let bias = if self.bias.is_empty() { self.bias } else { &self.bias[group * rows..][..rows] };
            if lanes == 1 {
                let count = images.count;
                image_product(work, rows, packed, images, &mut Planes { values, image_stride, pixels, bias });
                if self.is_rectified {
                    values.chunks_mut(image_stride).take(count).for_each(|image| rectify(&mut image[..rows * pixels]));
                }
                return;
            }
            let four = grown(&mut four, lanes * rows * pixels);
            image_product(work, rows, packed, images, &mut Planes { values: four, image_stride: 0, pixels: lanes * pixels, bias });
            if self.is_rectified {
                rectify(four);
            }
            let mut parts = values.chunks_mut(image_stride);
            separate(four, core::array::from_fn(|_| &mut parts.next().expect("four images")[..rows * pixels]));
        });
        work.a = packed_rows;
        work.columns = four;
    }
}

/// y = W∗x + b, or max(that, 0).  `bias` is empty or [oc].
pub fn forward(
    work: &mut Workspace,
    conv: &Conv,
    (x, w, bias): (&[f32], &[f32], &[f32]),
    variation: Variation,
    (y, is_rectified): (&mut [f32], bool),
) {
    let (window, rows) = (conv.window(), conv.group_outputs());
    if conv.output_pixels() == 0 || conv.batch == 0 || rows == 0 {
        return;
    }
    // With one channel both orders of k are the same.
    let slide =
        Slide { window, batch: conv.batch, groups: conv.groups, rows, draw: variation.draw, places_first: window.channels == 1, bias, is_rectified };
    slide.run(work, x, y, &mut |sample, group, packed| {
        let weights = Weights { values: w, cols: conv.terms(), variation, sample: sample as u32 };
        pack_weight_rows(&weights, group * rows, rows, packed);
    });
}

/// The product of packed rows and a group of images, packing the images only where that pays.
#[inline(never)]
fn image_product(work: &mut Workspace, m: usize, packed: &[f32], images: Images, sink: &mut Planes) {
    let mut columns = images.columns;
    let width = images.window.x.output();
    if m > DIRECT_ROWS || width < 4 || !is_run(&columns.base[..width]) {
        let shape = Shape { m, n: columns.base.len(), k: columns.offset.len() };
        return multiply(shape, DEPTH, packed, &mut work.b, &mut columns, sink);
    }
    let Window { y: vertical, x: horizontal, channels } = *images.window;
    let height = vertical.output();
    let offsets = Offsets::new(columns.offset);
    // The kernel's columns that matter to each run of eight outputs; short sums aren't worth being torn apart for it.
    let kernel_columns: Vec<_> = (0..width)
        .step_by(8)
        .map(|x| if images.places_first && channels >= 8 { horizontal.kernel_range(x, x + 7) } else { (0, horizontal.kernel) })
        .collect();
    for row in 0..columns.base.len() / width {
        let (image, y) = (row / height, row % height);
        let first = image * sink.image_stride + y * width;
        let image = &columns.image[columns.base[row * width]..];
        let rows = if images.places_first { vertical.kernel_range(y, y) } else { (0, vertical.kernel) };
        let places = Places { rows, columns: &kernel_columns, width: horizontal.kernel, channels };
        let from = Row { image, offsets, places, packed, m, width };
        for (i, count) in panels(m) {
            let to = first + i * sink.pixels;
            match (count, width < 8) {
                (4, false) => from.into_planes::<4, 2>(i, to, sink),
                (3, false) => from.into_planes::<3, 2>(i, to, sink),
                (2, false) => from.into_planes::<2, 2>(i, to, sink),
                (1, false) => from.into_planes::<1, 2>(i, to, sink),
                (4, _) => from.into_planes::<4, 1>(i, to, sink),
                (3, _) => from.into_planes::<3, 1>(i, to, sink),
                (2, _) => from.into_planes::<2, 1>(i, to, sink),
                _ => from.into_planes::<1, 1>(i, to, sink),
            }
        }
    }
}

/// Which places of the kernel see more than padding.
#[derive(Clone, Copy)]
struct Places<'a> {
    /// Rows [from, to) of the kernel.
    rows: (usize, usize),
    /// Columns [from, to) of the kernel, for each run of eight outputs.
    columns: &'a [(usize, usize)],
    /// Columns of the kernel.
    width: usize,
    channels: usize,
}

/// One row of output pixels, side by side in the image.
struct Row<'a> {
    /// From the row's first pixel on.
    image: &'a [f32],
    offsets: Offsets<'a>,
    /// The places that matter; all, where k doesn't run over places first.
    places: Places<'a>,
    packed: &'a [f32],
    m: usize,
    width: usize,
}

impl Row<'_> {
    /// The R output rows from i on, written from `to` on, one plane apart. The last tile may overlap the one before: it
    /// computes some pixels twice, to the same bits.
    #[inline(never)]
    fn into_planes<const R: usize, const C: usize>(&self, i: usize, to: usize, sink: &mut Planes) {
        let bias: [f32; R] = core::array::from_fn(|r| if sink.bias.is_empty() { 0.0 } else { sink.bias[i + r] });
        let (width, step) = (self.width, sink.pixels);
        let planes = &mut sink.values[to..to + (R - 1) * step + width];
        for x in (0..width).step_by(4 * C) {
            self.tile::<R, C>(i, x.min(width - 4 * C), bias, planes, step);
        }
    }

    /// R rows of 4·C pixels from x on.
    #[inline(always)]
    fn tile<const R: usize, const C: usize>(&self, i: usize, x: usize, bias: [f32; R], planes: &mut [f32], step: usize) {
        let mut sum = [[F32x4::splat(0.0); C]; R];
        let Places { rows, columns, width, channels } = self.places;
        // A tile may begin in one run of eight and end in the next; the first output sees furthest to the right.
        let (from, to) = (columns[(x + 4 * C - 1) / 8].0, columns[x / 8].1);
        let k = |row: usize, column: usize| (row * width + column) * channels;
        // Whole rows of the kernel follow one another.
        let height = rows.1 - rows.0;
        let (runs, count) = if (from, to) == (0, width) { (1, k(height, 0)) } else { (height, k(0, to - from)) };
        for run in 0..runs {
            let from = k(rows.0 + run, from);
            self.add_terms(&mut sum, i, x, (from, from + count));
        }
        for (r, (sum, bias)) in sum.into_iter().zip(bias).enumerate() {
            let (to, _) = planes[r * step + x..][..4 * C].as_chunks_mut::<4>();
            for (to, sum) in to.iter_mut().zip(sum) {
                sum.add(F32x4::splat(bias)).store(to);
            }
        }
    }

    /// Adds the terms [from, to), in blocks of [`DEPTH`] as A is packed.
    #[inline(always)]
    fn add_terms<const R: usize, const C: usize>(
        &self,
        sum: &mut [[F32x4; C]; R],
        i: usize,
        x: usize,
        (from, to): (usize, usize),
    ) {
        for k0 in (from / DEPTH * DEPTH..to).step_by(DEPTH) {
            let depth = DEPTH.min(self.offsets.len() - k0);
            let (from, to) = (from.max(k0), to.min(k0 + depth));
            let a = &self.packed[k0 * self.m + i * depth + (from - k0) * R..];
            micro::direct(sum, a, &self.image[x..], self.offsets.range(from, to));
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
#[path = "conv_tests.rs"]
mod tests;
