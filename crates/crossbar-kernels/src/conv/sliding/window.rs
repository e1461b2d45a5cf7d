//! What slides, and over what.

use crate::conv::batch::{Batch, Images, Part};
use crate::conv::columns::ImageColumns;
use crate::conv::geometry::Window;
use crate::gemm::RowSplit;
use crate::variation::Draw;

/// Packs a group's rows of weights for a sample, part by part, divided into panels by a table: `pack(sample, group, out, split)`.
pub(crate) type Pack<'a> = dyn FnMut(usize, usize, &mut [f32], RowSplit) + 'a;

/// A window that slides over all images, or one window for each phase of a stride.
pub(crate) struct SlidingWindow<'a> {
    /// What images are padded for, over the channels of one group.
    pub window: Window,
    /// The windows that slide, each with its own weights.
    pub parts: &'a [Part],
    pub batch: usize,
    pub groups: usize,
    /// Rows of weights of a group.
    pub rows: usize,
    pub draw: Draw,
    pub taps_first: bool,
    /// Empty, or one value for each row of every group.
    pub bias: &'a [f32],
    /// Whether y is max(sum, 0).
    pub is_rectified: bool,
    /// Height and width of y.
    pub size: (usize, usize),
    /// Vertical and horizontal stride at which a part writes y.
    pub step: (usize, usize),
}

impl SlidingWindow<'_> {
    /// Values of a plane of y.
    pub fn plane(&self) -> usize {
        self.size.0 * self.size.1
    }

    /// Terms of all parts.
    pub(super) fn terms(&self) -> usize {
        self.parts.iter().map(|part| part.window.terms()).sum()
    }

    /// Whether a single part gives every pixel.
    pub(super) fn is_whole(&self) -> bool {
        self.step == (1, 1)
    }

    pub(super) fn bias(&self, group: usize) -> &[f32] {
        if self.bias.is_empty() {
            self.bias
        } else {
            &self.bias[group * self.rows..][..self.rows]
        }
    }

    /// The images to slide over.
    pub(super) fn images<'b>(&'b self, values: &'b [f32], window: &'b Window, at_once: usize) -> Batch<'b> {
        let Self { parts, batch, groups, taps_first, .. } = *self;
        Batch { values, batch, groups, window, parts, at_once, taps_first }
    }

    /// Every part: its index, its first term, and the images with its own window and offsets.
    pub(super) fn parts_of<'b>(
        &'b self,
        windows: &'b [Window],
        images: Images<'b>,
    ) -> impl Iterator<Item = (usize, usize, Images<'b>)> + 'b {
        let mut k = 0;
        windows.iter().enumerate().map(move |(i, window)| {
            let first = k;
            k += window.terms();
            let columns = ImageColumns { offset: &images.columns.offset[first..k], ..images.columns };
            (i, first, Images { columns, window, ..images })
        })
    }
}
