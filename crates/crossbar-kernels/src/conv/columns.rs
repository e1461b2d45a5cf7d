//! Images as columns of a product, in place: what im2col would write to memory, found by two tables of offsets.
//!
//! Column j is an output pixel, k a weight (channel, row, column). On a padded image the value at (k, j) is at `base[j] + offset[k]`, so no
//! bounds are tested and no batch is ever unrolled into memory.

use crate::gemm::pack::spread_rows;
use crate::gemm::{panel_size, panel_width, PackColumns};
use crate::lanes::{four, four_mut, F32x4};

/// Padded images as the columns of a product.
#[derive(Clone, Copy)]
pub(crate) struct ImageColumns<'a> {
    pub image: &'a [f32],
    pub base: &'a [usize],
    pub offset: &'a [usize],
}

/// Whether one or more ascending columns are contiguous in the image.
#[inline(always)]
fn is_run(base: &[usize]) -> bool {
    base[base.len() - 1] == base[0] + base.len() - 1
}

impl ImageColumns<'_> {
    /// Up to four columns at one k, wherever they are.
    #[inline(always)]
    fn gather(&self, base: &[usize], offset: usize) -> F32x4 {
        let mut lanes = [0.0; 4];
        for (lane, &base) in lanes.iter_mut().zip(base) {
            *lane = self.image[base + offset];
        }
        F32x4::load(&lanes)
    }

    /// Packs four columns or fewer of [k0, k1) into a panel `width` wide, at lane `lane`.
    #[inline(always)]
    fn pack_four(&self, base: &[usize], offsets: &[usize], lane: usize, width: usize, out: &mut [f32]) {
        let rows = offsets.iter().zip(out.chunks_exact_mut(width));
        if base.len() == 4 && is_run(base) {
            for (&offset, out) in rows {
                F32x4::load(four(&self.image[base[0] + offset..])).store(four_mut(&mut out[lane..]));
            }
        } else {
            for (&offset, out) in rows {
                self.gather(base, offset).store(four_mut(&mut out[lane..]));
            }
        }
    }
}

impl PackColumns for ImageColumns<'_> {
    fn pack(&mut self, k0: usize, k1: usize, j0: usize, j1: usize, out: &mut [f32]) {
        let offsets = &self.offset[k0..k1];
        if is_run(&self.base[j0..j1]) {
            // Row by row of an image, as of a matrix: caches and prefetchers like whole lines.
            let first = self.base[j0];
            return spread_rows(k1 - k0, out, |k| &self.image[first + offsets[k]..][..j1 - j0]);
        }
        let mut panel = 0;
        let mut j = j0;
        while j < j1 {
            let width = panel_width(j, j1);
            let base = &self.base[j..j1.min(j + width)];
            let out = &mut out[panel..panel + offsets.len() * width];
            if base.len() == 8 && is_run(base) {
                for (&offset, out) in offsets.iter().zip(out.chunks_exact_mut(8)) {
                    let run = &self.image[base[0] + offset..base[0] + offset + 8];
                    F32x4::load(four(run)).store(four_mut(out));
                    F32x4::load(four(&run[4..])).store(four_mut(&mut out[4..]));
                }
            } else {
                for (lane, base) in base.chunks(4).enumerate() {
                    self.pack_four(base, offsets, 4 * lane, width, out);
                }
            }
            panel += panel_size(offsets.len(), width);
            j += width;
        }
    }
}

/// [`ImageColumns`] with k and columns swapped: for the gradient of the weights, whose sums run over pixels.
pub(crate) struct ImageRows<'a>(pub ImageColumns<'a>);

impl PackColumns for ImageRows<'_> {
    fn pack(&mut self, k0: usize, k1: usize, j0: usize, j1: usize, out: &mut [f32]) {
        let ImageColumns { image, base, offset } = self.0;
        let base = &base[k0..k1];
        let mut panel = 0;
        let mut j = j0;
        while j < j1 {
            let width = panel_width(j, j1);
            let offsets = &offset[j..j1.min(j + width)];
            let out = &mut out[panel..panel + base.len() * width];
            for (lane, offsets) in offsets.chunks(4).enumerate() {
                pack_lanes(image, base, offsets, 4 * lane, width, out);
            }
            panel += panel_size(base.len(), width);
            j += width;
        }
    }
}

/// Packs up to four offsets into lanes `lane`.. of a panel [base][width].
#[inline(always)]
fn pack_lanes(image: &[f32], base: &[usize], offsets: &[usize], lane: usize, width: usize, out: &mut [f32]) {
    for (base, out) in base.chunks(4).zip(out.chunks_mut(4 * width)) {
        if offsets.len() == 4 && base.len() == 4 && is_run(base) {
            let rows = core::array::from_fn(|w| F32x4::load(four(&image[base[0] + offsets[w]..])));
            for (p, lanes) in F32x4::transpose(rows).into_iter().enumerate() {
                lanes.store(four_mut(&mut out[p * width + lane..]));
            }
        } else {
            for (p, &base) in base.iter().enumerate() {
                for w in 0..4 {
                    out[p * width + lane + w] = if w < offsets.len() { image[base + offsets[w]] } else { 0.0 };
                }
            }
        }
    }
}
