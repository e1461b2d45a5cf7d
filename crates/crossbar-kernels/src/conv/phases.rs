//! The gradient of the input as windows that slide over the gradient of the outputs, one for each phase of the stride.

use super::batch::Part;
use super::geometry::{Axis, Conv, Window};

/// Every `stride`-th pixel of one axis of the input: a window over dy at stride 1 gives its gradient.
#[derive(Clone, Copy)]
struct Phase {
    /// The first pixel.
    first: usize,
    /// The window; its taps are every `step`-th tap of the kernel from `tap` on, flipped.
    window: Axis,
    tap: usize,
    step: usize,
}

impl Phase {
    /// The pixels from `first` < stride on; none if no window reads them.
    fn new(axis: Axis, first: usize) -> Option<Self> {
        let (stride, dilation) = (axis.stride as isize, axis.dilation as isize);
        // Output o reads pixel p by tap t where o·stride + t·dilation = p + before.
        let reader = |tap: usize| first as isize + axis.before - tap as isize * dilation;
        let tap = (0..axis.kernel).find(|&tap| reader(tap) % stride == 0)?;
        let step = (1..).find(|step| step * axis.dilation % axis.stride == 0)?;
        let kernel = (axis.kernel - tap).div_ceil(step);
        let dilation = step * axis.dilation / axis.stride;
        let extent = ((kernel - 1) * dilation) as isize;
        let before = extent - reader(tap) / stride;
        // The same number of pixels for every phase, although the last may lie beyond the input.
        let after = axis.input.div_ceil(axis.stride) as isize + extent - axis.output() as isize - before;
        Some(Self {
            first,
            window: Axis { input: axis.output(), kernel, stride: 1, before, after, dilation },
            tap,
            step,
        })
    }

    /// All phases that have windows.
    fn all(axis: Axis) -> Vec<Self> {
        (0..axis.stride.min(axis.input)).filter_map(|first| Self::new(axis, first)).collect()
    }

    /// A window that reads everything that the windows of the phases read.
    fn union(phases: &[Self]) -> Option<Axis> {
        let Axis { input, .. } = phases.first()?.window;
        let before = phases.iter().map(|phase| phase.window.before).max()?;
        let after = phases.iter().map(|phase| phase.window.after).max()?;
        let axis = Axis { input, kernel: 1, stride: 1, before, after, dilation: 1 };
        Some(Axis { kernel: axis.padded() + 1 - phases[0].window.output(), ..axis })
    }

    /// Taps of the whole kernel, flipped.
    fn taps(self) -> impl Iterator<Item = usize> {
        (0..self.window.kernel).rev().map(move |tap| self.tap + tap * self.step)
    }
}

/// Where a tap of the kernel is packed.
#[derive(Clone, Copy)]
pub(super) struct Flipped {
    /// Start of its part's packed rows.
    pub start: usize,
    /// Its first k in the part.
    pub first: usize,
    /// Terms of the part.
    pub terms: usize,
}

/// The windows of a convolution's input gradient.
pub(super) struct InputGradient {
    /// What images of dy are padded for.
    pub padded: Window,
    /// One window for each phase of both axes.
    pub parts: Vec<Part>,
    /// Where each tap of the kernel is packed; `None` if no window has it.
    pub taps: Vec<Option<Flipped>>,
}

impl InputGradient {
    /// None if there is no gradient: no pixels, or none that an output reads.
    pub fn new(conv: &Conv) -> Option<Self> {
        if conv.batch == 0 || conv.input_pixels() == 0 || conv.channels == 0 || conv.output_pixels() == 0 {
            return None;
        }
        let (rows, channels) = (conv.group_channels(), conv.group_outputs());
        let (vertical, horizontal) = (Phase::all(conv.y), Phase::all(conv.x));
        let padded = Window { channels, y: Phase::union(&vertical)?, x: Phase::union(&horizontal)?, lanes: 1 };
        let mut parts = vec![];
        let mut taps = vec![None; conv.y.kernel * conv.x.kernel];
        let mut start = 0;
        for (y, x) in vertical.iter().flat_map(|y| horizontal.iter().map(move |x| (y, x))) {
            let window = Window { channels, y: y.window, x: x.window, lanes: 1 };
            for (i, (row, column)) in y.taps().flat_map(|row| x.taps().map(move |column| (row, column))).enumerate() {
                taps[row * conv.x.kernel + column] =
                    Some(Flipped { start, first: i * channels, terms: window.terms() });
            }
            start += rows * window.terms();
            parts.push(Part { window, first: (y.first, x.first) });
        }
        Some(Self { padded, parts, taps })
    }
}
