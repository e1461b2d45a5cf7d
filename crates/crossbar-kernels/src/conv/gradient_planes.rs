//! Planes of the outputs' gradient, four images interleaved or packed as A.

use super::geometry::Conv;
use crate::gemm::pack::{interleave_four, interleave_some};
use crate::gemm::panels;
use crate::lanes::{set, F32x4};

/// A gradient by a convolution's outputs.
#[derive(Clone, Copy)]
pub struct OutputGradient<'a> {
    /// The gradient by the outputs, or by their 2×2 max pool.
    pub dy: &'a [f32],
    /// The positions of a pool's maxima, 0 to 3. Empty without a pool.
    pub positions: &'a [f32],
}

/// Planes of gradients for four interleaved images, summed over the gradients.
pub(super) struct InterleavedPlanes<'a> {
    gradients: &'a [OutputGradient<'a>],
    batch: usize,
    outputs: usize,
    /// Width of the outputs.
    width: usize,
    /// Values of a given plane: outputs, or maxima.
    size: usize,
    /// A plane for images that a quadruple lacks.
    zeros: Vec<f32>,
    /// Maxima and positions of four images.
    pooled: Vec<f32>,
}

impl<'a> InterleavedPlanes<'a> {
    /// For one gradient by outputs, or any number by pools.
    pub fn new(conv: &Conv, gradients: &'a [OutputGradient<'a>]) -> Self {
        let (height, width) = (conv.y.output(), conv.x.output());
        let is_pooled = gradients.iter().any(|gradient| !gradient.positions.is_empty());
        let size = if is_pooled { (height / 2) * (width / 2) } else { height * width };
        Self {
            gradients,
            batch: conv.batch,
            outputs: conv.outputs,
            width,
            size,
            zeros: vec![0.0; size],
            pooled: vec![0.0; 8 * size],
        }
    }

    /// The plane of one output for the images from `first` on: [pixel][image].
    #[inline(never)]
    pub fn write(&mut self, first: usize, output: usize, out: &mut [f32]) {
        let Self { gradients, batch, outputs, width, size, .. } = *self;
        let zeros = &self.zeros;
        let interleave = |values: &[f32], out: &mut [f32]| {
            let plane = |lane: usize| {
                if first + lane < batch {
                    &values[((first + lane) * outputs + output) * size..][..size]
                } else {
                    zeros
                }
            };
            interleave_four(core::array::from_fn(plane), out);
        };
        if let &[OutputGradient { dy, positions: [] }] = gradients {
            return interleave(dy, out);
        }
        let (maxima, at) = self.pooled.split_at_mut(4 * size);
        set(out, 0.0);
        for &OutputGradient { dy, positions } in gradients {
            interleave(dy, maxima);
            interleave(positions, at);
            add_unpooled(maxima, at, width, out);
        }
    }
}

/// Adds each value at its position in 2×2 outputs, for four interleaved images; rows of outputs have `width`.
fn add_unpooled(values: &[f32], positions: &[f32], width: usize, out: &mut [f32]) {
    let half = width / 2;
    let (values, positions, out) =
        (values.as_chunks::<4>().0, positions.as_chunks::<4>().0, out.as_chunks_mut::<4>().0);
    let zero = F32x4::splat(0.0);
    for (rows, (values, positions)) in
        out.chunks_exact_mut(2 * width).zip(values.chunks_exact(half).zip(positions.chunks_exact(half)))
    {
        for (k, row) in rows.chunks_exact_mut(width).enumerate() {
            let k = 2.0 * k as f32;
            for (pair, (value, position)) in row.as_chunks_mut::<2>().0.iter_mut().zip(values.iter().zip(positions)) {
                let (value, position) = (F32x4::load(value), F32x4::load(position));
                for (x, to) in pair.iter_mut().enumerate() {
                    position.eq(F32x4::splat(k + x as f32)).select(value, zero).add(F32x4::load(to)).store(to);
                }
            }
        }
    }
}

/// Planes [image][row][pixel] of a few images.
#[derive(Clone, Copy)]
pub(super) struct Planes<'a> {
    pub values: &'a [f32],
    pub rows: usize,
    pub pixels: usize,
    pub image_stride: usize,
}

impl Planes<'_> {
    /// Packs all k = (image, pixel) of them as A, `depth` at a time.
    pub fn pack(&self, k: usize, depth: usize, out: &mut [f32]) {
        let Self { values, rows: m, pixels, image_stride } = *self;
        for k0 in (0..k).step_by(depth) {
            let k1 = k.min(k0 + depth);
            for (i, rows) in panels(m) {
                let out = &mut out[k0 * m + i * (k1 - k0)..][..rows * (k1 - k0)];
                let mut at = k0;
                while at < k1 {
                    let (image, pixel) = (at / pixels, at % pixels);
                    let count = (pixels - pixel).min(k1 - at);
                    let row = |r: usize| &values[image * image_stride + (i + r) * pixels + pixel..][..count];
                    interleave_some(rows, rows, row, &mut out[(at - k0) * rows..]);
                    at += count;
                }
            }
        }
    }
}
