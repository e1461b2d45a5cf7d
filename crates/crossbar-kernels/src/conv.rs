//! Convolution as a product that packs straight from the image, with varied weights. Its backward passes are
//! in `conv_input` and `conv_weight`.
//!
//! Layouts: x [n, c, h, w], W [oc, c/groups, kh, kw], y [n, oc, oh, ow]. As a matrix, W is [oc, c/groups·kh·kw].

use crate::elementwise::rectify;
use crate::gemm::{grown, multiply, panels, Planes, Shape, Workspace, DEPTH};
use crate::image::{Axis, ImageColumns, Window};
use crate::lanes::{set, F32x4};
use crate::micro::{self, Factor, Offsets};
use crate::pack::{interleave_some, pack_weight_rows, separate};
use crate::variation::{Draw, Variation, Weights};
use crate::winograd;

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
    /// Images side by side, 1 or 4 (the last one stands in for those that are missing); the window's x axis is [`Axis::widened`] by as much.
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
            let count = at_once.min((batch - first).div_ceil(lanes));
            // Unpadded images of one group are contiguous already: read them where they are.
            let image = if is_bare && (image_stride == size || count == 1) {
                &values[first * image_stride..][..(count - 1) * image_stride + size]
            } else {
                let padded = grown(&mut padded, count * size);
                for (i, padded) in padded.chunks_exact_mut(size.max(1)).enumerate() {
                    // The last image again, where a four has fewer.
                    let image = |lane: usize| &values[(first + i * lanes + lane).min(batch - 1) * image_stride..];
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
    pub fn run(&self, work: &mut Workspace, x: &[f32], y: &mut [f32], pack: &mut dyn FnMut(usize, usize, &mut [f32])) {
        let Window { x: axis, .. } = self.window;
        let is_direct = self.rows <= DIRECT_ROWS && axis.stride == 1 && axis.output() > 1;
        if is_direct && 4 * self.window.padded() <= MAX_FOUR {
            self.run_fours(work, x, y, pack);
        } else {
            self.run_packed(work, x, y, pack);
        }
    }

    fn bias(&self, group: usize) -> &[f32] {
        if self.bias.is_empty() { self.bias } else { &self.bias[group * self.rows..][..self.rows] }
    }

    /// A few images at a time, packed as columns.
    fn run_packed(&self, work: &mut Workspace, x: &[f32], y: &mut [f32], pack: &mut dyn FnMut(usize, usize, &mut [f32])) {
        let (rows, terms, pixels) = (self.rows, self.window.terms(), self.window.pixels());
        let at_once = if self.draw == Draw::Sample { 1 } else { (COLUMNS_AT_ONCE / pixels).clamp(1, self.batch) };
        let layout = Layout { at_once, lanes: 1, places_first: self.places_first };
        let mut packed = std::mem::take(&mut work.a);
        for_image_groups(work, &self.window, (x, self.batch, self.groups), layout, &mut |work, images, group, first| {
            let packed = grown(&mut packed, rows * terms);
            if first == 0 || self.draw == Draw::Sample {
                pack(first, group, packed);
            }
            let image_stride = self.groups * rows * pixels;
            let values = &mut y[first * image_stride + group * rows * pixels..];
            let mut columns = images.columns;
            let shape = Shape { m: rows, n: columns.base.len(), k: terms };
            let bias = self.bias(group);
            if !bias.is_empty() {
                for image in values.chunks_mut(image_stride).take(images.count) {
                    image.chunks_exact_mut(pixels).zip(bias).for_each(|(plane, &bias)| set(plane, bias));
                }
            }
            let mut sink = Planes { values: &mut *values, image_stride, pixels, accumulate: !bias.is_empty() };
            multiply(shape, DEPTH, packed, &mut work.b, &mut columns, &mut sink);
            if self.is_rectified {
                values.chunks_mut(image_stride).take(images.count).for_each(|image| rectify(&mut image[..rows * pixels]));
            }
        });
        work.a = packed;
    }

    /// Four images at a time, side by side and read where they are: rows of pixels fill whole vectors whatever their width,
    /// borders can be left out exactly, and each image may have weights of its own.
    fn run_fours(&self, work: &mut Workspace, x: &[f32], y: &mut [f32], pack: &mut dyn FnMut(usize, usize, &mut [f32])) {
        let (rows, pixels) = (self.rows, self.window.pixels());
        let window = Window { x: self.window.x.widened(4), ..self.window };
        let layout = Layout { at_once: 1, lanes: 4, places_first: self.places_first };
        let size = rows * window.terms();
        // With a draw for each image the weights of four go side by side too.
        let draws = if self.draw == Draw::Sample { 4 } else { 1 };
        let mut packed_rows = std::mem::take(&mut work.a);
        let mut planes = std::mem::take(&mut work.columns);
        let (packed, quads) = grown(&mut packed_rows, (draws + draws / 4 * 4) * size).split_at_mut(draws * size);
        let (four, spare) = grown(&mut planes, 7 * rows * pixels).split_at_mut(4 * rows * pixels);
        for_image_groups(work, &window, (x, self.batch, self.groups), layout, &mut |_, images, group, first| {
            if first == 0 || self.draw == Draw::Sample {
                for (i, packed) in packed.chunks_exact_mut(size).enumerate() {
                    pack((first + i).min(self.batch - 1), group, packed);
                }
            }
            if draws == 4 {
                interleave_some(4, 4, |i| &packed[i * size..][..size], quads);
                direct_product(PackedRows::OfEach(quads.as_chunks::<4>().0), &images, self.bias(group), four, rows);
            } else {
                direct_product(PackedRows::Shared(packed), &images, self.bias(group), four, rows);
            }
            if self.is_rectified {
                rectify(four);
            }
            let image_stride = self.groups * rows * pixels;
            let images = y[first * image_stride + group * rows * pixels..].chunks_mut(image_stride);
            let mut parts = images.chain(spare.chunks_exact_mut(rows * pixels)).map(|part| &mut part[..rows * pixels]);
            separate(four, core::array::from_fn(|_| parts.next().expect("four parts")));
        });
        work.a = packed_rows;
        work.columns = planes;
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
    let weights = Weights { values: w, cols: conv.terms(), variation, sample: 0 };
    if winograd::is_worth_to_slide(&slide) {
        return winograd::slide(&slide, work, &weights, false, x, y);
    }
    slide.run(work, x, y, &mut |sample, group, packed| {
        pack_weight_rows(&Weights { sample: sample as u32, ..weights }, group * rows, rows, packed);
    });
}

/// Packed rows of weights for four images side by side.
#[derive(Clone, Copy)]
enum PackedRows<'a> {
    /// The same for all.
    Shared(&'a [f32]),
    /// Each image's own, side by side.
    OfEach(&'a [[f32; 4]]),
}

/// The product of packed rows and four images side by side, read where they are: out [m, pixels].
#[inline(never)]
fn direct_product(packed: PackedRows, images: &Images, bias: &[f32], out: &mut [f32], m: usize) {
    let columns = &images.columns;
    let Window { y: vertical, x: horizontal, channels } = *images.window;
    let (width, pixels) = (horizontal.output(), columns.base.len());
    let offsets = Offsets::new(columns.offset);
    // The kernel's columns that matter to each run of eight outputs; short sums aren't worth being torn apart for it.
    let kernel_columns: Vec<_> = (0..width)
        .step_by(8)
        .map(|x| if images.places_first && channels >= 8 { horizontal.kernel_range(x, x + 7) } else { (0, horizontal.kernel) })
        .collect();
    for y in 0..vertical.output() {
        let image = &columns.image[columns.base[y * width]..];
        let rows = if images.places_first { vertical.kernel_range(y, y) } else { (0, vertical.kernel) };
        let places = Places { rows, columns: &kernel_columns, width: horizontal.kernel, channels };
        let from = Row { image, offsets, places, m, width };
        for (i, count) in panels(m) {
            let bias = if bias.is_empty() { bias } else { &bias[i..] };
            let out = &mut out[i * pixels + y * width..];
            match (count, packed) {
                (4, PackedRows::Shared(a)) => from.into_planes::<4, f32>(a, i, bias, out, pixels),
                (3, PackedRows::Shared(a)) => from.into_planes::<3, f32>(a, i, bias, out, pixels),
                (2, PackedRows::Shared(a)) => from.into_planes::<2, f32>(a, i, bias, out, pixels),
                (_, PackedRows::Shared(a)) => from.into_planes::<1, f32>(a, i, bias, out, pixels),
                (4, PackedRows::OfEach(a)) => from.into_planes::<4, [f32; 4]>(a, i, bias, out, pixels),
                (3, PackedRows::OfEach(a)) => from.into_planes::<3, [f32; 4]>(a, i, bias, out, pixels),
                (2, PackedRows::OfEach(a)) => from.into_planes::<2, [f32; 4]>(a, i, bias, out, pixels),
                (_, PackedRows::OfEach(a)) => from.into_planes::<1, [f32; 4]>(a, i, bias, out, pixels),
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
    m: usize,
    width: usize,
}

impl Row<'_> {
    /// The R output rows from i on, `step` apart. The last tile may overlap the one before: it computes some pixels twice, to
    /// the same bits.
    #[inline(never)]
    fn into_planes<const R: usize, A: Factor>(&self, packed: &[A], i: usize, bias: &[f32], planes: &mut [f32], step: usize) {
        let bias: [f32; R] = core::array::from_fn(|r| if bias.is_empty() { 0.0 } else { bias[r] });
        let planes = &mut planes[..(R - 1) * step + self.width];
        for x in (0..self.width).step_by(8) {
            let x = x.min(self.width - 8);
            let sum = self.tile::<R, A>(packed, i, x);
            for (r, (sum, bias)) in sum.into_iter().zip(bias).enumerate() {
                let (to, _) = planes[r * step + x..][..8].as_chunks_mut::<4>();
                for (to, sum) in to.iter_mut().zip(sum) {
                    sum.add(F32x4::splat(bias)).store(to);
                }
            }
        }
    }

    /// Sums of R rows for the eight pixels from x on.
    #[inline(always)]
    fn tile<const R: usize, A: Factor>(&self, packed: &[A], i: usize, x: usize) -> [[F32x4; 2]; R] {
        let mut sum = [[F32x4::splat(0.0); 2]; R];
        let Places { rows, columns, width, channels } = self.places;
        // A tile may begin in one run of eight and end in the next; the first output sees furthest to the right.
        let (from, to) = (columns[(x + 7) / 8].0, columns[x / 8].1);
        let k = |row: usize, column: usize| (row * width + column) * channels;
        // Whole rows of the kernel follow one another.
        let height = rows.1 - rows.0;
        let (runs, count) = if (from, to) == (0, width) { (1, k(height, 0)) } else { (height, k(0, to - from)) };
        for run in 0..runs {
            let from = k(rows.0 + run, from);
            let to = from + count;
            // In blocks, as A is packed.
            for k0 in (from / DEPTH * DEPTH..to).step_by(DEPTH) {
                let depth = DEPTH.min(self.offsets.len() - k0);
                let (from, to) = (from.max(k0), to.min(k0 + depth));
                let a = &packed[k0 * self.m + i * depth + (from - k0) * R..];
                micro::direct(&mut sum, a, &self.image[x..], self.offsets.range(from, to));
            }
        }
        sum
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
