//! Padded images, laid out by phase, one by one or four interleaved.
//!
//! See [`Axis::offset`]: whatever the stride, neighbouring outputs read neighbouring values.

use super::geometry::{Axis, Window};
use crate::gemm::pack::interleave;
use crate::lanes::{copy, four, four_mut, set, F32x4};
use crate::tuning::READ_PLANES;

/// Where the values of a padded image are.
struct Layout<'a> {
    /// Values of a row, of a horizontal phase in it, and of a vertical phase.
    row: usize,
    width: usize,
    phase: usize,
    /// The values [from, to) of every phase that are input, not padding.
    vertical: &'a [(usize, usize)],
    horizontal: &'a [(usize, usize)],
}

impl Window {
    /// Copies `lanes` images [channels, h, w] into `out`, with zeros around them, laid out by phase.
    pub fn pad<'a>(&self, image: &dyn Fn(usize) -> &'a [f32], out: &mut [f32]) {
        let images: [_; 4] = core::array::from_fn(|lane| image(lane.min(self.lanes - 1)));
        // Rows of several channels are read in turn, unless images are interleaved.
        let together = if self.lanes == 1 { READ_PLANES } else { 1 };
        let row = self.row();
        let inside = |axis: &Axis| -> Vec<_> { (0..axis.phases()).map(|phase| axis.inside(phase)).collect() };
        let layout = Layout {
            row,
            width: self.x.phase_size() * self.lanes,
            phase: self.y.phase_size() * row,
            vertical: &inside(&self.y),
            horizontal: &inside(&self.x),
        };
        for first in (0..self.channels).step_by(together) {
            for phase in 0..layout.vertical.len() {
                self.pad_phase(&images, &layout, first..self.channels.min(first + together), phase, out);
            }
        }
    }

    /// One vertical phase of some channels.
    #[inline(always)]
    fn pad_phase(
        &self,
        images: &[&[f32]; 4],
        layout: &Layout,
        channels: core::ops::Range<usize>,
        phase: usize,
        out: &mut [f32],
    ) {
        let Layout { row, width, phase: size, vertical, horizontal } = *layout;
        let (phases, (top, bottom)) = (vertical.len(), vertical[phase]);
        for c in channels.clone() {
            let out = &mut out[(c * phases + phase) * size..][..size];
            set(&mut out[..top * row], 0.0);
            set(&mut out[bottom * row..], 0.0);
        }
        // The input row of the first value inside; not negative, if any is inside.
        let line = (phase + top * self.y.stride).wrapping_add_signed(-self.y.before);
        for (x, &(from, to)) in horizontal.iter().enumerate() {
            let column = (x + from * self.x.stride).wrapping_add_signed(-self.x.before).min(self.x.input);
            for i in top..bottom {
                for c in channels.clone() {
                    let at = (c * self.y.input + line + (i - top) * self.y.stride) * self.x.input;
                    let out = &mut out[(c * phases + phase) * size + i * row + x * width..][..width];
                    let (out, right) = out.split_at_mut(to * self.lanes);
                    let (left, out) = out.split_at_mut(from * self.lanes);
                    set(left, 0.0);
                    set(right, 0.0);
                    let rows = at + column..at + self.x.input;
                    if self.lanes == 1 {
                        gather(&images[0][rows], self.x.stride, out);
                    } else {
                        gather_interleaved(images.map(|image| &image[rows.clone()]), self.x.stride, out);
                    }
                }
            }
        }
    }

    /// `offset[k]` of this window's terms in images `padded` for it or for a larger window; k = (channel, kernel row, kernel column), or
    /// (kernel row, kernel column, channel) if `taps_first`.
    pub fn offsets(&self, padded: &Self, taps_first: bool, out: &mut [usize]) {
        let at = |own: Axis, padded: Axis, tap: usize| {
            padded.offset((tap * own.dilation).wrapping_add_signed(padded.before - own.before))
        };
        let taps = self.y.kernel * self.x.kernel;
        for c in 0..self.channels {
            for tap in 0..taps {
                let (y, x) = (tap / self.x.kernel, tap % self.x.kernel);
                let k = if taps_first { tap * self.channels + c } else { c * taps + tap };
                let row = c * padded.y.laid_out() + at(self.y, padded.y, y);
                out[k] = row * padded.row() + at(self.x, padded.x, x) * padded.lanes;
            }
        }
    }

    /// `base[j]` of the columns of consecutive padded images.
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
fn gather(from: &[f32], stride: usize, to: &mut [f32]) {
    if stride == 1 {
        return copy(&from[..to.len()], to);
    }
    let whole = if stride == 2 { to.len() / 4 * 4 } else { 0 };
    let (blocks, rest) = to.split_at_mut(whole);
    for (i, to) in blocks.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        even(&from[8 * i..]).store(to);
    }
    for (i, to) in rest.iter_mut().enumerate() {
        *to = from[(whole + i) * stride];
    }
}

/// to[i·stride] = from[i]; the values in between become zero (`clears`) or stay.
#[inline(always)]
pub(crate) fn scatter(from: &[f32], stride: usize, to: &mut [f32], clears: bool) {
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
fn gather_interleaved(rows: [&[f32]; 4], stride: usize, to: &mut [f32]) {
    if stride == 1 {
        return interleave(rows.map(|row| &row[..to.len() / 4]), to);
    }
    let whole = if stride == 2 { to.len() / 16 * 16 } else { 0 };
    let (blocks, rest) = to.split_at_mut(whole);
    for (i, to) in blocks.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let lanes = F32x4::transpose(rows.map(|row| even(&row[8 * i..])));
        for (to, lanes) in to.as_chunks_mut::<4>().0.iter_mut().zip(lanes) {
            lanes.store(to);
        }
    }
    for (i, to) in rest.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *to = rows.map(|row| row[(whole / 4 + i) * stride]);
    }
}

/// Values 0, 2, 4 and 6 of seven.
#[inline(always)]
fn even(from: &[f32]) -> F32x4 {
    let from = &from[..7];
    F32x4::alternate(F32x4::load(four(from)), F32x4::load(four(&from[3..])))
}
