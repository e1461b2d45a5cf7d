//! Convolution as a product that packs straight from the image, with varied weights. Its backward passes are
//! in `conv_input` and `conv_weight`.
//!
//! Layouts: x [n, c, h, w], W [oc, c/groups, kh, kw], y [n, oc, oh, ow]. As a matrix, W is [oc, c/groups·kh·kw].

use crate::elementwise::rectify;
use crate::gemm::{grown, multiply, split, Shape, Split, Workspace};
use crate::image::{put_every, Axis, ImageColumns, Window};
use crate::lanes::{copy, set, F32x4};
use crate::micro::{self, Factor, Offsets, Stride};
use crate::pack::{interleave_some, pack_weight_rows, separate};
use crate::tiles::Planes;
use crate::tuning::{CONV_COLUMNS, DEPTH, DIRECT_ROWS, FOURS, MAX_FOUR, PANELS, PUT_PLANES};
use crate::variation::{Draw, Variation, Weights};
use crate::{winograd, winograd_rows};

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

    pub(crate) fn is_by_rows(&self, draw: Draw) -> bool {
        self.groups == 1 && draw != Draw::Sample && winograd_rows::is_worth(&self.window(), self.outputs)
    }

    /// Whether a max pool of 2×2 outputs can be taken on the way.
    pub fn pools(&self, draw: Draw) -> bool {
        self.is_by_rows(draw) && self.y.output() > 1
    }

    fn weights<'a>(&self, values: &'a [f32], variation: Variation) -> Weights<'a> {
        Weights { values, cols: self.terms(), variation, sample: 0 }
    }

    /// The window over one group's channels.
    pub(crate) fn window(&self) -> Window {
        Window { channels: self.group_channels(), y: self.y, x: self.x, lanes: 1 }
    }
}

/// A few padded images and where their columns lie.
#[derive(Clone, Copy)]
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
    /// The order of k, see [`Window::offsets`].
    pub places_first: bool,
}

/// Runs `each(work, images, channel group, first image)` over a batch [batch, groups·channels, h, w], a few images of one group at
/// a time, padded for `window`; the last image stands in for those that a four lacks. The tables of offsets serve all of them:
/// those of `parts`, windows of the same outputs, in a row.
pub(crate) fn for_image_groups(
    work: &mut Workspace,
    (window, parts): (&Window, &[Part]),
    (values, batch, groups): (&[f32], usize, usize),
    Layout { at_once, places_first }: Layout,
    each: &mut dyn FnMut(&mut Workspace, Images, usize, usize),
) {
    let mut offsets = std::mem::take(&mut work.offsets);
    let mut padded = std::mem::take(&mut work.image);
    let (pixels, lanes) = (window.pixels(), window.lanes);
    let terms = parts.iter().map(|part| part.window.terms()).sum();
    let (offset, base) = grown(&mut offsets, terms + at_once * pixels).split_at_mut(terms);
    let mut rest = &mut *offset;
    for Part { window: part, .. } in parts {
        let (offset, next) = rest.split_at_mut(part.terms());
        part.offsets(window, places_first, offset);
        rest = next;
    }
    window.bases(at_once, base);
    let size = window.padded();
    let group_stride = window.channels * window.y.input * window.x.input;
    let image_stride = groups * group_stride;
    let is_bare = lanes == 1 && window.y.is_bare() && window.x.is_bare();
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
                    window.pad(&|lane| &values[(first + i * lanes + lane).min(batch - 1) * image_stride..], padded);
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

/// A window slid over all images with packed rows of weights: the forward pass and the input's gradient.
pub(crate) struct Slide<'a> {
    /// What images are padded for, over one group's channels.
    pub window: Window,
    /// What slides, each with its own weights.
    pub parts: &'a [Part],
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
    /// Size (h, w) of y's planes, and of every how many of their pixels a part gives one.
    pub size: (usize, usize),
    pub step: (usize, usize),
}

/// One of several windows with the same outputs.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub window: Window,
    /// The first (row, column) of the pixels that it gives.
    pub first: (usize, usize),
}

/// Packs the rows of a group for a sample, split by a table.
type Pack<'a> = dyn FnMut(usize, usize, &mut [f32], Split) + 'a;

impl Slide<'_> {
    /// y [batch, groups·rows, plane] from x; `pack(sample, group, out)` packs a group's rows, part by part.
    pub fn run(&self, work: &mut Workspace, x: &[f32], y: &mut [f32], pack: &mut Pack) {
        let lanes = if 4 * self.window.padded() <= MAX_FOUR { 4 } else { 1 };
        if self.rows <= DIRECT_ROWS && lanes * self.window.x.output() >= 8 {
            self.run_direct(lanes, work, x, y, pack);
        } else {
            self.run_packed(work, x, y, pack);
        }
    }

    /// Values of a plane of y.
    fn plane(&self) -> usize {
        self.size.0 * self.size.1
    }

    /// Terms of the sums of all parts.
    fn terms(&self) -> usize {
        self.parts.iter().map(|part| part.window.terms()).sum()
    }

    /// Whether the one part there is gives every pixel.
    fn is_whole(&self) -> bool {
        self.step == (1, 1)
    }

    fn bias(&self, group: usize) -> &[f32] {
        if self.bias.is_empty() { self.bias } else { &self.bias[group * self.rows..][..self.rows] }
    }

    /// The parts, each as its index, its first term and the images with its own window and offsets.
    fn parts_of<'b>(&'b self, windows: &'b [Window], images: Images<'b>) -> impl Iterator<Item = (usize, usize, Images<'b>)> + 'b {
        let mut k = 0;
        windows.iter().enumerate().map(move |(i, window)| {
            let first = k;
            k += window.terms();
            let columns = ImageColumns { offset: &images.columns.offset[first..k], ..images.columns };
            (i, first, Images { columns, window, ..images })
        })
    }

    /// A few images at a time, packed as columns.
    fn run_packed(&self, work: &mut Workspace, x: &[f32], y: &mut [f32], pack: &mut Pack) {
        let (rows, pixels, plane) = (self.rows, self.window.pixels(), self.plane());
        let at_once = if self.draw == Draw::Sample { 1 } else { (CONV_COLUMNS / pixels.max(1)).clamp(1, self.batch) };
        let layout = Layout { at_once, places_first: self.places_first };
        let windows: Vec<_> = self.parts.iter().map(|part| part.window).collect();
        let mut packed = std::mem::take(&mut work.a);
        let mut apart = std::mem::take(&mut work.columns);
        let input = (x, self.batch, self.groups);
        for_image_groups(work, (&self.window, self.parts), input, layout, &mut |work, images, group, first| {
            let packed = grown(&mut packed, rows * self.terms());
            if first == 0 || self.draw == Draw::Sample {
                pack(first, group, packed, PANELS);
            }
            let image_stride = self.groups * rows * plane;
            let values = &mut y[first * image_stride + group * rows * plane..];
            let size = images.count * rows * pixels;
            let apart = grown(&mut apart, if self.is_whole() { 0 } else { self.parts.len() * size });
            let bias = self.bias(group);
            for (i, k, images) in self.parts_of(&windows, images) {
                let (values, image_stride) =
                    if self.is_whole() { (&mut *values, image_stride) } else { (&mut apart[i * size..][..size], rows * pixels) };
                if !bias.is_empty() {
                    for image in values.chunks_mut(image_stride).take(images.count) {
                        image.chunks_exact_mut(pixels).zip(bias).for_each(|(plane, &bias)| set(plane, bias));
                    }
                }
                let mut columns = images.columns;
                let shape = Shape { m: rows, n: columns.base.len(), k: columns.offset.len() };
                let mut sink = Planes::images(values, image_stride, pixels, !bias.is_empty());
                multiply(shape, DEPTH, &packed[rows * k..], &mut work.b, &mut columns, &mut sink);
            }
            if self.is_rectified {
                values.chunks_mut(image_stride).take(images.count).for_each(|image| rectify(&mut image[..rows * plane]));
            }
            self.assemble(apart, values.chunks_mut(image_stride).take(images.count), size);
        });
        work.a = packed;
        work.columns = apart;
    }

    /// Images read where they are, four at a time side by side: rows of pixels fill whole vectors whatever their width,
    /// borders can be left out exactly, and each image may have weights of its own. Too large for a cache, they go one by one.
    fn run_direct(
        &self,
        lanes: usize,
        work: &mut Workspace,
        x: &[f32],
        y: &mut [f32],
        pack: &mut Pack,
    ) {
        let (rows, plane) = (self.rows, self.plane());
        let planes = rows * self.window.pixels();
        let wide = |window: Window| Window { lanes, ..window };
        let windows: Vec<_> = self.parts.iter().map(|part| wide(part.window)).collect();
        let layout = Layout { at_once: 1, places_first: self.places_first };
        let size = rows * self.terms();
        // With a draw for each image the weights of four go side by side too.
        let draws = if self.draw == Draw::Sample { lanes } else { 1 };
        let mut packed_rows = std::mem::take(&mut work.a);
        let mut buffer = std::mem::take(&mut work.columns);
        let (packed, quads) = grown(&mut packed_rows, (draws + draws / 4 * 4) * size).split_at_mut(draws * size);
        // Images side by side, then one after the other: those that a four lacks, or all of every part.
        let apart = if self.is_whole() { lanes - 1 } else { lanes * self.parts.len() };
        let (beside, apart) = grown(&mut buffer, (lanes + apart) * planes).split_at_mut(lanes * planes);
        let input = (x, self.batch, self.groups);
        for_image_groups(work, (&wide(self.window), self.parts), input, layout, &mut |_, images, group, first| {
            if first == 0 || self.draw == Draw::Sample {
                for (i, packed) in packed.chunks_exact_mut(size).enumerate() {
                    pack((first + i).min(self.batch - 1), group, packed, &FOURS);
                }
                if draws == 4 {
                    interleave_some(4, 4, |i| &packed[i * size..][..size], quads);
                }
            }
            let image_stride = self.groups * rows * plane;
            let values = &mut y[first * image_stride + group * rows * plane..];
            for (i, k, images) in self.parts_of(&windows, images) {
                let packed = match draws {
                    4 => PackedRows::OfEach(&quads.as_chunks::<4>().0[rows * k..]),
                    _ => PackedRows::Shared(&packed[rows * k..]),
                };
                direct_product(packed, &images, self.bias(group), beside, rows);
                if self.is_rectified {
                    rectify(beside);
                }
                let whole = if self.is_whole() { values.chunks_mut(image_stride) } else { [].chunks_mut(1) };
                let mut images = whole.chain(apart[lanes * i * planes..].chunks_exact_mut(planes)).map(|image| &mut image[..planes]);
                let mut next = || images.next().expect("as many images as lanes");
                if lanes == 1 { copy(beside, next()) } else { separate(beside, core::array::from_fn(|_| next())) }
            }
            self.assemble(apart, values.chunks_mut(image_stride).take(lanes), lanes * planes);
        });
        work.a = packed_rows;
        work.columns = buffer;
    }

    /// The planes of images from what the parts gave of them, `size` values each: [part][image][row][pixel].
    fn assemble<'b>(&self, apart: &[f32], images: impl Iterator<Item = &'b mut [f32]>, size: usize) {
        if self.is_whole() {
            return;
        }
        let (plane, (down, right), (height, width)) = (self.plane(), self.step, self.size);
        let (rows, row) = (self.window.y.output(), self.window.x.output());
        for (image, values) in images.enumerate() {
            // Lines of several planes in turn, as in `Window::pad`.
            for first in (0..self.rows).step_by(PUT_PLANES) {
                let planes = first..self.rows.min(first + PUT_PLANES);
                for y in 0..down.min(height) {
                    let lines = (height - y).div_ceil(down);
                    // The first part of a line sets what lies between its values; no part, all of it.
                    let mut clears = true;
                    for (from, part) in apart.chunks(size).zip(self.parts).filter(|(_, part)| part.first.0 == y) {
                        for i in 0..lines {
                            for r in planes.clone() {
                                let from = &from[((image * self.rows + r) * rows + i) * row..][..row];
                                let (left, to) = values[r * plane + (i * down + y) * width..][..width].split_at_mut(part.first.1);
                                if clears {
                                    set(left, 0.0);
                                }
                                put_every(&from[..to.len().div_ceil(right)], right, to, clears);
                            }
                        }
                        clears = false;
                    }
                    if clears {
                        for i in 0..lines {
                            for r in planes.clone() {
                                set(&mut values[r * plane + (i * down + y) * width..][..width], 0.0);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Where a convolution's outputs go and what becomes of them before.
pub struct Output<'a> {
    /// [n, oc, oh, ow], or [n, oc, oh/2, ow/2] where `pooled`.
    pub y: &'a mut [f32],
    /// Whether it is max(outputs, 0), after any pool.
    pub is_rectified: bool,
    /// For the largest of each 2×2 outputs, where the convolution [`Conv::pools`]: empty, or as large as y to receive which of
    /// the four it was, as [`crate::pool::max`] writes it.
    pub pooled: Option<&'a mut [f32]>,
}

impl<'a> Output<'a> {
    /// The outputs as they are.
    pub fn plain(y: &'a mut [f32]) -> Self {
        Self { y, is_rectified: false, pooled: None }
    }
}

/// y = W∗x + b for every one of several W, each with its y. The outputs are alike in what becomes of them. To the same bits as
/// [`forward`] one by one, but where convolutions go by rows x is transformed once for all.
pub fn forward_each(work: &mut Workspace, conv: &Conv, (x, ws, bias): (&[f32], &[&[f32]], &[f32]), mut outputs: Vec<Output>) {
    if conv.is_by_rows(Draw::None) && conv.batch * conv.output_pixels() > 0 {
        let weights: Vec<_> = ws.iter().map(|w| conv.weights(w, Variation::NONE)).collect();
        return winograd_rows::forward(work, conv, (x, bias), &weights, &mut outputs);
    }
    ws.iter().zip(outputs).for_each(|(w, output)| forward(work, conv, (x, w, bias), Variation::NONE, output));
}

/// y = W∗x + b.  `bias` is empty or [oc].
pub fn forward(
    work: &mut Workspace,
    conv: &Conv,
    (x, w, bias): (&[f32], &[f32], &[f32]),
    variation: Variation,
    output: Output,
) {
    let (window, rows) = (conv.window(), conv.group_outputs());
    if conv.output_pixels() == 0 || conv.batch == 0 || rows == 0 {
        return;
    }
    let weights = conv.weights(w, variation);
    if conv.is_by_rows(variation.draw) {
        return winograd_rows::forward(work, conv, (x, bias), &[weights], &mut [output]);
    }
    let Output { y, is_rectified, pooled } = output;
    assert!(pooled.is_none(), "a convolution that pools");
    let slide = Slide {
        window,
        parts: &[Part { window, first: (0, 0) }],
        batch: conv.batch,
        groups: conv.groups,
        rows,
        draw: variation.draw,
        // With one channel both orders of k are the same.
        places_first: window.channels == 1,
        bias,
        is_rectified,
        size: (conv.y.output(), conv.x.output()),
        step: (1, 1),
    };
    if winograd::is_worth_to_slide(&slide) {
        return winograd::slide(&slide, work, &weights, false, x, y);
    }
    slide.run(work, x, y, &mut |sample, group, packed, table| {
        pack_weight_rows(&Weights { sample: sample as u32, ..weights }, group * rows, rows, packed, table);
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

/// The product of packed rows and one image, or four side by side, read where they are: out [m, pixels].
#[inline(never)]
fn direct_product(packed: PackedRows, images: &Images, bias: &[f32], out: &mut [f32], m: usize) {
    let columns = &images.columns;
    let Window { y: vertical, x: horizontal, channels, lanes } = *images.window;
    let (width, pixels) = (images.window.width(), columns.base.len());
    let offsets = Offsets::new(columns.offset);
    // The kernel's columns that matter to each run of eight outputs; short sums aren't worth being torn apart for it.
    let kernel_columns: Vec<_> = (0..width)
        .step_by(8)
        .map(|x| match images.places_first && channels >= 8 {
            true => horizontal.kernel_range(x / lanes, (x + 7) / lanes),
            false => (0, horizontal.kernel),
        })
        .collect();
    for y in 0..vertical.output() {
        let image = &columns.image[columns.base[y * width]..];
        let rows = if images.places_first { vertical.kernel_range(y, y) } else { (0, vertical.kernel) };
        let places = Places { rows, columns: &kernel_columns, width: horizontal.kernel, channels };
        let from = Row { image, offsets, places, m, width };
        for (i, count) in split(m, &FOURS) {
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
        let stride = Stride::new();
        for x in (0..self.width).step_by(8) {
            let x = x.min(self.width - 8);
            let sum = self.tile::<R, A>(packed, i, x, stride);
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
    fn tile<const R: usize, A: Factor>(&self, packed: &[A], i: usize, x: usize, stride: Stride) -> [[F32x4; 2]; R] {
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
                micro::direct(&mut sum, a, &self.image[x..], self.offsets.range(from, to), stride);
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
