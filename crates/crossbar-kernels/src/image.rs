//! Images as columns of a product, read in place: what im2col would write out, found by two tables of offsets.
//!
//! Column j is an output pixel and k a weight's place (channel, row, column). On a padded image the value at (k, j) lies at
//! `base[j] + offset[k]`, so no bounds are tested and no batch is ever unrolled into memory.

use crate::gemm::{panel_size, panel_width, PackColumns};
use crate::lanes::{copy, set, F32x4};
use crate::pack::{four, four_mut, interleave};

/// One direction of a sliding window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Axis {
    /// Input size.
    pub input: usize,
    /// Kernel size.
    pub kernel: usize,
    /// Step.
    pub stride: usize,
    /// Zeros before the input; negative crops.
    pub before: isize,
    /// Zeros after the input; negative crops.
    pub after: isize,
    /// Distance of neighbouring kernel elements.
    pub dilation: usize,
}

impl Axis {
    /// Input size with its padding.
    pub fn padded(&self) -> usize {
        (self.input as isize + self.before + self.after).max(0) as usize
    }

    /// Number of window positions.
    pub fn output(&self) -> usize {
        let reach = self.dilation * (self.kernel - 1) + 1;
        if self.padded() < reach {
            0
        } else {
            (self.padded() - reach) / self.stride + 1
        }
    }

    /// The places [from, to) of the kernel that meet the input, not only its padding, at any of the outputs first..=last.
    pub(crate) fn kernel_range(&self, first: usize, last: usize) -> (usize, usize) {
        let at = |output: usize, place: usize| (output * self.stride + place * self.dilation) as isize - self.before;
        let meets = |place: usize| at(last, place) >= 0 && at(first, place) < self.input as isize;
        let from = (0..self.kernel).position(meets).unwrap_or(0);
        let to = (0..self.kernel).rposition(meets).map_or(from, |place| place + 1);
        (from, to)
    }

    /// The axis of `lanes` images side by side: every value becomes a run, one value an image.
    pub(crate) fn widened(&self, lanes: usize) -> Self {
        let pad = |size: isize| size * lanes as isize;
        Self {
            input: self.input * lanes,
            before: pad(self.before),
            after: pad(self.after),
            dilation: self.dilation * lanes,
            ..*self
        }
    }
}

/// The two axes of a window over `channels` planes.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    pub channels: usize,
    pub y: Axis,
    pub x: Axis,
}

impl Window {
    /// Values of a padded image.
    pub fn padded(&self) -> usize {
        self.channels * self.y.padded() * self.x.padded()
    }

    /// Output pixels of one image.
    pub fn pixels(&self) -> usize {
        self.y.output() * self.x.output()
    }

    /// Terms of one output's sum.
    pub fn terms(&self) -> usize {
        self.channels * self.y.kernel * self.x.kernel
    }

    /// Copies one image [channels, h, w] with its zeros around it.
    pub fn pad(&self, image: &[f32], out: &mut [f32]) {
        self.pad_rows(out, |at, count, to| copy(&image[at..at + count], to));
    }

    /// Copies four images side by side, with zeros around them: for a window whose x axis is [`Axis::widened`] by four.
    pub fn pad_four(&self, images: [&[f32]; 4], out: &mut [f32]) {
        self.pad_rows(out, |at, count, to| interleave(images.map(|image| &image[at / 4..(at + count) / 4]), to));
    }

    /// Has `fill` write the inside of every row, from the place of its first value and their number, and sets the rest to zero.
    #[inline(always)]
    fn pad_rows(&self, out: &mut [f32], fill: impl Fn(usize, usize, &mut [f32])) {
        let (height, width) = (self.y.padded(), self.x.padded());
        let first = self.x.before.max(0) as usize;
        let skipped = (-self.x.before).max(0) as usize;
        let count = (self.x.input - skipped).min(width - first);
        for (c, plane) in out.chunks_exact_mut((height * width).max(1)).take(self.channels).enumerate() {
            for (row, to) in plane.chunks_exact_mut(width).enumerate() {
                let from = row as isize - self.y.before;
                if from < 0 || from >= self.y.input as isize {
                    set(to, 0.0);
                    continue;
                }
                let at = (c * self.y.input + from as usize) * self.x.input + skipped;
                set(&mut to[..first], 0.0);
                fill(at, count, &mut to[first..first + count]);
                set(&mut to[first + count..], 0.0);
            }
        }
    }

    /// Adds a padded image's inside to `image`: the transpose of [`Window::pad`].
    pub fn unpad_into(&self, padded: &[f32], image: &mut [f32]) {
        let (height, width) = (self.y.padded(), self.x.padded());
        let first = self.x.before.max(0) as usize;
        let skipped = (-self.x.before).max(0) as usize;
        let count = (self.x.input - skipped).min(width - first);
        for c in 0..self.channels {
            for row in 0..height {
                let to = row as isize - self.y.before;
                if to < 0 || to >= self.y.input as isize {
                    continue;
                }
                let at = (c * self.y.input + to as usize) * self.x.input + skipped;
                let from = (c * height + row) * width + first;
                for (to, from) in image[at..at + count].iter_mut().zip(&padded[from..from + count]) {
                    *to += from;
                }
            }
        }
    }

    /// `offset[k]` for k = (channel, kernel row, kernel column), or (kernel row, kernel column, channel) with `places_first`.
    pub fn offsets(&self, places_first: bool, out: &mut [usize]) {
        let places = self.y.kernel * self.x.kernel;
        for c in 0..self.channels {
            for place in 0..places {
                let (y, x) = (place / self.x.kernel, place % self.x.kernel);
                let k = if places_first { place * self.channels + c } else { c * places + place };
                out[k] = (c * self.y.padded() + y * self.y.dilation) * self.x.padded() + x * self.x.dilation;
            }
        }
    }

    /// `base[j]` for the output pixels of `images` padded images in a row.
    pub fn bases(&self, images: usize, out: &mut [usize]) {
        let mut j = 0;
        for image in 0..images {
            for y in 0..self.y.output() {
                for x in 0..self.x.output() {
                    out[j] = image * self.padded() + y * self.y.stride * self.x.padded() + x * self.x.stride;
                    j += 1;
                }
            }
        }
    }
}

/// A group of padded images as the columns of a product.
#[derive(Clone, Copy)]
pub(crate) struct ImageColumns<'a> {
    pub image: &'a [f32],
    pub base: &'a [usize],
    pub offset: &'a [usize],
}

/// Whether four columns lie side by side in the image.
#[inline(always)]
fn is_run(base: &[usize]) -> bool {
    base[base.len() - 1] == base[0] + base.len() - 1
}

impl ImageColumns<'_> {
    /// Four columns at one k, from wherever they lie.
    #[inline(always)]
    fn gather(&self, base: &[usize], offset: usize) -> F32x4 {
        let mut lanes = [0.0; 4];
        for (lane, &base) in lanes.iter_mut().zip(base) {
            *lane = self.image[base + offset];
        }
        F32x4::load(&lanes)
    }

    /// Packs four columns or fewer of [k0, k1) into a panel `width` wide, at lane `lane`.
    #[inline(always)]
    fn pack_four(&self, base: &[usize], offsets: &[usize], lane: usize, width: usize, out: &mut [f32]) {
        let rows = offsets.iter().zip(out.chunks_exact_mut(width));
        if base.len() == 4 && is_run(base) {
            for (&offset, out) in rows {
                F32x4::load(four(&self.image[base[0] + offset..])).store(four_mut(&mut out[lane..]));
            }
        } else {
            for (&offset, out) in rows {
                self.gather(base, offset).store(four_mut(&mut out[lane..]));
            }
        }
    }
}

impl PackColumns for ImageColumns<'_> {
    fn pack(&mut self, k0: usize, k1: usize, j0: usize, j1: usize, out: &mut [f32]) {
        let offsets = &self.offset[k0..k1];
        let mut panel = 0;
        let mut j = j0;
        while j < j1 {
            let width = panel_width(j, j1);
            let base = &self.base[j..j1.min(j + width)];
            let out = &mut out[panel..panel + offsets.len() * width];
            if base.len() == 8 && is_run(base) {
                for (&offset, out) in offsets.iter().zip(out.chunks_exact_mut(8)) {
                    let run = &self.image[base[0] + offset..base[0] + offset + 8];
                    F32x4::load(four(run)).store(four_mut(out));
                    F32x4::load(four(&run[4..])).store(four_mut(&mut out[4..]));
                }
            } else {
                for (lane, base) in base.chunks(4).enumerate() {
                    self.pack_four(base, offsets, 4 * lane, width, out);
                }
            }
            panel += panel_size(offsets.len(), width);
            j += width;
        }
    }
}

/// The same images with k and columns swapped: for the gradient of the weights, whose sum runs over pixels.
pub(crate) struct ImageRows<'a>(pub ImageColumns<'a>);

impl PackColumns for ImageRows<'_> {
    fn pack(&mut self, k0: usize, k1: usize, j0: usize, j1: usize, out: &mut [f32]) {
        let ImageColumns { image, base, offset } = self.0;
        let base = &base[k0..k1];
        let mut panel = 0;
        let mut j = j0;
        while j < j1 {
            let width = panel_width(j, j1);
            let offsets = &offset[j..j1.min(j + width)];
            let out = &mut out[panel..panel + base.len() * width];
            for (lane, offsets) in offsets.chunks(4).enumerate() {
                for (base, out) in base.chunks(4).zip(out.chunks_mut(4 * width)) {
                    let lane = 4 * lane;
                    if offsets.len() == 4 && base.len() == 4 && is_run(base) {
                        let rows = core::array::from_fn(|w| F32x4::load(four(&image[base[0] + offsets[w]..])));
                        for (p, lanes) in F32x4::transpose(rows).into_iter().enumerate() {
                            lanes.store(four_mut(&mut out[p * width + lane..]));
                        }
                    } else {
                        for (p, &base) in base.iter().enumerate() {
                            for w in 0..4 {
                                out[p * width + lane + w] = if w < offsets.len() { image[base + offsets[w]] } else { 0.0 };
                            }
                        }
                    }
                }
            }
            panel += panel_size(base.len(), width);
            j += width;
        }
    }
}
