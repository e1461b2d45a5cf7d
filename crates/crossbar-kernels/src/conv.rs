//! Convolution as a product that packs straight from the image, with varied weights. Its backward passes are
//! in `conv_input` and `conv_weight`.
//!
//! Layouts: x [n, c, h, w], W [oc, c/groups, kh, kw], y [n, oc, oh, ow]. As a matrix, W is [oc, c/groups·kh·kw].

use crate::gemm::{grown, multiply, panels, Shape, Sink, Workspace, DEPTH};
use crate::image::{is_run, Axis, ImageColumns, Window};
use crate::lanes::F32x4;
use crate::micro::{self, Offsets};
use crate::pack::pack_weight_rows;
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

    /// Images that share one call of the product: enough columns for a block, few enough to stay in cache.
    pub(crate) fn images_at_once(&self, pixels: usize, draw: Draw) -> usize {
        if draw == Draw::Sample {
            1
        } else {
            (COLUMNS_AT_ONCE / pixels.max(1)).clamp(1, self.batch.max(1))
        }
    }
}

/// Columns that a call of the product should have at least, where images are small.
const COLUMNS_AT_ONCE: usize = 256;

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
    /// Whether k runs over the kernel's rows first.
    pub rows_first: bool,
}

/// Runs `each(work, images, channel group, first image)` over a batch [batch, groups·channels, h, w], a few padded images of one
/// group at a time. The tables of offsets serve all of them.
pub(crate) fn for_image_groups(
    work: &mut Workspace,
    window: &Window,
    (values, batch, groups): (&[f32], usize, usize),
    (at_once, rows_first): (usize, bool),
    mut each: impl FnMut(&mut Workspace, Images, usize, usize),
) {
    let mut offsets = std::mem::take(&mut work.offsets);
    let mut padded = std::mem::take(&mut work.image);
    let (terms, pixels) = (window.terms(), window.pixels());
    let (offset, base) = grown(&mut offsets, terms + at_once * pixels).split_at_mut(terms);
    window.offsets(rows_first, offset);
    window.bases(at_once, base);
    let size = window.padded();
    let group_stride = window.channels * window.y.input * window.x.input;
    let image_stride = groups * group_stride;
    let is_bare = [window.y, window.x].iter().all(|axis| axis.before == 0 && axis.after == 0);
    for group in 0..groups {
        let values = &values[group * group_stride..];
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
            each(work, Images { columns, count, window, rows_first }, group, first);
        }
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
    let mut packed_rows = std::mem::take(&mut work.a);
    let packed = grown(&mut packed_rows, rows * terms);
    for_image_groups(work, &window, (x, conv.batch, conv.groups), (at_once, false), |work, images, group, first| {
        if first == 0 || variation.draw == Draw::Sample {
            let weights = Weights { values: w, cols: terms, variation, sample: first as u32 };
            pack_weight_rows(&weights, group * rows, rows, packed);
        }
        let image_stride = conv.outputs * pixels;
        let values = &mut y[first * image_stride + group * rows * pixels..];
        let bias = if bias.is_empty() { bias } else { &bias[group * rows..][..rows] };
        image_product(work, rows, packed, images, &mut Planes { values, image_stride, pixels, bias });
    });
    work.a = packed_rows;
}

/// The product of packed rows and a group of images, packing the images only where that pays.
pub(crate) fn image_product(work: &mut Workspace, m: usize, packed: &[f32], images: Images, sink: &mut Planes) {
    let mut columns = images.columns;
    let width = images.window.x.output();
    if m > DIRECT_ROWS || width < 4 || !is_run(&columns.base[..width]) {
        let shape = Shape { m, n: columns.base.len(), k: columns.offset.len() };
        return multiply(shape, DEPTH, packed, &mut work.b, &mut columns, sink);
    }
    let height = images.window.y.output();
    let offsets = Offsets::new(columns.offset);
    let row_terms = columns.offset.len() / images.window.y.kernel;
    for row in 0..columns.base.len() / width {
        let (image, y) = (row / height, row % height);
        let first = image * sink.image_stride + y * width;
        // Kernel rows that see nothing but padding add nothing.
        let (from, to) = if images.rows_first { images.window.kernel_rows(y) } else { (0, images.window.y.kernel) };
        let terms = (from * row_terms, to * row_terms);
        let from = Row { image: &columns.image[columns.base[row * width]..], offsets, terms, packed, m, width };
        for (i, count) in panels(m) {
            let to = first + i * sink.pixels;
            match count {
                4 => from.into_planes::<4>(i, to, sink),
                3 => from.into_planes::<3>(i, to, sink),
                2 => from.into_planes::<2>(i, to, sink),
                _ => from.into_planes::<1>(i, to, sink),
            }
        }
    }
}

/// One row of output pixels, side by side in the image.
struct Row<'a> {
    /// From the row's first pixel on.
    image: &'a [f32],
    offsets: Offsets<'a>,
    /// The k that matter, [from, to).
    terms: (usize, usize),
    packed: &'a [f32],
    m: usize,
    width: usize,
}

impl Row<'_> {
    /// The R output rows from i on, written from `to` on, one plane apart.
    fn into_planes<const R: usize>(&self, i: usize, to: usize, sink: &mut Planes) {
        let bias: [f32; R] = core::array::from_fn(|r| if sink.bias.is_empty() { 0.0 } else { sink.bias[i + r] });
        let (width, step) = (self.width, sink.pixels);
        let planes = &mut sink.values[to..to + (R - 1) * step + width];
        let mut x = 0;
        while x + 8 <= width {
            self.tile::<R, 2>(i, x, bias, planes, step);
            x += 8;
        }
        // The last columns of a row: a tile that overlaps the one before computes a few of them twice, to the same bits.
        match width - x {
            0 => {}
            1..=4 => self.tile::<R, 1>(i, width - 4, bias, planes, step),
            _ if width >= 8 => self.tile::<R, 2>(i, width - 8, bias, planes, step),
            _ => {
                self.tile::<R, 1>(i, 0, bias, planes, step);
                self.tile::<R, 1>(i, width - 4, bias, planes, step);
            }
        }
    }

    /// R rows of 4·C pixels from x on.
    #[inline(never)]
    fn tile<const R: usize, const C: usize>(&self, i: usize, x: usize, bias: [f32; R], planes: &mut [f32], step: usize) {
        let mut sum = [[F32x4::splat(0.0); C]; R];
        let (from, to) = self.terms;
        for k0 in (from / DEPTH * DEPTH..to).step_by(DEPTH) {
            let depth = DEPTH.min(self.offsets.len() - k0);
            let (from, to) = (from.max(k0), to.min(k0 + depth));
            let a = &self.packed[k0 * self.m + i * depth + (from - k0) * R..];
            micro::direct(&mut sum, a, &self.image[x..], self.offsets.range(from, to));
        }
        for (r, (sum, bias)) in sum.into_iter().zip(bias).enumerate() {
            let (to, _) = planes[r * step + x..][..4 * C].as_chunks_mut::<4>();
            for (to, sum) in to.iter_mut().zip(sum) {
                sum.add(F32x4::splat(bias)).store(to);
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
#[path = "conv_tests.rs"]
mod tests;
