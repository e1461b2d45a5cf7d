//! Convolutions of few outputs at stride 1 with fewer multiplications: Winograd's F(T, N) along rows.
//!
//! T neighbouring outputs of a row take N + T − 1 multiplications instead of T·N: y = Aᵀ[(G·g) ∘ (Bᵀ·d)] for tiles d of N + T − 1 inputs
//! (`winograd_filters`). Summed over channels and kernel rows, each of the points is a product of its own, whose kernel is a column.
//!
//! Errors are two to five times the direct sum's, the most where one channel makes for short sums or tiles have five outputs: 4e-7 and 1e-6 of
//! an output's size in LeNet-5 (measured by bench/topics/convolution.mjs; `conv_tests` holds all ways to the same bound).
//!
//! Four images go side by side, so that a tile is a few vectors and no value is shuffled.

use crate::conv::{Conv, Output};
use crate::gemm::{grown, split, Workspace};
use crate::image::{Axis, Window};
use crate::lanes::{copy, F32x4};
use crate::micro::{self, Column};
use crate::pack::{four_mut, separate};
use crate::pool::pick;
use crate::random::TILE;
use crate::tuning::{DIRECT_ROWS, FOURS, FUSED, LEAST_OUTPUTS, MAX_FOUR};
use crate::variation::{as_tiles, tile_buffers, Weights};
use crate::winograd_filters::{Filter, Five, FiveByFive, Three};

/// Whether a convolution in one group, with one draw for all images, goes this way.
pub(crate) fn is_worth(window: &Window, outputs: usize) -> bool {
    let Window { y, x, .. } = *window;
    let fits = |axis: Axis| axis.kernel == x.kernel && axis.stride == 1 && axis.dilation == 1;
    let is_small = outputs <= DIRECT_ROWS && 4 * window.padded() <= MAX_FOUR;
    is_small && window.channels > 0 && outputs >= LEAST_OUTPUTS && fits(y) && fits(x) && [3, 5].contains(&x.kernel) && x.output() > 4
}

/// What depends on taps, points and outputs of a tile.
pub(crate) struct Way {
    pub taps: usize,
    pub points: usize,
    pub tile: usize,
    transform_kernels: fn(&Weights, usize, &mut [f32]),
    pub transform_rows: fn(&[f32], (usize, usize), &mut [f32]),
    multiply: fn((&[f32], usize, usize), &[f32], Column, Run, &mut [[f32; 4]]),
    slide: fn((&[f32], usize, usize), &[f32], Column, Run, &mut [[f32; 4]]),
    write: fn(&Outputs, &mut [f32], usize),
    write_pooled: fn(&Outputs, &mut [f32], Option<&mut [f32]>, usize),
}

const fn way<const N: usize, const P: usize, const T: usize, F: Filter<N, P, T>>() -> Way {
    Way {
        taps: N,
        points: P,
        tile: T,
        transform_kernels: transform_kernels::<N, P, T, F>,
        transform_rows: transform_rows::<N, P, T, F>,
        multiply: multiply::<N>,
        slide: slide::<N, P>,
        write: |outputs, out, plane| outputs.write::<N, P, T, F>(out, plane),
        write_pooled: |outputs, out, places, plane| outputs.write_pooled::<N, P, T, F>(out, places, plane),
    }
}

pub(crate) static THREE: Way = way::<3, 6, 4, Three>();
pub(crate) static FIVE: Way = way::<5, 8, 4, Five>();
static FIVE_BY_FIVE: Way = way::<5, 9, 5, FiveByFive>();

/// y = W∗x + b for every W and its y, alike but for their values: x is transformed once for all of them.
pub(crate) fn forward(work: &mut Workspace, conv: &Conv, (x, bias): (&[f32], &[f32]), weights: &[Weights], outputs: &mut [Output]) {
    let [Output { is_rectified, ref pooled, .. }, ..] = *outputs else { return };
    let is_pooled = pooled.is_some();
    let way = match conv.x.kernel {
        3 => &THREE,
        _ if is_by_fives(conv.x.output()) => &FIVE_BY_FIVE,
        _ => &FIVE,
    };
    let Conv { batch, channels, outputs: rows, y: vertical, x: horizontal, .. } = *conv;
    let (mut height, width) = (vertical.output(), horizontal.output());
    let window = Window { x: whole(horizontal, way.tile), lanes: 4, ..conv.window() };
    let tiles = width.div_ceil(way.tile);
    let column = Column { channels, plane: vertical.padded() * tiles * 4, row: tiles * 4 };
    if is_pooled {
        // A pool leaves an odd row out.
        height = height / 2 * 2;
    }
    let size = rows * if is_pooled { (height / 2) * (width / 2) } else { height * width };

    let mut kernels = std::mem::take(&mut work.kernels);
    let mut images = std::mem::take(&mut work.image);
    let mut transformed = std::mem::take(&mut work.b);
    let mut buffer = std::mem::take(&mut work.columns);
    let kernel_size = way.points * rows * channels * way.taps;
    let kernels_of_all = grown(&mut kernels, weights.len() * kernel_size);
    for (weights, kernel) in weights.iter().zip(kernels_of_all.chunks_exact_mut(kernel_size)) {
        (way.transform_kernels)(weights, rows, kernel);
    }
    let padded = grown(&mut images, window.padded());
    let values = grown(&mut transformed, way.points * channels * column.plane);
    let block = Block::of(channels, rows, height);
    // Sums of a block; planes of four images, and places of their maxima; what stands in for images that a four lacks.
    let sums = way.points * block.size() * column.row;
    let (sum, rest) = grown(&mut buffer, sums + 11 * size).split_at_mut(sums);
    let (beside, rest) = rest.split_at_mut(4 * size);
    let (places, spare) = rest.split_at_mut(4 * size);
    let (sum, _) = sum.as_chunks_mut::<4>();
    let input = channels * vertical.input * horizontal.input;
    let plane = 4 * size / rows;
    for first in (0..batch).step_by(4) {
        window.pad(&|lane| &x[(first + lane).min(batch - 1) * input..], padded);
        (way.transform_rows)(padded, (window.row(), tiles), values);
        for (kernel, Output { y, pooled, .. }) in kernels_of_all.chunks_exact(kernel_size).zip(&mut *outputs) {
            for (i, top) in block.places(rows, height) {
                let count = (height - top).min(block.height);
                let values = &values[top * column.row..];
                let run = Run { count: count * column.row, kernel: block.height * tiles };
                match channels {
                    1 => (way.slide)((kernel, rows, i), values, column, run, sum),
                    _ => (way.multiply)((kernel, rows, way.points), values, column, run, sum),
                }
                let bias = if bias.is_empty() { bias } else { &bias[i..] };
                let outputs = Outputs { sum, block, count, tiles, width, bias, is_rectified };
                match pooled {
                    None => (way.write)(&outputs, &mut beside[i * plane + 4 * top * width..], plane),
                    Some(wanted) => {
                        let at = i * plane + 4 * (top / 2) * (width / 2);
                        let places = if wanted.is_empty() { None } else { Some(&mut places[at..]) };
                        (way.write_pooled)(&outputs, &mut beside[at..], places, plane);
                    }
                }
            }
            hand_out(beside, size, first, y, spare);
            if let Some(wanted) = pooled.as_deref_mut().filter(|wanted| !wanted.is_empty()) {
                hand_out(places, size, first, wanted, spare);
            }
        }
    }
    work.kernels = kernels;
    work.image = images;
    work.b = transformed;
    work.columns = buffer;
}

/// What is summed at a time before it becomes outputs: some rows of outputs of some kernels. With one channel, sums are so short
/// that rows have to be many for the loop over them to be worth its start.
#[derive(Clone, Copy)]
struct Block {
    kernels: usize,
    height: usize,
}

impl Block {
    fn of(channels: usize, kernels: usize, height: usize) -> Self {
        if channels == 1 { Self { kernels: 1, height: height.max(2) } } else { Self { kernels, height: 2 } }
    }

    /// Rows of all its kernels.
    fn size(self) -> usize {
        self.kernels * self.height
    }

    /// The first kernel and row of each.
    fn places(self, kernels: usize, height: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..height).step_by(self.height).flat_map(move |top| (0..kernels).step_by(self.kernels).map(move |i| (i, top)))
    }
}

/// Where the sums of a block go: `count` of each kernel (tiles of rows that follow one another, for four images), from `kernel` on
/// tiles apart.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    count: usize,
    kernel: usize,
}

/// Whether tiles of five outputs, two at least, take a fifth fewer products than such of four. Not where a multiply-add is rounded once:
/// direct sums are more exact then, and the error of tiles of five is more than three times theirs.
fn is_by_fives(width: usize) -> bool {
    !FUSED && width > 5 && 5 * 9 * width.div_ceil(5) <= 4 * 8 * width.div_ceil(4)
}

/// An axis with outputs for whole tiles.
pub(crate) fn whole(axis: Axis, tile: usize) -> Axis {
    let outputs = axis.output();
    Axis { after: axis.after + (outputs.next_multiple_of(tile) - outputs) as isize, ..axis }
}

/// Gg of all kernels, packed: [point][panel][channel][kernel row][rows of the panel].
#[inline(never)]
fn transform_kernels<const N: usize, const P: usize, const T: usize, F: Filter<N, P, T>>(weights: &Weights, rows: usize, out: &mut [f32]) {
    let mut row = vec![0.0; weights.cols];
    let mut buffer = tile_buffers(1);
    let buffer = &mut as_tiles(&mut buffer)[0];
    let point = out.len() / P;
    for (i, size) in split(rows, &FOURS) {
        for r in 0..size {
            for tile in 0..weights.cols.div_ceil(TILE) {
                let segment = weights.segment(i + r, tile, buffer);
                copy(segment, &mut row[tile * TILE..][..segment.len()]);
            }
            for (k, taps) in row.chunks_exact(N).enumerate() {
                for (p, value) in F::of_kernel(taps).into_iter().enumerate() {
                    out[p * point + i * weights.cols / N + k * size + r] = value;
                }
            }
        }
    }
}

/// Bᵀd of every row of four padded images side by side: out [point][row][tile][image].
#[inline(never)]
fn transform_rows<const N: usize, const P: usize, const T: usize, F: Filter<N, P, T>>(padded: &[f32], (row, tiles): (usize, usize), out: &mut [f32]) {
    let point = out.len() / P;
    for (y, row) in padded.chunks_exact(row).enumerate() {
        let mut points: [_; P] = split_points(out, point).map(|out| &mut out[4 * y * tiles..][..4 * tiles]);
        for tile in 0..tiles {
            let (from, _) = row[4 * T * tile..][..4 * P].as_chunks::<4>();
            let values = F::of_input(core::array::from_fn(|i| F32x4::load(&from[i])));
            for (out, value) in points.iter_mut().zip(values) {
                value.store(four_mut(&mut out[4 * tile..]));
            }
        }
    }
}

/// P parts of equal size.
#[inline(always)]
fn split_points<const P: usize>(out: &mut [f32], point: usize) -> [&mut [f32]; P] {
    let mut parts = out.chunks_exact_mut(point);
    core::array::from_fn(|_| parts.next().expect("a part a point"))
}

/// The sums of all kernels at each of `points`: [kernel][row of outputs][tile][point][image].
#[inline(never)]
fn multiply<const N: usize>((kernels, rows, points): (&[f32], usize, usize), values: &[f32], column: Column, run: Run, sum: &mut [[f32; 4]]) {
    let (channels, point) = (column.channels, column.channels * column.plane);
    for p in 0..points {
        let values = &values[p * point..];
        for (i, size) in split(rows, &FOURS) {
            let a = &kernels[(p * rows + i) * channels * N..];
            let sum = &mut sum[i * run.kernel * points + p..];
            match size {
                4 => multiply_rows::<N, 4>(a, values, column, run, points, sum),
                3 => multiply_rows::<N, 3>(a, values, column, run, points, sum),
                2 => multiply_rows::<N, 2>(a, values, column, run, points, sum),
                _ => multiply_rows::<N, 1>(a, values, column, run, points, sum),
            }
        }
    }
}

/// R kernels at one point, whose sums lie `points` apart. Tiles of neighbouring rows follow one another; the last two may overlap those before,
/// to the same bits.
#[inline(never)]
fn multiply_rows<const N: usize, const R: usize>(a: &[f32], values: &[f32], column: Column, run: Run, points: usize, sum: &mut [[f32; 4]]) {
    for x in (0..run.count).step_by(8) {
        let x = x.min(run.count - 8);
        let tile = micro::column::<N, R, 2>(a, &values[x..], column);
        for (r, [left, right]) in tile.into_iter().enumerate() {
            let at = (r * run.kernel + x / 4) * points;
            left.store(&mut sum[at]);
            right.store(&mut sum[at + points]);
        }
    }
}

/// The sums of kernel i, which has one channel, at every point: [row of outputs][tile][point][image].
#[inline(never)]
fn slide<const N: usize, const P: usize>(
    (kernels, rows, i): (&[f32], usize, usize),
    values: &[f32],
    Column { plane, row, .. }: Column,
    run: Run,
    sum: &mut [[f32; 4]],
) {
    let sum = &mut sum.as_chunks_mut::<P>().0[..run.count / 4];
    let (first, size) = split(rows, &FOURS).find(|(first, size)| i < first + size).expect("a panel for each kernel");
    for p in 0..P {
        let panel = &kernels[(p * rows + first) * N..][..N * size];
        let taps = core::array::from_fn(|n| F32x4::splat(panel[n * size + i - first]));
        micro::slide::<N, P>(taps, &values[p * plane..], row, p, sum);
    }
}

/// The outputs of a block, yet at the points.
pub(crate) struct Outputs<'a> {
    /// [kernel][row][tile][point][image]
    sum: &'a [[f32; 4]],
    block: Block,
    /// Rows that there are of the block's.
    count: usize,
    /// Tiles and outputs of a row.
    tiles: usize,
    width: usize,
    /// From the block's first kernel on, or empty.
    bias: &'a [f32],
    is_rectified: bool,
}

impl Outputs<'_> {
    /// Every kernel: its rows of tiles, and its bias.
    fn kernels<const P: usize>(&self) -> impl Iterator<Item = (&[[[f32; 4]; P]], F32x4)> + '_ {
        let bias = |i: usize| if self.bias.is_empty() { 0.0 } else { self.bias[i] };
        let sums = self.sum.as_chunks().0.chunks_exact(self.block.height * self.tiles).enumerate();
        sums.map(move |(i, rows)| (&rows[..self.count * self.tiles], F32x4::splat(bias(i))))
    }

    #[inline(always)]
    fn finished(&self, y: F32x4) -> F32x4 {
        if self.is_rectified { y.max(F32x4::splat(0.0)) } else { y }
    }

    /// Writes them; planes of kernels are `plane` apart.
    #[inline(never)]
    fn write<const N: usize, const P: usize, const T: usize, F: Filter<N, P, T>>(&self, out: &mut [f32], plane: usize) {
        for (i, (rows, bias)) in self.kernels::<P>().enumerate() {
            for (tiles, out) in rows.chunks_exact(self.tiles).zip(out[i * plane..].chunks_exact_mut(4 * self.width)) {
                let out = out.as_chunks_mut::<4>().0.chunks_mut(T);
                for (points, out) in tiles.iter().zip(out) {
                    for (to, value) in out.iter_mut().zip(outputs_of::<N, P, T, F>(points, bias)) {
                        self.finished(value).store(to);
                    }
                }
            }
        }
    }

    /// Writes the largest of each 2×2 of them, and which it was; planes of kernels are `plane` apart.
    #[inline(never)]
    fn write_pooled<const N: usize, const P: usize, const T: usize, F: Filter<N, P, T>>(&self, out: &mut [f32], mut places: Option<&mut [f32]>, plane: usize) {
        let zero = F32x4::splat(0.0);
        let half = self.width / 2;
        for (i, (rows, bias)) in self.kernels::<P>().enumerate() {
            for (y, rows) in rows.chunks_exact(2 * self.tiles).enumerate() {
                let (top, bottom) = rows.split_at(self.tiles);
                let at = i * plane + 4 * y * half;
                // An odd tile and the next have whole pairs of outputs.
                let together = 1 + T % 2;
                let count = together * T / 2;
                let out = out[at..][..4 * half].as_chunks_mut::<4>().0.chunks_mut(count);
                let mut places = places.as_deref_mut().map(|places| places[at..][..4 * half].as_chunks_mut::<4>().0);
                for (first, out) in out.enumerate() {
                    let outputs = |row: &[[[f32; 4]; P]]| {
                        let mut all = [zero; 10];
                        for (i, all) in all.chunks_exact_mut(T).take(together).enumerate() {
                            let tile = (together * first + i).min(self.tiles - 1);
                            all.copy_from_slice(&outputs_of::<N, P, T, F>(&row[tile], bias));
                        }
                        all
                    };
                    let y = outputs(top);
                    let best: [_; 5] = core::array::from_fn(|x| pick((y[2 * x], zero), y[2 * x + 1], 1.0));
                    let y = outputs(bottom);
                    let best: [_; 5] = core::array::from_fn(|x| pick(pick(best[x], y[2 * x], 2.0), y[2 * x + 1], 3.0));
                    for (x, (to, (value, place))) in out.iter_mut().zip(best).enumerate() {
                        self.finished(value).store(to);
                        if let Some(places) = &mut places {
                            place.store(&mut places[count * first + x]);
                        }
                    }
                }
            }
        }
    }
}

/// The outputs of a tile.
#[inline(always)]
fn outputs_of<const N: usize, const P: usize, const T: usize, F: Filter<N, P, T>>(points: &[[f32; 4]; P], bias: F32x4) -> [F32x4; T] {
    F::to_output(core::array::from_fn(|p| F32x4::load(&points[p]))).map(|y| y.add(bias))
}

/// Puts four images side by side one after the other, from `first` on; `spare` takes those that aren't there.
fn hand_out(beside: &[f32], size: usize, first: usize, y: &mut [f32], spare: &mut [f32]) {
    if size == 0 {
        return;
    }
    let mut images = y[first * size..].chunks_exact_mut(size).chain(spare.chunks_exact_mut(size));
    separate(beside, core::array::from_fn(|_| images.next().expect("four images")));
}
