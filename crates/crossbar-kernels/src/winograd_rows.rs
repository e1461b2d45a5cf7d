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
const TILE_OUTPUTS: usize = 4;

/// A filter of P − 3 taps and the P points it is evaluated at.
trait Filter<const P: usize> {
    /// Bᵀd
    fn of_input(d: [F32x4; P]) -> [F32x4; P];
    /// Gg
    fn of_kernel(taps: &[f32]) -> [f32; P];
    /// Aᵀm
    fn to_output(m: [F32x4; P]) -> [F32x4; TILE_OUTPUTS];
}

#[inline(always)]
fn times(factor: f32, x: F32x4) -> F32x4 {
    F32x4::splat(factor).mul(x)
}

#[inline(always)]
fn twice(x: F32x4) -> F32x4 {
    x.add(x)
}

struct Three;

impl Filter<6> for Three {
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
}

struct Five;

impl Filter<8> for Five {
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

fn forward_with<const N: usize, const P: usize, F: Filter<P>>(
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
    // Sums of two rows of outputs, and those outputs where they are pooled; planes of four images, and places of their maxima; what
    // stands in for images that a four lacks.
    let (sums, pair) = (P * rows * 2 * column.row, if is_pooled { rows * 8 * width } else { 0 });
    let (sum, rest) = grown(&mut buffer, sums + pair + 11 * size).split_at_mut(sums);
    let (pairs, rest) = rest.split_at_mut(pair);
    let (beside, rest) = rest.split_at_mut(4 * size);
    let (places, spare) = rest.split_at_mut(4 * size);
    let input = channels * vertical.input * horizontal.input;
    for first in (0..batch).step_by(4) {
        window.pad(&|lane| &x[(first + lane).min(batch - 1) * input..], padded);
        transform_rows::<P, F>(padded, (window.row(), tiles), values);
        for top in (0..height).step_by(2) {
            let count = (height - top).min(2);
            multiply::<N, P>(kernel, &values[top * column.row..], (rows, column, channels * column.plane), count, sum);
            let outputs = Outputs { sum, stride: rows * 2 * column.row, row: column.row, bias, is_rectified: is_rectified && !is_pooled, width };
            match &pooled {
                None => outputs.write::<P, F>(count, &mut beside[4 * top * width..], 4 * size / rows),
                Some(wanted) => {
                    outputs.write::<P, F>(2, pairs, 8 * width);
                    let at = 4 * (top / 2) * (width / 2);
                    let places = if wanted.is_empty() { None } else { Some(&mut places[at..]) };
                    pool(pairs, width, is_rectified, &mut beside[at..], places, 4 * size / rows);
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

/// An axis with outputs for whole tiles.
fn whole(axis: Axis) -> Axis {
    let outputs = axis.output();
    Axis { after: axis.after + (outputs.next_multiple_of(TILE_OUTPUTS) - outputs) as isize, ..axis }
}

/// Gg of all kernels, packed: [point][panel][channel][kernel row][rows of the panel].
#[inline(never)]
fn transform_kernels<const N: usize, const P: usize, F: Filter<P>>(weights: &Weights, rows: usize, out: &mut [f32]) {
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
fn transform_rows<const P: usize, F: Filter<P>>(padded: &[f32], (row, tiles): (usize, usize), out: &mut [f32]) {
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

/// The products of every point for `count` rows of outputs: sum [point][row of the kernels][two rows][tile][image].
#[inline(never)]
fn multiply<const N: usize, const P: usize>(
    kernels: &[f32],
    values: &[f32],
    (rows, column, point): (usize, Column, usize),
    count: usize,
    sum: &mut [f32],
) {
    let (two, count) = (2 * column.row, count * column.row);
    for p in 0..P {
        let values = &values[p * point..];
        for (i, size) in panels(rows) {
            let a = &kernels[(p * rows + i) * column.channels * N..];
            let sum = &mut sum[(p * rows + i) * two..];
            match size {
                4 => multiply_rows::<N, 4>(a, values, column, count, sum),
                3 => multiply_rows::<N, 3>(a, values, column, count, sum),
                2 => multiply_rows::<N, 2>(a, values, column, count, sum),
                _ => multiply_rows::<N, 1>(a, values, column, count, sum),
            }
        }
    }
}

/// R rows of one point. Tiles of neighbouring rows follow one another; the last eight may overlap those before, to the same bits.
#[inline(never)]
fn multiply_rows<const N: usize, const R: usize>(a: &[f32], values: &[f32], column: Column, count: usize, sum: &mut [f32]) {
    let two = 2 * column.row;
    let sum = &mut sum[..(R - 1) * two + count];
    for x in (0..count).step_by(8) {
        let x = x.min(count - 8);
        let tile = micro::column::<N, R, 2>(a, &values[x..], column);
        for (r, tile) in tile.into_iter().enumerate() {
            let (to, _) = sum[r * two + x..][..8].as_chunks_mut::<4>();
            for (to, value) in to.iter_mut().zip(tile) {
                value.store(to);
            }
        }
    }
}

/// Two rows of outputs of every kernel, yet at the points.
struct Outputs<'a> {
    /// [point][kernel][two rows][tile][image]
    sum: &'a [f32],
    /// Values of a point.
    stride: usize,
    /// Values of a row.
    row: usize,
    bias: &'a [f32],
    is_rectified: bool,
    /// Outputs of a row.
    width: usize,
}

impl Outputs<'_> {
    /// Every kernel: where its two rows begin in those of a point, and its bias.
    fn kernels(&self) -> impl Iterator<Item = (usize, F32x4)> + '_ {
        let bias = |i: usize| if self.bias.is_empty() { 0.0 } else { self.bias[i] };
        (0..self.stride / (2 * self.row)).map(move |i| (2 * i * self.row, F32x4::splat(bias(i))))
    }

    /// The first `tiles` tiles of a row at every point.
    #[inline(always)]
    fn tiles<const P: usize>(&self, at: usize, tiles: usize) -> [&[[f32; 4]]; P] {
        core::array::from_fn(|p| self.sum[p * self.stride + at..][..4 * tiles].as_chunks::<4>().0)
    }

    #[inline(always)]
    fn finished(&self, y: F32x4) -> F32x4 {
        if self.is_rectified { y.max(F32x4::splat(0.0)) } else { y }
    }

    /// Writes `count` rows; planes of kernels are `plane` apart.
    #[inline(never)]
    fn write<const P: usize, F: Filter<P>>(&self, count: usize, out: &mut [f32], plane: usize) {
        for (i, (at, bias)) in self.kernels().enumerate() {
            for (y, out) in out[i * plane..].chunks_mut(4 * self.width).take(count).enumerate() {
                let points = self.tiles::<P>(at + y * self.row, self.row / 4);
                let (out, _) = out.as_chunks_mut::<4>();
                let (tiles, last) = out.as_chunks_mut::<TILE_OUTPUTS>();
                let count = tiles.len();
                let finished = |tile: usize| {
                    F::to_output(core::array::from_fn(|p| F32x4::load(&points[p][tile]))).map(|y| self.finished(y.add(bias)))
                };
                for (tile, to) in tiles.iter_mut().enumerate() {
                    to.iter_mut().zip(finished(tile)).for_each(|(to, value)| value.store(to));
                }
                if !last.is_empty() {
                    last.iter_mut().zip(finished(count)).for_each(|(to, value)| value.store(to));
                }
            }
        }
    }
}

/// The largest of each 2×2 of two rows of outputs, [kernel][two rows][x][image], and which it was. Planes of kernels are `plane`
/// apart.
#[inline(never)]
fn pool(pairs: &[f32], width: usize, is_rectified: bool, out: &mut [f32], mut places: Option<&mut [f32]>, plane: usize) {
    let zero = F32x4::splat(0.0);
    let half = width / 2;
    for (i, rows) in pairs.chunks_exact(8 * width).enumerate() {
        let (top, bottom) = rows.split_at(4 * width);
        let (top, bottom) = (&top.as_chunks::<8>().0[..half], &bottom.as_chunks::<8>().0[..half]);
        let (out, _) = out[i * plane..][..4 * half].as_chunks_mut::<4>();
        let mut places = places.as_deref_mut().map(|places| places[i * plane..][..4 * half].as_chunks_mut::<4>().0);
        for (x, ((out, top), bottom)) in out.iter_mut().zip(top).zip(bottom).enumerate() {
            let [[a, b], [c, d]] = [top, bottom].map(|two| [F32x4::load(&two.as_chunks().0[0]), F32x4::load(&two.as_chunks().0[1])]);
            let (best, place) = pick(pick(pick((a, zero), b, 1.0), c, 2.0), d, 3.0);
            if let Some(places) = &mut places {
                place.store(&mut places[x]);
            }
            if is_rectified { best.max(zero) } else { best }.store(out);
        }
    }
}

/// Puts four images side by side one after the other, from `first` on; `spare` takes those that aren't there.
fn hand_out(beside: &[f32], size: usize, first: usize, y: &mut [f32], spare: &mut [f32]) {
    if size == 0 {
        return;
    }
    let mut images = y[first * size..].chunks_exact_mut(size).chain(spare.chunks_exact_mut(size));
    separate(beside, core::array::from_fn(|_| images.next().expect("four images")));
}
