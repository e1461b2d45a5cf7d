//! Images in place, one or four interleaved: packing them would cost more than it saves for few outputs. If four are interleaved, rows of
//! pixels fill whole vectors whatever their width, taps that read padding are skipped, and each image may have its own weights.

use super::window::{Pack, SlidingWindow};
use crate::arrays::elementwise::rectify;
use crate::conv::batch::Images;
use crate::conv::geometry::Window;
use crate::gemm::micro::{self, Factor, Offsets, Stride};
use crate::gemm::pack::{interleave_some, separate};
use crate::gemm::panels_of;
use crate::lanes::{copy, F32x4};
use crate::scratch::Workspace;
use crate::tuning::{DEPTH, SPLIT_BY_4};
use crate::variation::Draw;

impl SlidingWindow<'_> {
    /// y [batch, groups·rows, plane] from x, `lanes` images at a time: 4, or 1 if four are too large for a cache.
    pub fn run_in_place(&self, lanes: usize, work: &mut Workspace, x: &[f32], y: &mut [f32], pack: &mut Pack) {
        let Workspace { packed, images, results, .. } = work;
        let (rows, plane) = (self.rows, self.plane());
        let planes = rows * self.window.pixels();
        let wide = |window: Window| Window { lanes, ..window };
        let windows: Vec<_> = self.parts.iter().map(|part| wide(part.window)).collect();
        let size = rows * self.terms();
        // With a draw for each image the weights of four are interleaved too.
        let draws = if self.draw == Draw::Sample { lanes } else { 1 };
        let (a, interleaved) = packed.a.take((draws + draws / 4 * 4) * size).split_at_mut(draws * size);
        // Interleaved results, then those of single images: all of every part, or those that a quadruple lacks.
        let separated = if self.is_whole() { lanes - 1 } else { lanes * self.parts.len() };
        let (sums, separated) = results.take((lanes + separated) * planes).split_at_mut(lanes * planes);
        self.images(x, &wide(self.window), 1).for_each(images, &mut |images| {
            let Images { first, group, .. } = images;
            if first == 0 || self.draw == Draw::Sample {
                for (i, a) in a.chunks_exact_mut(size).enumerate() {
                    pack((first + i).min(self.batch - 1), group, a, &SPLIT_BY_4);
                }
                if draws == 4 {
                    interleave_some(4, 4, |i| &a[i * size..][..size], interleaved);
                }
            }
            let image_stride = self.groups * rows * plane;
            let values = &mut y[first * image_stride + group * rows * plane..];
            for (i, k, images) in self.parts_of(&windows, images) {
                let a = match draws {
                    4 => PackedRows::OfEach(&interleaved.as_chunks::<4>().0[rows * k..]),
                    _ => PackedRows::Shared(&a[rows * k..]),
                };
                multiply(a, &images, self.bias(group), sums, rows);
                if self.is_rectified {
                    rectify(sums);
                }
                let whole = if self.is_whole() { values.chunks_mut(image_stride) } else { [].chunks_mut(1) };
                let mut to = whole
                    .chain(separated[lanes * i * planes..].chunks_exact_mut(planes))
                    .map(|image| &mut image[..planes]);
                let mut next = || to.next().expect("as many images as lanes");
                if lanes == 1 {
                    copy(sums, next())
                } else {
                    separate(sums, core::array::from_fn(|_| next()))
                }
            }
            self.assemble(separated, &mut values.chunks_mut(image_stride).take(lanes), lanes * planes);
        });
    }
}

/// Packed rows of weights for four interleaved images.
#[derive(Clone, Copy)]
pub(crate) enum PackedRows<'a> {
    /// The same for all.
    Shared(&'a [f32]),
    /// Each image's own, interleaved.
    OfEach(&'a [[f32; 4]]),
}

/// The product of packed rows and one image, or four interleaved: out [m, pixels].
#[inline(never)]
fn multiply(packed: PackedRows, images: &Images, bias: &[f32], out: &mut [f32], m: usize) {
    let columns = &images.columns;
    let Window { y: vertical, x: horizontal, channels, lanes } = *images.window;
    let (width, pixels) = (images.window.width(), columns.base.len());
    let offsets = Offsets::new(columns.offset);
    // The taps of a row that matter to each run of eight outputs; short sums aren't worth splitting.
    let taps_of_runs: Vec<_> = (0..width)
        .step_by(8)
        .map(|x| match images.taps_first && channels >= 8 {
            true => horizontal.taps_inside(x / lanes, (x + 7) / lanes),
            false => (0, horizontal.kernel),
        })
        .collect();
    for y in 0..vertical.output() {
        let image = &columns.image[columns.base[y * width]..];
        let rows = if images.taps_first { vertical.taps_inside(y, y) } else { (0, vertical.kernel) };
        let taps = Taps { rows, columns: &taps_of_runs, width: horizontal.kernel, channels };
        let from = Row { image, offsets, taps, m, width };
        for (i, count) in panels_of(m, &SPLIT_BY_4) {
            let bias = if bias.is_empty() { bias } else { &bias[i..] };
            let out = &mut out[i * pixels + y * width..];
            match (count, packed) {
                (4, PackedRows::Shared(a)) => from.write_planes::<4, f32>(a, i, bias, out, pixels),
                (3, PackedRows::Shared(a)) => from.write_planes::<3, f32>(a, i, bias, out, pixels),
                (2, PackedRows::Shared(a)) => from.write_planes::<2, f32>(a, i, bias, out, pixels),
                (_, PackedRows::Shared(a)) => from.write_planes::<1, f32>(a, i, bias, out, pixels),
                (4, PackedRows::OfEach(a)) => from.write_planes::<4, [f32; 4]>(a, i, bias, out, pixels),
                (3, PackedRows::OfEach(a)) => from.write_planes::<3, [f32; 4]>(a, i, bias, out, pixels),
                (2, PackedRows::OfEach(a)) => from.write_planes::<2, [f32; 4]>(a, i, bias, out, pixels),
                (_, PackedRows::OfEach(a)) => from.write_planes::<1, [f32; 4]>(a, i, bias, out, pixels),
            }
        }
    }
}

/// The taps that read more than padding.
#[derive(Clone, Copy)]
struct Taps<'a> {
    /// Rows [from, to) of the kernel.
    rows: (usize, usize),
    /// Columns [from, to) of the kernel, for each run of eight outputs.
    columns: &'a [(usize, usize)],
    /// Columns of the kernel.
    width: usize,
    channels: usize,
}

/// One row of output pixels, which are contiguous in the image.
struct Row<'a> {
    /// From the row's first pixel on.
    image: &'a [f32],
    offsets: Offsets<'a>,
    /// The taps that matter; all of them unless k runs over taps first.
    taps: Taps<'a>,
    m: usize,
    width: usize,
}

impl Row<'_> {
    /// R outputs from i on, in planes `step` apart. The last register block may overlap the one before it: it computes some pixels
    /// twice, to the same bits.
    #[inline(never)]
    fn write_planes<const R: usize, A: Factor>(
        &self,
        packed: &[A],
        i: usize,
        bias: &[f32],
        planes: &mut [f32],
        step: usize,
    ) {
        let bias: [f32; R] = core::array::from_fn(|r| if bias.is_empty() { 0.0 } else { bias[r] });
        let planes = &mut planes[..(R - 1) * step + self.width];
        let stride = Stride::unknown();
        for x in (0..self.width).step_by(8) {
            let x = x.min(self.width - 8);
            let sum = self.block::<R, A>(packed, i, x, stride);
            for (r, (sum, bias)) in sum.into_iter().zip(bias).enumerate() {
                let (to, _) = planes[r * step + x..][..8].as_chunks_mut::<4>();
                for (to, sum) in to.iter_mut().zip(sum) {
                    sum.add(F32x4::splat(bias)).store(to);
                }
            }
        }
    }

    /// Sums of R outputs for the eight pixels from x on.
    #[inline(always)]
    fn block<const R: usize, A: Factor>(&self, packed: &[A], i: usize, x: usize, stride: Stride) -> [[F32x4; 2]; R] {
        let mut sum = [[F32x4::splat(0.0); 2]; R];
        let Taps { rows, columns, width, channels } = self.taps;
        // A register block may begin in one run of eight and end in the next; the first output reads furthest to the right.
        let (from, to) = (columns[x.div_ceil(8)].0, columns[x / 8].1);
        let k = |row: usize, column: usize| (row * width + column) * channels;
        // Whole rows of the kernel follow one another.
        let height = rows.1 - rows.0;
        let (runs, count) = if (from, to) == (0, width) { (1, k(height, 0)) } else { (height, k(0, to - from)) };
        for run in 0..runs {
            let from = k(rows.0 + run, from);
            let to = from + count;
            // In blocks, as A is packed.
            for k0 in (from / DEPTH * DEPTH..to).step_by(DEPTH) {
                let depth = DEPTH.min(self.offsets.len() - k0);
                let (from, to) = (from.max(k0), to.min(k0 + depth));
                let a = &packed[k0 * self.m + i * depth + (from - k0) * R..];
                micro::gathered(&mut sum, a, &self.image[x..], self.offsets.range(from, to), stride);
            }
        }
        sum
    }
}
