//! The gradient of a convolution's weights.

use crate::conv::Conv;
use crate::gemm::{grown, multiply, multiply_rows, panels, split, Shape, Workspace};
use crate::image::{ImageColumns, ImageRows, Window};
use crate::lanes::{set, F32x4};
use crate::micro;
use crate::pack::{interleave_four, interleave_some};
use crate::slide::{for_image_groups, Layout, Part};
use crate::tiles::Planes;
use crate::tuning::{CONV_COLUMNS, DEPTH, DIRECT_ROWS, FOURS, LEAST_PLANE, PLANE_COLS, PLANE_DEPTH, PLANE_VALUES, PLANE_VECTORS};
use crate::variation::Draw;
use crate::{winograd, winograd_rows_weight};

/// A gradient by a convolution's outputs.
#[derive(Clone, Copy)]
pub struct ByOutputs<'a> {
    /// The gradient by the outputs, or by their 2×2 max pool.
    pub dy: &'a [f32],
    /// For a pool, which of its four each came from, 0 to 3. Empty otherwise.
    pub places: &'a [f32],
}

/// dW = Σ over gradients, images and pixels of dy·xᵀ. Straight through: the variation plays no part.
///
/// # Panics
/// Gradients by a pool, of which there may be several, are for convolutions that pool ([`Conv::pools`]) without a draw for each image; else
/// there must be one.
pub fn backward_weight(work: &mut Workspace, conv: &Conv, x: &[f32], gradients: &[ByOutputs], dw: &mut [f32]) {
    let window = conv.window();
    let (rows, terms, pixels) = (conv.group_outputs(), conv.terms(), conv.output_pixels());
    dw.fill(0.0);
    if pixels == 0 || conv.batch == 0 || rows == 0 {
        return;
    }
    if conv.is_by_rows(Draw::None) {
        return winograd_rows_weight::backward_weight(work, conv, x, gradients, dw);
    }
    let &[ByOutputs { dy, places: [] }] = gradients else { panic!("one gradient by the outputs, where none pool") };
    if winograd::is_worth_for_weights(conv) {
        return winograd::backward_weight(work, conv, x, dy, dw);
    }
    if rows <= DIRECT_ROWS {
        return backward_weight_direct(work, conv, x, dy, dw);
    }
    let at_once = (CONV_COLUMNS / pixels).clamp(1, conv.batch);
    let layout = Layout { at_once, places_first: false };
    let parts = [Part { window, first: (0, 0) }];
    let mut packed = std::mem::take(&mut work.a);
    for_image_groups(work, (&window, &parts), (x, conv.batch, conv.groups), layout, &mut |work, images, group, first| {
        let planes = &dy[(first * conv.outputs + group * rows) * pixels..];
        let mut sink = Planes::matrix(&mut dw[group * rows * terms..][..rows * terms], terms, true);
        let mut columns = ImageRows(images.columns);
        if pixels >= LEAST_PLANE && terms <= PLANE_COLS {
            let most = (PLANE_VALUES / terms.max(1)).clamp(DEPTH, PLANE_DEPTH);
            for i in 0..images.count {
                let ks = (i * pixels..(i + 1) * pixels, even_depth(pixels, most));
                let planes = &planes[i * conv.outputs * pixels..];
                multiply_rows((rows, terms), ks, (planes, pixels), &mut work.b, &mut columns, &mut sink);
            }
            return;
        }
        let k = images.count * pixels;
        let depth = even_depth(k, DEPTH);
        let packed = grown(&mut packed, rows * k);
        pack_planes(planes, (rows, pixels, conv.outputs * pixels), (k, depth), packed);
        multiply(Shape { m: rows, n: terms, k }, depth, packed, &mut work.b, &mut columns, &mut sink);
    });
    work.a = packed;
}

/// Each element of dW is a dot product of a plane of dy with a shifted plane of the image, read where it is. Four
/// images go side by side, so that rows fill whole vectors.
fn backward_weight_direct(work: &mut Workspace, conv: &Conv, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let (rows, terms, pixels) = (conv.group_outputs(), conv.terms(), conv.output_pixels());
    let window = Window { lanes: 4, ..conv.window() };
    let at_once = (PLANE_VECTORS / pixels).clamp(1, conv.batch.div_ceil(4));
    let layout = Layout { at_once, places_first: false };
    let parts = [Part { window, first: (0, 0) }];
    let gradients = [ByOutputs { dy, places: &[] }];
    let mut beside = Beside::new(conv, &gradients);
    let mut planes = std::mem::take(&mut work.a);
    for_image_groups(work, (&window, &parts), (x, conv.batch, conv.groups), layout, &mut |_, images, group, first| {
        // dy as [row][four][pixel][image]
        let plane = images.count * pixels * 4;
        let planes = grown(&mut planes, rows * plane);
        for (row, out) in planes.chunks_exact_mut(plane).enumerate() {
            for (i, out) in out.chunks_exact_mut(pixels * 4).enumerate() {
                beside.plane(first + i * 4, group * rows + row, out);
            }
        }
        let ImageColumns { image, base, offset } = images.columns;
        let dots = Dots { planes, plane, image, base: base.as_chunks().0, offset };
        dots.add_all(rows, &mut dw[group * rows * terms..][..rows * terms]);
    });
    work.a = planes;
}

/// Planes of gradients by outputs for four images side by side, summed over the gradients.
pub(crate) struct Beside<'a> {
    gradients: &'a [ByOutputs<'a>],
    batch: usize,
    outputs: usize,
    /// Of outputs, and what is given of a plane of them.
    width: usize,
    kept: usize,
    /// What is given of an image that a four lacks.
    none: Vec<f32>,
    /// Values and places of four images.
    four: Vec<f32>,
}

impl<'a> Beside<'a> {
    /// One gradient by outputs, or any number by pools.
    pub fn new(conv: &Conv, gradients: &'a [ByOutputs<'a>]) -> Self {
        let (height, width) = (conv.y.output(), conv.x.output());
        let is_pooled = gradients.iter().any(|gradient| !gradient.places.is_empty());
        let kept = if is_pooled { (height / 2) * (width / 2) } else { height * width };
        Self { gradients, batch: conv.batch, outputs: conv.outputs, width, kept, none: vec![0.0; kept], four: vec![0.0; 8 * kept] }
    }

    /// The plane of one output for the images from `first` on: [pixel][image].
    #[inline(never)]
    pub fn plane(&mut self, first: usize, output: usize, out: &mut [f32]) {
        let Self { gradients, batch, outputs, width, kept, .. } = *self;
        let none = &self.none;
        let beside = |values: &[f32], out: &mut [f32]| {
            let plane = |lane: usize| {
                if first + lane < batch { &values[((first + lane) * outputs + output) * kept..][..kept] } else { none }
            };
            interleave_four(core::array::from_fn(plane), out);
        };
        if let &[ByOutputs { dy, places: [] }] = gradients {
            return beside(dy, out);
        }
        let (values, of) = self.four.split_at_mut(4 * kept);
        set(out, 0.0);
        for &ByOutputs { dy, places } in gradients {
            beside(dy, values);
            beside(places, of);
            unpool(values, of, width, out);
        }
    }
}

/// Adds each value at its place of four outputs, for four images side by side; rows of outputs have `width`.
fn unpool(values: &[f32], places: &[f32], width: usize, out: &mut [f32]) {
    let half = width / 2;
    let (values, places, out) = (values.as_chunks::<4>().0, places.as_chunks::<4>().0, out.as_chunks_mut::<4>().0);
    let zero = F32x4::splat(0.0);
    for (row, (values, places)) in out.chunks_exact_mut(2 * width).zip(values.chunks_exact(half).zip(places.chunks_exact(half))) {
        for (k, row) in row.chunks_exact_mut(width).enumerate() {
            let k = 2.0 * k as f32;
            for (two, (value, place)) in row.as_chunks_mut::<2>().0.iter_mut().zip(values.iter().zip(places)) {
                let (value, place) = (F32x4::load(value), F32x4::load(place));
                for (x, to) in two.iter_mut().enumerate() {
                    place.eq(F32x4::splat(k + x as f32)).select(value, zero).add(F32x4::load(to)).store(to);
                }
            }
        }
    }
}

/// Planes of dy and shifted planes of images, to be multiplied pixel by pixel.
pub(crate) struct Dots<'a> {
    pub planes: &'a [f32],
    /// Values from one plane to the next.
    pub plane: usize,
    pub image: &'a [f32],
    /// Where the values of each vector of a plane lie in the image.
    pub base: &'a [[usize; 4]],
    /// Where each weight place begins.
    pub offset: &'a [usize],
}

impl Dots<'_> {
    /// Adds the products of `rows` planes with all places to dw, [row][place].
    pub fn add_all(&self, rows: usize, dw: &mut [f32]) {
        let terms = self.offset.len();
        for (part, base) in self.base.chunks(PLANE_VECTORS).enumerate() {
            let dots = Dots { planes: &self.planes[part * PLANE_VECTORS * 4..], base, ..*self };
            for (i, block_rows) in split(rows, &FOURS) {
                let most = if block_rows > 2 { 2 } else { 3 };
                let mut k = 0;
                while k < terms {
                    let places = if terms - k < most { 1 } else { most };
                    dots.block_of(block_rows, places)(&dots, i, k, &mut dw[i * terms + k..], terms);
                    k += places;
                }
            }
        }
    }

    /// The kernel for the rows and places left: at most eight sums, what fits the registers of x86.
    fn block_of(&self, rows: usize, places: usize) -> fn(&Self, usize, usize, &mut [f32], usize) {
        match (rows, places) {
            (1, 1) => Self::add_block::<1, 1>,
            (1, _) => Self::add_block::<1, 3>,
            (2, 1) => Self::add_block::<2, 1>,
            (2, _) => Self::add_block::<2, 3>,
            (3, 1) => Self::add_block::<3, 1>,
            (3, _) => Self::add_block::<3, 2>,
            (_, 1) => Self::add_block::<4, 1>,
            _ => Self::add_block::<4, 2>,
        }
    }

    /// dw[r·stride + c] += Σ planes[i + r] · image at place k + c.
    #[inline(never)]
    fn add_block<const R: usize, const C: usize>(&self, i: usize, k: usize, dw: &mut [f32], stride: usize) {
        let count = 4 * self.base.len();
        let planes = core::array::from_fn(|r| self.planes[(i + r) * self.plane..][..count].as_chunks::<4>().0);
        let images = core::array::from_fn(|c| &self.image[self.offset[k + c]..]);
        let sum: [[F32x4; C]; R] = micro::dots(planes, images, self.base);
        for (r, sum) in sum.into_iter().enumerate() {
            for (c, sum) in sum.into_iter().enumerate() {
                dw[r * stride + c] += sum.sum();
            }
        }
    }
}

/// A depth of at most `most`, rounded up to whole fours, that splits k evenly: no short last block, whose pass over C would cost as much as a full one.
fn even_depth(k: usize, most: usize) -> usize {
    k.div_ceil(k.div_ceil(most).max(1)).next_multiple_of(4)
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

