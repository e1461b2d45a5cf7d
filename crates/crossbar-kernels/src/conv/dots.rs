//! Dot products of gradient planes with shifted image planes.

use crate::gemm::micro;
use crate::gemm::panels_of;
use crate::lanes::F32x4;
use crate::tuning::{PLANE_VECTORS, SPLIT_BY_4};

/// Planes of dy and of images: a weight's gradient is the dot product of a plane of dy with a shifted plane of an image.
pub(super) struct Dots<'a> {
    pub planes: &'a [f32],
    /// Values from one plane to the next.
    pub plane: usize,
    pub image: &'a [f32],
    /// Offset in the image of each vector of a plane.
    pub base: &'a [[usize; 4]],
    /// Offset of each weight.
    pub offset: &'a [usize],
}

/// Adds a block: first row, first weight, dw from its first value on, and the leading dimension of dw.
type AddBlock<'a> = fn(&Dots<'a>, usize, usize, &mut [f32], usize);

impl<'a> Dots<'a> {
    /// Adds the dot products of `rows` planes with all weights' shifts to dw, [row][weight].
    pub fn add_all(&self, rows: usize, dw: &mut [f32]) {
        let terms = self.offset.len();
        for (part, base) in self.base.chunks(PLANE_VECTORS).enumerate() {
            let dots = Dots { planes: &self.planes[part * PLANE_VECTORS * 4..], base, ..*self };
            for (i, block_rows) in panels_of(rows, &SPLIT_BY_4) {
                let most = if block_rows > 2 { 2 } else { 3 };
                let mut k = 0;
                while k < terms {
                    let weights = if terms - k < most { 1 } else { most };
                    dots.block_of(block_rows, weights)(&dots, i, k, &mut dw[i * terms + k..], terms);
                    k += weights;
                }
            }
        }
    }

    /// The function for some rows and weights: at most eight accumulators, which fit the registers of x86.
    fn block_of(&self, rows: usize, weights: usize) -> AddBlock<'a> {
        match (rows, weights) {
            (1, 1) => Self::add_block::<1, 1>,
            (1, _) => Self::add_block::<1, 3>,
            (2, 1) => Self::add_block::<2, 1>,
            (2, _) => Self::add_block::<2, 3>,
            (3, 1) => Self::add_block::<3, 1>,
            (3, _) => Self::add_block::<3, 2>,
            (_, 1) => Self::add_block::<4, 1>,
            _ => Self::add_block::<4, 2>,
        }
    }

    /// dw[r·stride + c] += Σ planes[i + r]·image, shifted for weight k + c.
    #[inline(never)]
    fn add_block<const R: usize, const C: usize>(&self, i: usize, k: usize, dw: &mut [f32], stride: usize) {
        let count = 4 * self.base.len();
        let planes = core::array::from_fn(|r| self.planes[(i + r) * self.plane..][..count].as_chunks::<4>().0);
        let images = core::array::from_fn(|c| &self.image[self.offset[k + c]..]);
        let sum: [[F32x4; C]; R] = micro::dots(planes, images, self.base);
        for (r, sum) in sum.into_iter().enumerate() {
            for (c, sum) in sum.into_iter().enumerate() {
                dw[r * stride + c] += sum.sum();
            }
        }
    }
}
