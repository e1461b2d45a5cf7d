//! Sizes: axes of a sliding window, windows, convolutions.

/// One axis of a sliding window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Axis {
    /// Input size.
    pub input: usize,
    /// Kernel size, in taps.
    pub kernel: usize,
    /// Stride.
    pub stride: usize,
    /// Zeros before the input; negative crops.
    pub before: isize,
    /// Zeros after the input; negative crops.
    pub after: isize,
    /// Distance of neighbouring taps.
    pub dilation: usize,
}

impl Axis {
    /// Input size with its padding.
    pub fn padded(&self) -> usize {
        (self.input as isize + self.before + self.after).max(0) as usize
    }

    /// Extent of the dilated kernel.
    pub(crate) fn extent(&self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    /// Output size: number of window positions.
    #[inline(never)]
    pub fn output(&self) -> usize {
        if self.padded() < self.extent() {
            0
        } else {
            (self.padded() - self.extent()) / self.stride + 1
        }
    }

    /// Phases that windows read: all of them, unless windows leave gaps.
    pub(crate) fn phases(&self) -> usize {
        self.stride.min(self.extent())
    }

    /// Values of one phase that windows read.
    pub(crate) fn phase_size(&self) -> usize {
        self.output() + (self.extent() - 1) / self.stride
    }

    /// Size of the axis in the layout by phase: all values that windows read.
    pub(crate) fn laid_out(&self) -> usize {
        if self.output() == 0 {
            0
        } else {
            self.phases() * self.phase_size()
        }
    }

    /// Offset of a padded position in the layout by phase. A phase is the positions of equal remainder by the stride, so the values
    /// that output x reads are x after those of output 0.
    pub(crate) fn offset(&self, position: usize) -> usize {
        position % self.stride * self.phase_size() + position / self.stride
    }

    /// The values [from, to) of a phase that are input, not padding.
    pub(crate) fn inside(&self, phase: usize) -> (usize, usize) {
        let first_at = |position: isize| {
            let distance = position + self.before - phase as isize;
            (distance.max(0) as usize).div_ceil(self.stride).min(self.phase_size())
        };
        (first_at(0), first_at(self.input as isize))
    }

    /// Whether the layout by phase is that of the input.
    pub(crate) fn is_unpadded(&self) -> bool {
        self.stride == 1 && self.before == 0 && self.laid_out() == self.input
    }

    /// The taps [from, to) that read input, not only padding, for any of the outputs first..=last.
    pub(crate) fn taps_inside(&self, first: usize, last: usize) -> (usize, usize) {
        let at = |output: usize, tap: usize| (output * self.stride + tap * self.dilation) as isize - self.before;
        let meets = |tap: usize| at(last, tap) >= 0 && at(first, tap) < self.input as isize;
        let from = (0..self.kernel).position(meets).unwrap_or(0);
        let to = (0..self.kernel).rposition(meets).map_or(from, |tap| tap + 1);
        (from, to)
    }

    /// The axis with outputs for whole patches of `patch` outputs.
    pub(crate) fn whole(self, patch: usize) -> Self {
        let outputs = self.output();
        Self { after: self.after + (outputs.next_multiple_of(patch) - outputs) as isize, ..self }
    }
}

/// A sliding window over `channels` planes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub channels: usize,
    pub y: Axis,
    pub x: Axis,
    /// Images interleaved, 1 or 4: value i of image l is at `lanes`·i + l.
    pub lanes: usize,
}

impl Window {
    /// Values of a row of a padded image.
    pub fn row(&self) -> usize {
        self.x.laid_out() * self.lanes
    }

    /// Values of a padded image, or of four interleaved ones.
    pub fn padded(&self) -> usize {
        self.channels * self.y.laid_out() * self.row()
    }

    /// Columns of the product for a row of outputs.
    pub fn width(&self) -> usize {
        self.x.output() * self.lanes
    }

    /// Columns of the product for an image.
    pub fn pixels(&self) -> usize {
        self.y.output() * self.width()
    }

    /// Terms of an output.
    pub fn terms(&self) -> usize {
        self.channels * self.y.kernel * self.x.kernel
    }
}

/// Geometry of a convolution: x [batch, channels, h, w], W [outputs, channels/groups, kh, kw], y [batch, outputs, oh, ow].
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
    /// Independent groups of channels and outputs.
    pub groups: usize,
}

impl Conv {
    pub(crate) fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    pub(crate) fn group_outputs(&self) -> usize {
        self.outputs / self.groups
    }

    /// Columns of W as a matrix [outputs, terms].
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

    /// Number of values of x.
    #[inline(never)]
    pub fn x_size(&self) -> usize {
        self.batch * self.channels * self.input_pixels()
    }

    /// Number of values of W.
    #[inline(never)]
    pub fn w_size(&self) -> usize {
        self.outputs * self.terms()
    }

    /// Number of values of y.
    #[inline(never)]
    pub fn y_size(&self) -> usize {
        self.batch * self.outputs * self.output_pixels()
    }

    /// Number of values of y after a 2×2 max pool.
    #[inline(never)]
    pub fn pooled_size(&self) -> usize {
        self.batch * self.outputs * (self.y.output() / 2) * (self.x.output() / 2)
    }

    /// The window over the channels of one group.
    pub(crate) fn window(&self) -> Window {
        Window { channels: self.group_channels(), y: self.y, x: self.x, lanes: 1 }
    }
}
