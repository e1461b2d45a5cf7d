//! Planes put together from phases.

use super::window::SlidingWindow;
use crate::conv::layout::scatter;
use crate::lanes::set;
use crate::tuning::PUT_PLANES;

impl SlidingWindow<'_> {
    /// Writes the planes of images from what the parts computed, `size` values each: [part][image][row][pixel]. Does nothing if a
    /// single part gave every pixel.
    pub(super) fn assemble(&self, phases: &[f32], images: &mut dyn Iterator<Item = &mut [f32]>, size: usize) {
        if self.is_whole() {
            return;
        }
        for (image, values) in images.enumerate() {
            // Lines of several planes in turn, as in `Window::pad`.
            for first in (0..self.rows).step_by(PUT_PLANES) {
                for y in 0..self.step.0.min(self.size.0) {
                    self.assemble_lines(phases, size, image, first..self.rows.min(first + PUT_PLANES), y, values);
                }
            }
        }
    }

    /// Every `step`-th line from `y` on of some planes of an image.
    #[inline(always)]
    fn assemble_lines(
        &self,
        phases: &[f32],
        size: usize,
        image: usize,
        planes: core::ops::Range<usize>,
        y: usize,
        values: &mut [f32],
    ) {
        let (plane, (down, right), (height, width)) = (self.plane(), self.step, self.size);
        let (rows, row) = (self.window.y.output(), self.window.x.output());
        let lines = (height - y).div_ceil(down);
        // The first part of a line clears the values between its own.
        let mut clears = true;
        for (from, part) in phases.chunks(size).zip(self.parts).filter(|(_, part)| part.first.0 == y) {
            for i in 0..lines {
                for r in planes.clone() {
                    let from = &from[((image * self.rows + r) * rows + i) * row..][..row];
                    let (left, to) = values[r * plane + (i * down + y) * width..][..width].split_at_mut(part.first.1);
                    if clears {
                        set(left, 0.0);
                    }
                    scatter(&from[..to.len().div_ceil(right)], right, to, clears);
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
