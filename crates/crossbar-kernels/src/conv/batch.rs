//! A batch of images, padded a few at a time.

use super::columns::ImageColumns;
use super::geometry::Window;
use crate::scratch;

/// One of several windows with the same number of outputs.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub window: Window,
    /// The first (row, column) of the pixels that it computes.
    pub first: (usize, usize),
}

/// Images [batch, groups·channels, h, w], and how they are read.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub values: &'a [f32],
    pub batch: usize,
    pub groups: usize,
    /// The window that images are padded for, over the channels of one group.
    pub window: &'a Window,
    /// The windows that have offsets.
    pub parts: &'a [Part],
    /// Images, or quadruples of interleaved images, at a time.
    pub at_once: usize,
    /// The order of k, see [`Window::offsets`].
    pub taps_first: bool,
}

/// A few padded images of one channel group, and where their columns are.
#[derive(Clone, Copy)]
pub(crate) struct Images<'a> {
    pub columns: ImageColumns<'a>,
    /// Images, or quadruples.
    pub count: usize,
    /// The window whose positions the columns are.
    pub window: &'a Window,
    /// Whether k runs over taps first: then taps that read nothing but padding are skipped.
    pub taps_first: bool,
    pub group: usize,
    /// Index of the first image in the batch.
    pub first: usize,
}

impl Batch<'_> {
    /// Calls `each` for a few images of one group at a time; the last image replaces those that a quadruple lacks. The tables of offsets
    /// serve all of them: those of the parts, one after the other.
    pub fn for_each(&self, scratch: &mut scratch::Images, each: &mut dyn FnMut(Images)) {
        let Self { values, batch, groups, window, at_once, taps_first, .. } = *self;
        let (pixels, lanes) = (window.pixels(), window.lanes);
        let terms = self.terms();
        let (offset, base) = scratch.offsets.take(terms + at_once * pixels).split_at_mut(terms);
        self.offsets(offset);
        window.bases(at_once, base);
        let size = window.padded();
        let group_stride = window.channels * window.y.input * window.x.input;
        let image_stride = groups * group_stride;
        let is_unpadded = lanes == 1 && window.y.is_unpadded() && window.x.is_unpadded();
        for group in 0..groups {
            let values = &values[group * group_stride..];
            for first in (0..batch).step_by(at_once * lanes) {
                let count = at_once.min((batch - first).div_ceil(lanes));
                // Unpadded images of one group are contiguous: they are read in place.
                let image = if is_unpadded && (image_stride == size || count == 1) {
                    &values[first * image_stride..][..(count - 1) * image_stride + size]
                } else {
                    let padded = scratch.padded.take(count * size);
                    for (i, padded) in padded.chunks_exact_mut(size.max(1)).enumerate() {
                        window.pad(&|lane| &values[(first + i * lanes + lane).min(batch - 1) * image_stride..], padded);
                    }
                    &padded[..]
                };
                let columns = ImageColumns { image, base: &base[..count * pixels], offset };
                each(Images { columns, count, window, taps_first, group, first });
            }
        }
    }

    /// Terms of all parts.
    fn terms(&self) -> usize {
        self.parts.iter().map(|part| part.window.terms()).sum()
    }

    /// The offsets of all parts, one after the other.
    fn offsets(&self, mut out: &mut [usize]) {
        for Part { window, .. } in self.parts {
            let (offset, rest) = out.split_at_mut(window.terms());
            window.offsets(self.window, self.taps_first, offset);
            out = rest;
        }
    }
}
