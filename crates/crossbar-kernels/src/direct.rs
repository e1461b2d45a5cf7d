//! Products of packed weights with images read where they are, one or four side by side.

use crate::gemm::split;
use crate::image::Window;
use crate::lanes::F32x4;
use crate::micro::{self, Factor, Offsets, Stride};
use crate::slide::Images;
use crate::tuning::{DEPTH, FOURS};

/// Packed rows of weights for four images side by side.
#[derive(Clone, Copy)]
pub(crate) enum PackedRows<'a> {
    /// The same for all.
    Shared(&'a [f32]),
    /// Each image's own, side by side.
    OfEach(&'a [[f32; 4]]),
}

/// The product of packed rows and one image, or four side by side, read where they are: out [m, pixels].
#[inline(never)]
pub(crate) fn product(packed: PackedRows, images: &Images, bias: &[f32], out: &mut [f32], m: usize) {
    let columns = &images.columns;
    let Window { y: vertical, x: horizontal, channels, lanes } = *images.window;
    let (width, pixels) = (images.window.width(), columns.base.len());
    let offsets = Offsets::new(columns.offset);
    // The kernel's columns that matter to each run of eight outputs; short sums aren't worth being torn apart for it.
    let kernel_columns: Vec<_> = (0..width)
        .step_by(8)
        .map(|x| match images.places_first && channels >= 8 {
            true => horizontal.kernel_range(x / lanes, (x + 7) / lanes),
            false => (0, horizontal.kernel),
        })
        .collect();
    for y in 0..vertical.output() {
        let image = &columns.image[columns.base[y * width]..];
        let rows = if images.places_first { vertical.kernel_range(y, y) } else { (0, vertical.kernel) };
        let places = Places { rows, columns: &kernel_columns, width: horizontal.kernel, channels };
        let from = Row { image, offsets, places, m, width };
        for (i, count) in split(m, &FOURS) {
            let bias = if bias.is_empty() { bias } else { &bias[i..] };
            let out = &mut out[i * pixels + y * width..];
            match (count, packed) {
                (4, PackedRows::Shared(a)) => from.into_planes::<4, f32>(a, i, bias, out, pixels),
                (3, PackedRows::Shared(a)) => from.into_planes::<3, f32>(a, i, bias, out, pixels),
                (2, PackedRows::Shared(a)) => from.into_planes::<2, f32>(a, i, bias, out, pixels),
                (_, PackedRows::Shared(a)) => from.into_planes::<1, f32>(a, i, bias, out, pixels),
                (4, PackedRows::OfEach(a)) => from.into_planes::<4, [f32; 4]>(a, i, bias, out, pixels),
                (3, PackedRows::OfEach(a)) => from.into_planes::<3, [f32; 4]>(a, i, bias, out, pixels),
                (2, PackedRows::OfEach(a)) => from.into_planes::<2, [f32; 4]>(a, i, bias, out, pixels),
                (_, PackedRows::OfEach(a)) => from.into_planes::<1, [f32; 4]>(a, i, bias, out, pixels),
            }
        }
    }
}

/// Which places of the kernel see more than padding.
#[derive(Clone, Copy)]
struct Places<'a> {
    /// Rows [from, to) of the kernel.
    rows: (usize, usize),
    /// Columns [from, to) of the kernel, for each run of eight outputs.
    columns: &'a [(usize, usize)],
    /// Columns of the kernel.
    width: usize,
    channels: usize,
}

/// One row of output pixels, side by side in the image.
struct Row<'a> {
    /// From the row's first pixel on.
    image: &'a [f32],
    offsets: Offsets<'a>,
    /// The places that matter; all, where k doesn't run over places first.
    places: Places<'a>,
    m: usize,
    width: usize,
}

impl Row<'_> {
    /// The R output rows from i on, `step` apart. The last tile may overlap the one before: it computes some pixels twice, to
    /// the same bits.
    #[inline(never)]
    fn into_planes<const R: usize, A: Factor>(&self, packed: &[A], i: usize, bias: &[f32], planes: &mut [f32], step: usize) {
        let bias: [f32; R] = core::array::from_fn(|r| if bias.is_empty() { 0.0 } else { bias[r] });
        let planes = &mut planes[..(R - 1) * step + self.width];
        let stride = Stride::new();
        for x in (0..self.width).step_by(8) {
            let x = x.min(self.width - 8);
            let sum = self.tile::<R, A>(packed, i, x, stride);
            for (r, (sum, bias)) in sum.into_iter().zip(bias).enumerate() {
                let (to, _) = planes[r * step + x..][..8].as_chunks_mut::<4>();
                for (to, sum) in to.iter_mut().zip(sum) {
                    sum.add(F32x4::splat(bias)).store(to);
                }
            }
        }
    }

    /// Sums of R rows for the eight pixels from x on.
    #[inline(always)]
    fn tile<const R: usize, A: Factor>(&self, packed: &[A], i: usize, x: usize, stride: Stride) -> [[F32x4; 2]; R] {
        let mut sum = [[F32x4::splat(0.0); 2]; R];
        let Places { rows, columns, width, channels } = self.places;
        // A tile may begin in one run of eight and end in the next; the first output sees furthest to the right.
        let (from, to) = (columns[(x + 7) / 8].0, columns[x / 8].1);
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
                micro::direct(&mut sum, a, &self.image[x..], self.offsets.range(from, to), stride);
            }
        }
        sum
    }
}
