//! Convolutions of few outputs at stride 1 with fewer multiplications: Winograd's F(4, N) along rows.
//!
//! Four neighbouring outputs of a row take N + 3 multiplications instead of 4·N (Winograd 1980; Toom and Cook):
//! y = Aᵀ[(G·g) ∘ (Bᵀ·d)] for tiles d of N + 3 inputs. Summed over channels and kernel rows, each of the N + 3 points is a
//! product of its own, whose kernel is a column.
//!
//! The points are 0, ±1, ½, −2 and ∞ for three taps, −½ and 2 too for five: of all small ones these lose least to rounding
//! at their price. Errors are two to five times the direct sum's, the most where one channel makes for short sums: 4e-7 to 6e-7 of
//! an output's size in LeNet-5, what wide layers have too (measured by bench/topics/convolution.mjs; `conv_tests` holds
//! both to the same bound).
//!
//! Four images go side by side, so that a tile is a few vectors and no value is shuffled.

use crate::conv::{Conv, Output};
use crate::gemm::{grown, panels, Workspace};
use crate::image::{Axis, Window};
use crate::lanes::{copy, F32x4};
use crate::micro::{self, Column};
use crate::pack::{four_mut, separate};
use crate::pool::pick;
use crate::random::TILE;
use crate::tuning::{DIRECT_ROWS, LEAST_OUTPUTS, MAX_FOUR};
use crate::variation::{as_tiles, tile_buffers, Weights};

/// Outputs of a tile.
pub(crate) const TILE_OUTPUTS: usize = 4;

/// A filter of N taps and the P = N + 3 points it is evaluated at.
pub(crate) trait Filter<const N: usize, const P: usize> {
    /// Bᵀd
    fn of_input(d: [F32x4; P]) -> [F32x4; P];
    /// Gg
    fn of_kernel(taps: &[f32]) -> [f32; P];
    /// Aᵀm
    fn to_output(m: [F32x4; P]) -> [F32x4; TILE_OUTPUTS];
    /// A·dy
    fn of_gradient(dy: [F32x4; TILE_OUTPUTS]) -> [F32x4; P];
    /// Gᵀm
    fn to_taps(m: [f32; P]) -> [f32; N];
}

#[inline(always)]
fn times(factor: f32, x: F32x4) -> F32x4 {
    F32x4::splat(factor).mul(x)
}

#[inline(always)]
fn twice(x: F32x4) -> F32x4 {
    x.add(x)
}

pub(crate) struct Three;

impl Filter<3, 6> for Three {
    /// The rows of Bᵀ: (2, −3, −4, 3, 2, 0), (0, −2, 1, 5, 2, 0), (0, −2, 5, −1, −2, 0), (0, 2, 1, −2, −1, 0), (0, 1, −2, −1, 2, 0)
    /// and (0, 2, −3, −4, 3, 2).
    #[inline(always)]
    fn of_input([a, b, c, d, e, f]: [F32x4; 6]) -> [F32x4; 6] {
        let (bd, ce) = (b.sub(d), c.sub(e));
        [
            twice(a.sub(c).sub(ce)).sub(times(3.0, bd)),
            times(3.0, c.add(d)).sub(twice(bd.add(ce))),
            times(3.0, c.sub(d)).sub(twice(bd.sub(ce))),
            twice(bd).add(ce),
            bd.sub(twice(ce)),
            twice(bd.sub(d).add(f)).sub(times(3.0, ce)),
        ]
    }
    #[inline(always)]
    fn of_kernel(taps: &[f32]) -> [f32; 6] {
        let [a, b, c] = [taps[0], taps[1], taps[2]];
        let sixth = 1.0 / 6.0;
        [
            0.5 * a,
            sixth * (a + c + b),
            sixth * (a + c - b),
            (4.0 / 15.0) * (4.0 * a + c + 2.0 * b),
            (1.0 / 30.0) * (a + 4.0 * c - 2.0 * b),
            0.5 * c,
        ]
    }
    #[inline(always)]
    fn to_output([a, b, c, d, e, f]: [F32x4; 6]) -> [F32x4; 4] {
        let (sum, difference) = (b.add(c), b.sub(c));
        [
            a.add(sum).add(d).add(e),
            difference.add(times(0.5, d)).sub(twice(e)),
            sum.add(times(0.25, d)).add(times(4.0, e)),
            difference.add(times(0.125, d)).sub(times(8.0, e)).add(f),
        ]
    }
    #[inline(always)]
    fn of_gradient([a, b, c, d]: [F32x4; 4]) -> [F32x4; 6] {
        let (even, odd) = (a.add(c), b.add(d));
        let half = a.add(times(0.25, c)).add(times(0.5, b).add(times(0.125, d)));
        let two = a.add(times(4.0, c)).sub(twice(b).add(times(8.0, d)));
        [a, even.add(odd), even.sub(odd), half, two, d]
    }
    #[inline(always)]
    fn to_taps([a, b, c, d, e, f]: [f32; 6]) -> [f32; 3] {
        let (sum, difference) = ((b + c) / 6.0, (b - c) / 6.0);
        [
            0.5 * a + sum + (16.0 / 15.0) * d + e / 30.0,
            difference + (8.0 / 15.0) * d - e / 15.0,
            sum + (4.0 / 15.0) * d + (2.0 / 15.0) * e + 0.5 * f,
        ]
    }
}

pub(crate) struct Five;

impl Filter<5, 8> for Five {
    /// The rows of Bᵀ at 0, ±1, ±2, ±½ and ∞: (4, 0, −21, 0, 21, 0, −4, 0), (0, ∓4, −4, ±17, 17, ∓4, −4, 0), (0, ±2, 1, ∓10, −5, ±8, 4, 0),
    /// (0, ±4, 8, ∓5, −10, ±1, 2, 0) and (0, −4, 0, 21, 0, −21, 0, 4).
    #[inline(always)]
    fn of_input([a, b, c, d, e, f, g, h]: [F32x4; 8]) -> [F32x4; 8] {
        let ones = [times(17.0, e).sub(times(4.0, c.add(g))), times(17.0, d).sub(times(4.0, b.add(f)))];
        let twos = [c.sub(times(5.0, e)).add(times(4.0, g)), twice(b.sub(times(5.0, d)).add(times(4.0, f)))];
        let halves = [twice(times(4.0, c).sub(times(5.0, e)).add(g)), times(4.0, b).sub(times(5.0, d)).add(f)];
        let both = |[even, odd]: [F32x4; 2]| [even.add(odd), even.sub(odd)];
        let ([p, q], [r, s], [t, u]) = (both(ones), both(twos), both(halves));
        let ends = |x: F32x4, y: F32x4| times(4.0, x).add(times(21.0, y));
        [ends(a.sub(g), e.sub(c)), p, q, r, s, t, u, ends(h.sub(b), d.sub(f))]
    }
    #[inline(always)]
    fn of_kernel(taps: &[f32]) -> [f32; 8] {
        let [a, b, c, d, e] = [taps[0], taps[1], taps[2], taps[3], taps[4]];
        let both = |factor: f32, even: f32, odd: f32| [factor * (even + odd), factor * (even - odd)];
        let [p, q] = both(1.0 / 18.0, a + c + e, b + d);
        let [r, s] = both(1.0 / 360.0, a + 4.0 * c + 16.0 * e, 2.0 * b + 8.0 * d);
        let [t, u] = both(1.0 / 360.0, 16.0 * a + 4.0 * c + e, 8.0 * b + 2.0 * d);
        [0.25 * a, p, q, r, s, t, u, 0.25 * e]
    }
    /// At ±½ the kernel is an eighth, so that its part of the outputs is 8, ±4, 2 and ±1 times a point's.
    #[inline(always)]
    fn to_output([a, b, c, d, e, f, g, h]: [F32x4; 8]) -> [F32x4; 4] {
        let both = |x: F32x4, y: F32x4| (x.add(y), x.sub(y));
        let ((ones, one), (twos, two), (halves, half)) = (both(b, c), both(d, e), both(f, g));
        [
            a.add(ones).add(twos).add(times(8.0, halves)),
            one.add(twice(two)).add(times(4.0, half)),
            ones.add(times(4.0, twos)).add(twice(halves)),
            one.add(times(8.0, two)).add(half).add(h),
        ]
    }
    #[inline(always)]
    fn of_gradient([a, b, c, d]: [F32x4; 4]) -> [F32x4; 8] {
        let both = |even: F32x4, odd: F32x4| (even.add(odd), even.sub(odd));
        let (p, q) = both(a.add(c), b.add(d));
        let (r, s) = both(a.add(times(4.0, c)), twice(b.add(times(4.0, d))));
        let (t, u) = both(twice(times(4.0, a).add(c)), times(4.0, b).add(d));
        [a, p, q, r, s, t, u, d]
    }
    #[inline(always)]
    fn to_taps([a, b, c, d, e, f, g, h]: [f32; 8]) -> [f32; 5] {
        let both = |factor: f32, x: f32, y: f32| (factor * (x + y), factor * (x - y));
        let ((ones, one), (twos, two), (halves, half)) = (both(1.0 / 18.0, b, c), both(1.0 / 360.0, d, e), both(1.0 / 360.0, f, g));
        [
            0.25 * a + ones + twos + 16.0 * halves,
            one + 2.0 * two + 8.0 * half,
            ones + 4.0 * (twos + halves),
            one + 8.0 * two + 2.0 * half,
            ones + 16.0 * twos + halves + 0.25 * h,
        ]
    }
}

/// Whether a convolution in one group, with one draw for all images, goes this way.
pub(crate) fn is_worth(window: &Window, outputs: usize) -> bool {
    let Window { y, x, .. } = *window;
    let fits = |axis: Axis| axis.kernel == x.kernel && axis.stride == 1 && axis.dilation == 1;
    let is_small = outputs <= DIRECT_ROWS && 4 * window.padded() <= MAX_FOUR;
    is_small && window.channels > 0 && outputs >= LEAST_OUTPUTS && fits(y) && fits(x) && [3, 5].contains(&x.kernel) && x.output() > TILE_OUTPUTS
}

/// y = W∗x + b.
pub(crate) fn forward(work: &mut Workspace, conv: &Conv, operands: (&[f32], &Weights, &[f32]), output: Output) {
    match conv.x.kernel {
        3 => forward_with::<3, 6, Three>(work, conv, operands, output),
        _ => forward_with::<5, 8, Five>(work, conv, operands, output),
    }
}

fn forward_with<const N: usize, const P: usize, F: Filter<N, P>>(
    work: &mut Workspace,
    conv: &Conv,
    (x, weights, bias): (&[f32], &Weights, &[f32]),
    Output { y, is_rectified, mut pooled }: Output,
) {
    let Conv { batch, channels, outputs: rows, y: vertical, x: horizontal, .. } = *conv;
    let (mut height, width) = (vertical.output(), horizontal.output());
    let window = Window { x: whole(horizontal), lanes: 4, ..conv.window() };
    let tiles = width.div_ceil(TILE_OUTPUTS);
    let column = Column { channels, plane: vertical.padded() * tiles * 4, row: tiles * 4 };
    let is_pooled = pooled.is_some();
    if is_pooled {
        // A pool leaves an odd row out.
        height = height / 2 * 2;
    }
    let size = rows * if is_pooled { (height / 2) * (width / 2) } else { height * width };

    let mut kernels = std::mem::take(&mut work.kernels);
    let mut images = std::mem::take(&mut work.image);
    let mut transformed = std::mem::take(&mut work.b);
    let mut buffer = std::mem::take(&mut work.columns);
    let kernel = grown(&mut kernels, P * rows * channels * N);
    transform_kernels::<N, P, F>(weights, rows, kernel);
    let padded = grown(&mut images, window.padded());
    let values = grown(&mut transformed, P * channels * column.plane);
    let block = Block::of(channels, rows, height);
    // Sums of a block; planes of four images, and places of their maxima; what stands in for images that a four lacks.
    let sums = P * block.size() * column.row;
    let (sum, rest) = grown(&mut buffer, sums + 11 * size).split_at_mut(sums);
    let (beside, rest) = rest.split_at_mut(4 * size);
    let (places, spare) = rest.split_at_mut(4 * size);
    let sum = sum.as_chunks_mut::<4>().0.as_chunks_mut::<P>().0;
    let input = channels * vertical.input * horizontal.input;
    let plane = 4 * size / rows;
    for first in (0..batch).step_by(4) {
        window.pad(&|lane| &x[(first + lane).min(batch - 1) * input..], padded);
        transform_rows::<N, P, F>(padded, (window.row(), tiles), values);
        for (i, top) in block.places(rows, height) {
            let count = (height - top).min(block.height);
            let values = &values[top * column.row..];
            let run = Run { count: count * column.row, kernel: block.height * tiles };
            match channels {
                1 => slide::<N, P>((kernel, rows, i), values, column, run, sum),
                _ => multiply::<N, P>((kernel, rows), values, column, run, sum),
            }
            let bias = if bias.is_empty() { bias } else { &bias[i..] };
            let outputs = Outputs { sum, block, count, tiles, width, bias, is_rectified };
            match &pooled {
                None => outputs.write::<N, F>(&mut beside[i * plane + 4 * top * width..], plane),
                Some(wanted) => {
                    let at = i * plane + 4 * (top / 2) * (width / 2);
                    let places = if wanted.is_empty() { None } else { Some(&mut places[at..]) };
                    outputs.write_pooled::<N, F>(&mut beside[at..], places, plane);
                }
            }
        }
        hand_out(beside, size, first, y, spare);
        if let Some(wanted) = pooled.as_deref_mut().filter(|wanted| !wanted.is_empty()) {
            hand_out(places, size, first, wanted, spare);
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
struct Run {
    count: usize,
    kernel: usize,
}

/// An axis with outputs for whole tiles.
pub(crate) fn whole(axis: Axis) -> Axis {
    let outputs = axis.output();
    Axis { after: axis.after + (outputs.next_multiple_of(TILE_OUTPUTS) - outputs) as isize, ..axis }
}

/// Gg of all kernels, packed: [point][panel][channel][kernel row][rows of the panel].
#[inline(never)]
fn transform_kernels<const N: usize, const P: usize, F: Filter<N, P>>(weights: &Weights, rows: usize, out: &mut [f32]) {
    let mut row = vec![0.0; weights.cols];
    let mut buffer = tile_buffers(1);
    let buffer = &mut as_tiles(&mut buffer)[0];
    let point = out.len() / P;
    for (i, size) in panels(rows) {
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
pub(crate) fn transform_rows<const N: usize, const P: usize, F: Filter<N, P>>(padded: &[f32], (row, tiles): (usize, usize), out: &mut [f32]) {
    let point = out.len() / P;
    for (y, row) in padded.chunks_exact(row).enumerate() {
        let mut points: [_; P] = split_points(out, point).map(|out| &mut out[4 * y * tiles..][..4 * tiles]);
        for tile in 0..tiles {
            let (from, _) = row[4 * TILE_OUTPUTS * tile..][..4 * P].as_chunks::<4>();
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

/// The sums of all kernels at every point: [kernel][row of outputs][tile][point][image].
#[inline(never)]
fn multiply<const N: usize, const P: usize>((kernels, rows): (&[f32], usize), values: &[f32], column: Column, run: Run, sum: &mut [[[f32; 4]; P]]) {
    let (channels, point) = (column.channels, column.channels * column.plane);
    for p in 0..P {
        let values = &values[p * point..];
        for (i, size) in panels(rows) {
            let a = &kernels[(p * rows + i) * channels * N..];
            let sum = &mut sum[i * run.kernel..];
            match size {
                4 => multiply_rows::<N, P, 4>(a, values, column, run, p, sum),
                3 => multiply_rows::<N, P, 3>(a, values, column, run, p, sum),
                2 => multiply_rows::<N, P, 2>(a, values, column, run, p, sum),
                _ => multiply_rows::<N, P, 1>(a, values, column, run, p, sum),
            }
        }
    }
}

/// R kernels at point p. Tiles of neighbouring rows follow one another; the last two may overlap those before, to the same bits.
#[inline(never)]
fn multiply_rows<const N: usize, const P: usize, const R: usize>(
    a: &[f32],
    values: &[f32],
    column: Column,
    run: Run,
    p: usize,
    sum: &mut [[[f32; 4]; P]],
) {
    for x in (0..run.count).step_by(8) {
        let x = x.min(run.count - 8);
        let tile = micro::column::<N, R, 2>(a, &values[x..], column);
        for (r, tile) in tile.into_iter().enumerate() {
            for (to, value) in sum[r * run.kernel + x / 4..][..2].iter_mut().zip(tile) {
                value.store(&mut to[p]);
            }
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
    sum: &mut [[[f32; 4]; P]],
) {
    let (first, size) = panels(rows).find(|(first, size)| i < first + size).expect("a panel for each kernel");
    for p in 0..P {
        let panel = &kernels[(p * rows + first) * N..][..N * size];
        let taps = core::array::from_fn(|n| F32x4::splat(panel[n * size + i - first]));
        micro::slide::<N, P>(taps, &values[p * plane..], row, p, &mut sum[..run.count / 4]);
    }
}

/// The outputs of a block, yet at the points.
struct Outputs<'a, const P: usize> {
    /// [kernel][row][tile][point][image]
    sum: &'a [[[f32; 4]; P]],
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

impl<const P: usize> Outputs<'_, P> {
    /// Every kernel: its rows of tiles, and its bias.
    fn kernels(&self) -> impl Iterator<Item = (&[[[f32; 4]; P]], F32x4)> + '_ {
        let bias = |i: usize| if self.bias.is_empty() { 0.0 } else { self.bias[i] };
        let sums = self.sum.chunks_exact(self.block.height * self.tiles).enumerate();
        sums.map(move |(i, rows)| (&rows[..self.count * self.tiles], F32x4::splat(bias(i))))
    }

    #[inline(always)]
    fn finished(&self, y: F32x4) -> F32x4 {
        if self.is_rectified { y.max(F32x4::splat(0.0)) } else { y }
    }

    /// Writes them; planes of kernels are `plane` apart.
    #[inline(never)]
    fn write<const N: usize, F: Filter<N, P>>(&self, out: &mut [f32], plane: usize) {
        for (i, (rows, bias)) in self.kernels().enumerate() {
            for (tiles, out) in rows.chunks_exact(self.tiles).zip(out[i * plane..].chunks_exact_mut(4 * self.width)) {
                let out = out.as_chunks_mut::<4>().0.chunks_mut(TILE_OUTPUTS);
                for (points, out) in tiles.iter().zip(out) {
                    for (to, value) in out.iter_mut().zip(outputs_of::<N, P, F>(points, bias)) {
                        self.finished(value).store(to);
                    }
                }
            }
        }
    }

    /// Writes the largest of each 2×2 of them, and which it was; planes of kernels are `plane` apart.
    #[inline(never)]
    fn write_pooled<const N: usize, F: Filter<N, P>>(&self, out: &mut [f32], mut places: Option<&mut [f32]>, plane: usize) {
        let zero = F32x4::splat(0.0);
        let half = self.width / 2;
        for (i, (rows, bias)) in self.kernels().enumerate() {
            for (y, rows) in rows.chunks_exact(2 * self.tiles).enumerate() {
                let (top, bottom) = rows.split_at(self.tiles);
                let at = i * plane + 4 * y * half;
                let out = out[at..][..4 * half].as_chunks_mut::<4>().0.chunks_mut(TILE_OUTPUTS / 2);
                let mut places = places.as_deref_mut().map(|places| places[at..][..4 * half].as_chunks_mut::<4>().0);
                for (tile, ((top, bottom), out)) in top.iter().zip(bottom).zip(out).enumerate() {
                    let [a, b, c, d] = outputs_of::<N, P, F>(top, bias);
                    let best = [pick((a, zero), b, 1.0), pick((c, zero), d, 1.0)];
                    let [a, b, c, d] = outputs_of::<N, P, F>(bottom, bias);
                    let best = [pick(pick(best[0], a, 2.0), b, 3.0), pick(pick(best[1], c, 2.0), d, 3.0)];
                    for (x, (to, (value, place))) in out.iter_mut().zip(best).enumerate() {
                        self.finished(value).store(to);
                        if let Some(places) = &mut places {
                            place.store(&mut places[2 * tile + x]);
                        }
                    }
                }
            }
        }
    }
}

/// The outputs of a tile.
#[inline(always)]
fn outputs_of<const N: usize, const P: usize, F: Filter<N, P>>(points: &[[f32; 4]; P], bias: F32x4) -> [F32x4; TILE_OUTPUTS] {
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
