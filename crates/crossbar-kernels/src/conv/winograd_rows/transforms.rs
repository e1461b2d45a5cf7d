//! Kernels, images and gradients into the Winograd domain, and gradients of taps back.

use super::filters::{Filter, Transposed};
use crate::gemm::panels_of;
use crate::lanes::{four_mut, F32x4};
use crate::tuning::SPLIT_BY_4;
use crate::variation::{NoiseBuffers, Weights};

/// Rows of patches, four images interleaved.
#[derive(Clone, Copy)]
pub(super) struct Patches {
    /// Values of a row, of padded images, or vectors of a row of outputs.
    pub row: usize,
    /// Patches of a row (of images), or of a plane (of gradients).
    pub count: usize,
}

/// Gg of all kernels, packed: [point][panel][channel][kernel row][row of the panel].
#[inline(never)]
pub(super) fn transform_kernels<const N: usize, const P: usize, const T: usize, F: Filter<N, P, T>>(
    weights: &Weights,
    rows: usize,
    out: &mut [f32],
) {
    let mut row = vec![0.0; weights.cols];
    let mut buffer = NoiseBuffers::new(1);
    let point = out.len() / P;
    for (i, size) in panels_of(rows, &SPLIT_BY_4) {
        for r in 0..size {
            weights.write_row(i + r, &mut buffer, &mut row);
            for (k, taps) in row.chunks_exact(N).enumerate() {
                for (p, value) in F::of_kernel(taps).into_iter().enumerate() {
                    out[p * point + i * weights.cols / N + k * size + r] = value;
                }
            }
        }
    }
}

/// Bᵀd of every row of four interleaved images: out [point][row][patch][image].
#[inline(never)]
pub(super) fn transform_rows<const N: usize, const P: usize, const T: usize, F: Filter<N, P, T>>(
    padded: &[f32],
    Patches { row, count }: Patches,
    out: &mut [f32],
) {
    let point = out.len() / P;
    for (y, row) in padded.chunks_exact(row).enumerate() {
        let mut points: [_; P] = split_points(out, point).map(|out| &mut out[4 * y * count..][..4 * count]);
        for patch in 0..count {
            let (from, _) = row[4 * T * patch..][..4 * P].as_chunks::<4>();
            let values = F::of_input(core::array::from_fn(|i| F32x4::load(&from[i])));
            for (out, value) in points.iter_mut().zip(values) {
                value.store(four_mut(&mut out[4 * patch..]));
            }
        }
    }
}

/// P parts of equal size.
#[inline(always)]
fn split_points<const P: usize>(out: &mut [f32], point: usize) -> [&mut [f32]; P] {
    let mut parts = out.chunks_exact_mut(point);
    core::array::from_fn(|_| parts.next().expect("a part for each point"))
}

/// A·dy of every patch of a plane [y][x][image] whose rows may end within a patch: out [y][patch][image], points `point` values apart.
#[inline(never)]
pub(super) fn transform_gradient<const N: usize, const P: usize, const T: usize, F: Transposed<N, P, T>>(
    plane: &[f32],
    Patches { row, count }: Patches,
    out: &mut [f32],
    point: usize,
) {
    let mut points = out.chunks_mut(point);
    let mut points: [&mut [[f32; 4]]; P] =
        core::array::from_fn(|_| points.next().expect("a part for each point")[..4 * count].as_chunks_mut().0);
    let mut at = 0;
    for row in plane.as_chunks::<4>().0.chunks_exact(row) {
        let (patches, last) = row.as_chunks::<T>();
        let mut put = |patch: [F32x4; T]| {
            for (points, value) in points.iter_mut().zip(F::of_gradient(patch)) {
                value.store(&mut points[at]);
            }
            at += 1;
        };
        patches.iter().for_each(|patch| put(patch.each_ref().map(F32x4::load)));
        if !last.is_empty() {
            put(core::array::from_fn(|i| last.get(i).map_or(F32x4::splat(0.0), F32x4::load)));
        }
    }
}

/// Gᵀm of every row of taps; m is [point][row].
#[inline(never)]
pub(super) fn to_taps<const N: usize, const P: usize, const T: usize, F: Transposed<N, P, T>>(
    sums: &[f32],
    dw: &mut [f32],
) {
    let rows = dw.len() / N;
    for (i, taps) in dw.chunks_exact_mut(N).enumerate() {
        taps.copy_from_slice(&F::to_taps(core::array::from_fn(|p| sums[p * rows + i])));
    }
}
