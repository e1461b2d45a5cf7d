//! The gradient of a convolution's input, with the forward's draw of the weights again.

use crate::conv::Conv;
use crate::gemm::{split, Split, Workspace};
use crate::lanes::copy;
use crate::image::{Axis, Window};
use crate::random::TILE;
use crate::slide::{Part, Slide};
use crate::tuning::{DEPTH, TURNED_OUTPUTS};
use crate::variation::{as_tiles, tile_buffers, Variation, Weights};
use crate::winograd;

/// dx = the transpose of the forward's linear map, with its draw again.
pub fn backward_input(work: &mut Workspace, conv: &Conv, (dy, w): (&[f32], &[f32]), variation: Variation, dx: &mut [f32]) {
    if conv.batch == 0 || conv.input_pixels() == 0 || conv.channels == 0 {
        return;
    }
    if conv.output_pixels() == 0 {
        return dx.fill(0.0);
    }
    backward_input_turned(work, conv, dy, w, variation, dx);
}

/// Every `stride`-th pixel of one direction of the input, whose gradient a window over the output's gives, at stride 1.
#[derive(Clone, Copy)]
struct Phase {
    /// The first pixel.
    first: usize,
    /// The window, whose kernel is every `step`-th place from `place` on, turned.
    window: Axis,
    place: usize,
    step: usize,
}

impl Phase {
    /// The pixels from `first` < stride on; none where no window reads them.
    fn new(axis: Axis, first: usize) -> Option<Self> {
        let (stride, dilation) = (axis.stride as isize, axis.dilation as isize);
        // Output o reads pixel p by place k where o·stride + k·dilation = p + before.
        let reader = |place: usize| first as isize + axis.before - place as isize * dilation;
        let place = (0..axis.kernel).find(|&place| reader(place) % stride == 0)?;
        let step = (1..).find(|step| step * axis.dilation % axis.stride == 0)?;
        let kernel = (axis.kernel - place).div_ceil(step);
        let dilation = step * axis.dilation / axis.stride;
        let reach = ((kernel - 1) * dilation) as isize;
        let before = reach - reader(place) / stride;
        // As many pixels for every phase, though the last may lie beyond the input.
        let after = axis.input.div_ceil(axis.stride) as isize + reach - axis.output() as isize - before;
        Some(Self { first, window: Axis { input: axis.output(), kernel, stride: 1, before, after, dilation }, place, step })
    }

    /// All that have windows.
    fn all(axis: Axis) -> Vec<Self> {
        (0..axis.stride.min(axis.input)).filter_map(|first| Self::new(axis, first)).collect()
    }

    /// A window that reads what all of them read.
    fn union(phases: &[Self]) -> Option<Axis> {
        let Axis { input, .. } = phases.first()?.window;
        let before = phases.iter().map(|phase| phase.window.before).max()?;
        let after = phases.iter().map(|phase| phase.window.after).max()?;
        let axis = Axis { input, kernel: 1, stride: 1, before, after, dilation: 1 };
        Some(Axis { kernel: axis.padded() + 1 - phases[0].window.output(), ..axis })
    }

    /// Places of the whole kernel, turned.
    fn places(self) -> impl Iterator<Item = usize> {
        (0..self.window.kernel).rev().map(move |place| self.place + place * self.step)
    }
}

/// The input's gradient, phase by phase, is a convolution of the output's with a part of the kernel, turned by 180°.
fn backward_input_turned(work: &mut Workspace, conv: &Conv, dy: &[f32], w: &[f32], variation: Variation, dx: &mut [f32]) {
    let (rows, channels) = (conv.group_channels(), conv.group_outputs());
    let (vertical, horizontal) = (Phase::all(conv.y), Phase::all(conv.x));
    let (Some(y), Some(x)) = (Phase::union(&vertical), Phase::union(&horizontal)) else {
        return dx.fill(0.0);
    };
    let mut parts = vec![];
    let mut places = vec![None; conv.y.kernel * conv.x.kernel];
    let mut start = 0;
    for (y, x) in vertical.iter().flat_map(|y| horizontal.iter().map(move |x| (y, x))) {
        let window = Window { channels, y: y.window, x: x.window, lanes: 1 };
        for (i, (row, column)) in y.places().flat_map(|row| x.places().map(move |column| (row, column))).enumerate() {
            places[row * conv.x.kernel + column] = Some(Turned { start, at: i * channels, terms: window.terms() });
        }
        start += rows * window.terms();
        parts.push(Part { window, first: (y.first, x.first) });
    }
    let slide = Slide {
        window: Window { channels, y, x, lanes: 1 },
        parts: &parts,
        batch: conv.batch,
        groups: conv.groups,
        rows,
        draw: variation.draw,
        places_first: true,
        bias: &[],
        is_rectified: false,
        size: (conv.y.input, conv.x.input),
        step: (conv.y.stride, conv.x.stride),
    };
    let weights = Weights { values: w, cols: conv.terms(), variation, sample: 0 };
    if winograd::is_worth_to_slide(&slide) {
        return winograd::slide(&slide, work, &weights, true, dy, dx);
    }
    slide.run(work, dy, dx, &mut |sample, group, packed, table| {
        pack_turned(conv, &Weights { sample: sample as u32, ..weights }, &places, (group, table), packed);
    });
}

/// Where a place of the kernel goes.
#[derive(Clone, Copy)]
struct Turned {
    /// Where its part's packed rows begin.
    start: usize,
    /// Its first k of that part's.
    at: usize,
    /// The part's k.
    terms: usize,
}

/// Packs the parts of a group's kernel as A: row = input channel, k = (kernel row, kernel column, output), the kernel backwards.
fn pack_turned(conv: &Conv, weights: &Weights, places: &[Option<Turned>], (group, table): (usize, Split), out: &mut [f32]) {
    let (m, outputs, cols) = (conv.group_channels(), conv.group_outputs(), weights.cols);
    let mut rows = vec![0.0; TURNED_OUTPUTS * cols];
    let mut buffer = tile_buffers(1);
    let buffer = &mut as_tiles(&mut buffer)[0];
    for first in (0..outputs).step_by(TURNED_OUTPUTS) {
        let count = TURNED_OUTPUTS.min(outputs - first);
        for (i, row) in rows.chunks_exact_mut(cols).take(count).enumerate() {
            for (tile, out) in row.chunks_mut(TILE).enumerate() {
                copy(weights.segment(group * outputs + first + i, tile, buffer), out);
            }
        }
        for (place, to) in places.iter().enumerate() {
            let Some(Turned { start, at, terms }) = *to else { continue };
            // Where k lies in a packed A, [block of DEPTH k][panel][k][rows]: the block, its k, which of them.
            let ks: [_; TURNED_OUTPUTS] = core::array::from_fn(|i| {
                let (k, k0) = (at + first + i, (at + first + i) / DEPTH * DEPTH);
                (start + k0 * m, DEPTH.min(terms - k0.min(terms)), k - k0)
            });
            for (panel, size) in split(m, table) {
                for (row, (block, depth, k)) in rows.chunks_exact(cols).zip(ks).take(count) {
                    let to = &mut out[block + panel * depth + k * size..][..size];
                    let from = &row[panel * places.len() + place..];
                    for (r, to) in to.iter_mut().enumerate() {
                        *to = from[r * places.len()];
                    }
                }
            }
        }
    }
}
