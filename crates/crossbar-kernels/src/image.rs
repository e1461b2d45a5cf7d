//! Images as columns of a product, read in place: what im2col would write out, found by two tables of offsets.
//!
//! Column j is an output pixel and k a weight's place (channel, row, column). On a padded image the value at (k, j) lies at
//! `base[j] + offset[k]`, so no bounds are tested and no batch is ever unrolled into memory.
//!
//! Padded images are laid out by phase, see [`Axis::place`]: whatever the stride, neighbouring outputs read neighbouring values.

use crate::gemm::{panel_size, panel_width, PackColumns};
use crate::lanes::{copy, set, F32x4};
use crate::pack::{four, four_mut, interleave, spread_rows};
use crate::tuning::READ_PLANES;

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

    /// Values from the first that a window reads to its last.
    pub(crate) fn reach(&self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    /// Number of window positions.
    pub fn output(&self) -> usize {
        if self.padded() < self.reach() {
            0
        } else {
            (self.padded() - self.reach()) / self.stride + 1
        }
    }

    /// Phases that windows read: all of them unless they leave gaps.
    fn phases(&self) -> usize {
        self.stride.min(self.reach())
    }

    /// Values of one phase that windows read.
    fn phase(&self) -> usize {
        self.output() + (self.reach() - 1) / self.stride
    }

    /// Values of the padded axis as it is laid out: those that windows may read.
    pub(crate) fn laid_out(&self) -> usize {
        if self.output() == 0 { 0 } else { self.phases() * self.phase() }
    }

    /// Where the value at `position` of the padded axis is laid out: phase by phase, a phase being the positions of equal
    /// remainder by the stride. The values that output x reads are x behind those of the first output.
    fn place(&self, position: usize) -> usize {
        position % self.stride * self.phase() + position / self.stride
    }

    /// The values [from, to) of a phase that are input, not padding.
    fn inside(&self, phase: usize) -> (usize, usize) {
        let first_at = |position: isize| {
            let distance = position + self.before - phase as isize;
            (distance.max(0) as usize).div_ceil(self.stride).min(self.phase())
        };
        (first_at(0), first_at(self.input as isize))
    }

    /// Whether the padded axis is laid out as the input is.
    pub(crate) fn is_bare(&self) -> bool {
        self.stride == 1 && self.before == 0 && self.laid_out() == self.input
    }

    /// The places [from, to) of the kernel that meet the input, not only its padding, at any of the outputs first..=last.
    pub(crate) fn kernel_range(&self, first: usize, last: usize) -> (usize, usize) {
        let at = |output: usize, place: usize| (output * self.stride + place * self.dilation) as isize - self.before;
        let meets = |place: usize| at(last, place) >= 0 && at(first, place) < self.input as isize;
        let from = (0..self.kernel).position(meets).unwrap_or(0);
        let to = (0..self.kernel).rposition(meets).map_or(from, |place| place + 1);
        (from, to)
    }
}

/// The two axes of a window over `channels` planes.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    pub channels: usize,
    pub y: Axis,
    pub x: Axis,
    /// Images side by side, 1 or 4: every value is a run, one value an image.
    pub lanes: usize,
}

impl Window {
    /// Values of a row of a padded image.
    pub fn row(&self) -> usize {
        self.x.laid_out() * self.lanes
    }

    /// Values of a padded image.
    pub fn padded(&self) -> usize {
        self.channels * self.y.laid_out() * self.row()
    }

    /// Columns of the product that a row of outputs makes.
    pub fn width(&self) -> usize {
        self.x.output() * self.lanes
    }

    /// Columns of the product that one image makes.
    pub fn pixels(&self) -> usize {
        self.y.output() * self.width()
    }

    /// Terms of one output's sum.
    pub fn terms(&self) -> usize {
        self.channels * self.y.kernel * self.x.kernel
    }

    /// Copies as many images [channels, h, w] as there are lanes, with zeros around them, and lays them out.
    pub fn pad<'a>(&self, image: &dyn Fn(usize) -> &'a [f32], out: &mut [f32]) {
        let images: [_; 4] = core::array::from_fn(|lane| image(lane.min(self.lanes - 1)));
        let (row, width) = (self.row(), self.x.phase() * self.lanes);
        let (phases, size) = (self.y.phases(), self.y.phase() * row);
        // Where images go alone, rows of several channels are read in turn.
        let together = if self.lanes == 1 { READ_PLANES } else { 1 };
        for first in (0..self.channels).step_by(together) {
            let channels = first..self.channels.min(first + together);
            for y in 0..phases {
                let (top, bottom) = self.y.inside(y);
                for c in channels.clone() {
                    let out = &mut out[(c * phases + y) * size..][..size];
                    set(&mut out[..top * row], 0.0);
                    set(&mut out[bottom * row..], 0.0);
                }
                // Of the first value inside; no less than zero, if any is inside.
                let line = (y + top * self.y.stride).wrapping_add_signed(-self.y.before);
                for x in 0..self.x.phases() {
                    let (from, to) = self.x.inside(x);
                    let column = (x + from * self.x.stride).wrapping_add_signed(-self.x.before).min(self.x.input);
                    for i in top..bottom {
                        for c in channels.clone() {
                            let at = (c * self.y.input + line + (i - top) * self.y.stride) * self.x.input;
                            let out = &mut out[(c * phases + y) * size + i * row + x * width..][..width];
                            let (out, right) = out.split_at_mut(to * self.lanes);
                            let (left, out) = out.split_at_mut(from * self.lanes);
                            set(left, 0.0);
                            set(right, 0.0);
                            let rows = at + column..at + self.x.input;
                            if self.lanes == 1 {
                                every(&images[0][rows], self.x.stride, out);
                            } else {
                                every_of_four(images.map(|image| &image[rows.clone()]), self.x.stride, out);
                            }
                        }
                    }
                }
            }
        }
    }

    /// `offset[k]` for k = (channel, kernel row, kernel column), or (kernel row, kernel column, channel) with `places_first`:
    /// where the places of this window lie in images `padded` for it or for more.
    pub fn offsets(&self, padded: &Self, places_first: bool, out: &mut [usize]) {
        let at = |own: Axis, padded: Axis, place: usize| {
            padded.place((place * own.dilation).wrapping_add_signed(padded.before - own.before))
        };
        let places = self.y.kernel * self.x.kernel;
        for c in 0..self.channels {
            for place in 0..places {
                let (y, x) = (place / self.x.kernel, place % self.x.kernel);
                let k = if places_first { place * self.channels + c } else { c * places + place };
                let row = c * padded.y.laid_out() + at(self.y, padded.y, y);
                out[k] = row * padded.row() + at(self.x, padded.x, x) * padded.lanes;
            }
        }
    }

    /// `base[j]` for the columns of `images` padded images in a row.
    pub fn bases(&self, images: usize, out: &mut [usize]) {
        let mut j = 0;
        for image in 0..images {
            for y in 0..self.y.output() {
                for x in 0..self.width() {
                    out[j] = image * self.padded() + y * self.row() + x;
                    j += 1;
                }
            }
        }
    }
}

/// to[i] = from[i·stride]
#[inline(always)]
fn every(from: &[f32], stride: usize, to: &mut [f32]) {
    if stride == 1 {
        return copy(&from[..to.len()], to);
    }
    let whole = if stride == 2 { to.len() / 4 * 4 } else { 0 };
    let (blocks, rest) = to.split_at_mut(whole);
    for (i, to) in blocks.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        alternate(&from[8 * i..]).store(to);
    }
    for (i, to) in rest.iter_mut().enumerate() {
        *to = from[(whole + i) * stride];
    }
}

/// to[i·stride] = from[i]; what lies between becomes zero or is left alone.
#[inline(always)]
pub(crate) fn put_every(from: &[f32], stride: usize, to: &mut [f32], clears: bool) {
    let whole = if stride == 2 { from.len().min(to.len() / 2) / 4 * 4 } else { 0 };
    let (blocks, from) = from.split_at(whole);
    let (to, rest) = to.split_at_mut(whole * stride);
    for (from, to) in blocks.as_chunks::<4>().0.iter().zip(to.as_chunks_mut::<8>().0) {
        let (low, high) = to.split_at_mut(4);
        let (low, high) = (four_mut(low), four_mut(high));
        let between = if clears { F32x4::splat(0.0) } else { F32x4::unzip(F32x4::load(low), F32x4::load(high)).1 };
        let (first, second) = F32x4::zip(F32x4::load(from), between);
        first.store(low);
        second.store(high);
    }
    if clears {
        set(rest, 0.0);
    }
    for (from, to) in from.iter().zip(rest.iter_mut().step_by(stride)) {
        *to = *from;
    }
}

/// to[4·i + lane] = rows[lane][i·stride]
#[inline(always)]
fn every_of_four(rows: [&[f32]; 4], stride: usize, to: &mut [f32]) {
    if stride == 1 {
        return interleave(rows.map(|row| &row[..to.len() / 4]), to);
    }
    let whole = if stride == 2 { to.len() / 16 * 16 } else { 0 };
    let (blocks, rest) = to.split_at_mut(whole);
    for (i, to) in blocks.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let lanes = F32x4::transpose(rows.map(|row| alternate(&row[8 * i..])));
        for (to, lanes) in to.as_chunks_mut::<4>().0.iter_mut().zip(lanes) {
            lanes.store(to);
        }
    }
    for (i, to) in rest.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *to = rows.map(|row| row[(whole / 4 + i) * stride]);
    }
}

/// The first, third, fifth and seventh of seven values.
#[inline(always)]
fn alternate(from: &[f32]) -> F32x4 {
    let from = &from[..7];
    F32x4::alternate(F32x4::load(four(from)), F32x4::load(four(&from[3..])))
}

/// A group of padded images as the columns of a product.
#[derive(Clone, Copy)]
pub(crate) struct ImageColumns<'a> {
    pub image: &'a [f32],
    pub base: &'a [usize],
    pub offset: &'a [usize],
}

/// Whether columns, one or more that ascend, lie side by side in the image.
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
        if is_run(&self.base[j0..j1]) {
            // One row of an image after the other, as of a matrix: caches and prefetchers like whole lines.
            let first = self.base[j0];
            return spread_rows(k1 - k0, out, |k| &self.image[first + offsets[k]..][..j1 - j0]);
        }
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
