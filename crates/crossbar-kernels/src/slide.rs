//! A window slid over padded images, a few at a time: what the forward pass of a convolution and its input's gradient have in common.

use crate::direct::{product, PackedRows};
use crate::elementwise::rectify;
use crate::gemm::{grown, multiply, Shape, Split, Workspace};
use crate::image::{put_every, ImageColumns, Window};
use crate::lanes::{copy, set};
use crate::pack::{interleave_some, separate};
use crate::tiles::Planes;
use crate::tuning::{CONV_COLUMNS, DEPTH, DIRECT_ROWS, FOURS, MAX_FOUR, PANELS, PUT_PLANES};
use crate::variation::Draw;

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
                product(packed, &images, self.bias(group), beside, rows);
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
