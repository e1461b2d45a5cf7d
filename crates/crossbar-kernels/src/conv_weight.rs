//! The gradient of a convolution's weights.

use crate::conv::{for_image_groups, Conv, DIRECT_ROWS};
use crate::gemm::{grown, multiply, panels, RowMajor, Shape, Workspace, DEPTH};
use crate::image::{Axis, ImageRows, Window};
use crate::lanes::{copy, set, F32x4};
use crate::micro;
use crate::pack::interleave_some;
use crate::variation::Draw;

/// dW = Σ over images and pixels of dy·xᵀ. Straight through: the variation plays no part.
pub fn backward_weight(work: &mut Workspace, conv: &Conv, (x, dy): (&[f32], &[f32]), dw: &mut [f32]) {
    let window = conv.window();
    let (rows, terms, pixels) = (conv.group_outputs(), conv.terms(), conv.output_pixels());
    dw.fill(0.0);
    if pixels == 0 || conv.batch == 0 || rows == 0 {
        return;
    }
    if conv.x.stride == 1 && rows <= DIRECT_ROWS {
        return backward_weight_direct(work, conv, x, dy, dw);
    }
    let at_once = conv.images_at_once(pixels, Draw::None);
    let mut packed = std::mem::take(&mut work.a);
    for_image_groups(work, &window, (x, conv.batch, conv.groups), (at_once, false), |work, images, group, first| {
        let k = images.count * pixels;
        let depth = even_depth(k);
        let planes = &dy[(first * conv.outputs + group * rows) * pixels..];
        let packed = grown(&mut packed, rows * k);
        pack_planes(planes, (rows, pixels, conv.outputs * pixels), (k, depth), packed);
        let values = &mut dw[group * rows * terms..][..rows * terms];
        let mut sink = RowMajor { values, stride: terms, accumulate: true, bias: &[] };
        multiply(Shape { m: rows, n: terms, k }, depth, packed, &mut work.b, &mut ImageRows(images.columns), &mut sink);
    });
    work.a = packed;
}

/// Stride 1: each element of dW is a dot product of a plane of dy with a shifted plane of the image, read where it is.
/// Rows of dy are padded with zeros to whole vectors; what the image holds there is multiplied by them.
fn backward_weight_direct(work: &mut Workspace, conv: &Conv, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let window = Window { x: Axis { after: conv.x.after + SLACK, ..conv.x }, ..conv.window() };
    let (rows, terms) = (conv.group_outputs(), conv.terms());
    let (height, width) = (conv.y.output(), conv.x.output());
    let pixels = height * width;
    let padded_width = width.next_multiple_of(4);
    let at_once = (VECTORS_AT_ONCE * 4 / (height * padded_width)).clamp(1, conv.batch);
    let mut planes = std::mem::take(&mut work.a);
    let mut padded = std::mem::take(&mut work.image);
    let mut offsets = std::mem::take(&mut work.offsets);
    let vectors = at_once * height * padded_width / 4;
    let (offset, base) = grown(&mut offsets, terms + vectors).split_at_mut(terms);
    window.offsets(false, offset);
    let mut bases = base.iter_mut();
    for image in 0..at_once {
        for y in 0..height {
            for x in (0..width).step_by(4) {
                *bases.next().expect("a base a vector") = image * window.padded() + y * conv.y.stride * window.x.padded() + x;
            }
        }
    }
    for group in 0..conv.groups {
        let dw = &mut dw[group * rows * terms..][..rows * terms];
        for first in (0..conv.batch).step_by(at_once) {
            let count = at_once.min(conv.batch - first);
            let padded = grown(&mut padded, count * window.padded());
            for (i, padded) in padded.chunks_exact_mut(window.padded()).enumerate() {
                let at = (first + i) * conv.channels + group * conv.group_channels();
                window.pad(&x[at * conv.input_pixels()..], padded);
            }
            // dy as [row][image][y][padded x]
            let plane = count * height * padded_width;
            let planes = grown(&mut planes, rows * plane);
            for (row, out) in planes.chunks_exact_mut(plane).enumerate() {
                for (i, out) in out.chunks_exact_mut(height * padded_width).enumerate() {
                    let from = &dy[((first + i) * conv.outputs + group * rows + row) * pixels..][..pixels];
                    for (from, out) in from.chunks_exact(width).zip(out.chunks_exact_mut(padded_width)) {
                        copy(from, &mut out[..width]);
                        set(&mut out[width..], 0.0);
                    }
                }
            }
            let dots = Dots { planes, plane, image: padded, base: &base[..plane / 4], offset };
            for (i, block_rows) in thirds(rows) {
                for (k, places) in thirds(terms) {
                    dots.block_of(block_rows, places)(&dots, i, k, &mut dw[i * terms + k..], terms);
                }
            }
        }
    }
    work.a = planes;
    work.image = padded;
    work.offsets = offsets;
}

/// Start and size of blocks of three, and of two where one would be left: a block of one has too few sums for its loads.
fn thirds(n: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut next = 0;
    core::iter::from_fn(move || {
        let (at, left) = (next, n - next);
        next += if left == 4 { 2 } else { left.min(3) };
        (left > 0).then_some((at, next - at))
    })
}

/// Zeros to the right of an image, so that a vector that starts inside a row never leaves the buffer.
const SLACK: isize = 3;

/// Vectors of one plane of dy that are handled at a time: 16 kB, so that three planes of each operand fit the first-level cache.
const VECTORS_AT_ONCE: usize = 256;

/// Planes of dy and shifted planes of images, to be multiplied pixel by pixel.
struct Dots<'a> {
    planes: &'a [f32],
    /// Values of one plane.
    plane: usize,
    image: &'a [f32],
    /// Where each vector of a plane begins in the image.
    base: &'a [usize],
    /// Where each weight place begins.
    offset: &'a [usize],
}

impl Dots<'_> {
    /// The kernel for the rows and places left: at most three of each, what fits the registers of x86.
    fn block_of(&self, rows: usize, places: usize) -> fn(&Self, usize, usize, &mut [f32], usize) {
        match (rows, places) {
            (1, 1) => Self::add_block::<1, 1>,
            (1, 2) => Self::add_block::<1, 2>,
            (1, _) => Self::add_block::<1, 3>,
            (2, 1) => Self::add_block::<2, 1>,
            (2, 2) => Self::add_block::<2, 2>,
            (2, _) => Self::add_block::<2, 3>,
            (_, 1) => Self::add_block::<3, 1>,
            (_, 2) => Self::add_block::<3, 2>,
            _ => Self::add_block::<3, 3>,
        }
    }

    /// dw[r·stride + c] += Σ planes[i + r] · image at place k + c.
    #[inline(never)]
    fn add_block<const R: usize, const C: usize>(&self, i: usize, k: usize, dw: &mut [f32], stride: usize) {
        let planes = core::array::from_fn(|r| self.planes[(i + r) * self.plane..][..self.plane].as_chunks::<4>().0);
        let images = core::array::from_fn(|c| &self.image[self.offset[k + c]..]);
        let sum: [[F32x4; C]; R] = micro::dots(planes, images, self.base);
        for (r, sum) in sum.into_iter().enumerate() {
            for (c, sum) in sum.into_iter().enumerate() {
                dw[r * stride + c] += sum.sum();
            }
        }
    }
}

/// A depth of at most [`DEPTH`] that splits k evenly: no short last block, whose pass over C would cost as much as a full one.
fn even_depth(k: usize) -> usize {
    k.div_ceil(k.div_ceil(DEPTH).max(1)).next_multiple_of(4)
}

/// Packs [image][row][pixels] as A with k = (image, pixel).
fn pack_planes(planes: &[f32], (m, pixels, image_stride): (usize, usize, usize), (k, depth): (usize, usize), out: &mut [f32]) {
    for k0 in (0..k).step_by(depth) {
        let k1 = k.min(k0 + depth);
        for (i, rows) in panels(m) {
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

