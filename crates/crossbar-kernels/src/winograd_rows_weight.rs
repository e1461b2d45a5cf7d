//! The weight gradient of convolutions along rows with fewer multiplications: F(4, N) transposed.
//!
//! What y = Aᵀ[(G·g) ∘ (Bᵀ·d)] does to a gradient of y: dg = Gᵀ[(A·dy) ∘ (Bᵀ·d)]. Sums over rows, tiles and images are made at the
//! points; Gᵀ comes once, at the end.

use crate::conv::Conv;
use crate::conv_weight::{Beside, ByOutputs, Dots};
use crate::gemm::{grown, Workspace};
use crate::image::Window;
use crate::lanes::F32x4;
use crate::tuning::GRADIENT_VECTORS;
use crate::winograd_rows::{transform_rows, whole, Filter, Five, Three, TILE_OUTPUTS};

/// dW.
pub(crate) fn backward_weight(work: &mut Workspace, conv: &Conv, x: &[f32], gradients: &[ByOutputs], dw: &mut [f32]) {
    match conv.x.kernel {
        3 => backward_weight_with::<3, 6, Three>(work, conv, x, gradients, dw),
        _ => backward_weight_with::<5, 8, Five>(work, conv, x, gradients, dw),
    }
}

fn backward_weight_with<const N: usize, const P: usize, F: Filter<N, P>>(
    work: &mut Workspace,
    conv: &Conv,
    x: &[f32],
    gradients: &[ByOutputs],
    dw: &mut [f32],
) {
    let Conv { batch, channels, outputs, .. } = *conv;
    let (height, width) = (conv.y.output(), conv.x.output());
    let window = Window { x: whole(conv.x), lanes: 4, ..conv.window() };
    let (rows, tiles) = (conv.y.padded(), width.div_ceil(TILE_OUTPUTS));
    let (row, vectors, terms) = (4 * tiles, height * tiles, channels * N);
    let at_once = (GRADIENT_VECTORS / vectors).clamp(1, batch.div_ceil(4));
    // Values of a channel and of four images at one point, and where each vector of a plane of dy lies in them.
    let (plane, point) = (rows * row, channels * rows * row);
    let base: Vec<[usize; 4]> =
        (0..at_once * vectors).map(|v| [v / vectors * P * point + 4 * (v % vectors), 0, 0, 0]).collect();
    let offset: Vec<usize> = (0..terms).map(|k| k / N * plane + k % N * row).collect();

    let mut images = std::mem::take(&mut work.image);
    let mut transformed = std::mem::take(&mut work.b);
    let mut packed = std::mem::take(&mut work.a);
    let mut buffer = std::mem::take(&mut work.columns);
    let padded = grown(&mut images, window.padded());
    let values = grown(&mut transformed, at_once * P * point);
    let planes = grown(&mut packed, at_once * P * outputs * 4 * vectors);
    let (sums, beside) = grown(&mut buffer, P * outputs * terms + 4 * height * width).split_at_mut(P * outputs * terms);
    sums.fill(0.0);
    let mut gradient = Beside::new(conv, gradients);
    let input = channels * conv.y.input * conv.x.input;
    for first in (0..batch).step_by(4 * at_once) {
        let count = (batch - first).div_ceil(4).min(at_once);
        for i in 0..count {
            let first = first + 4 * i;
            window.pad(&|lane| &x[(first + lane).min(batch - 1) * input..], padded);
            transform_rows::<N, P, F>(padded, (window.row(), tiles), &mut values[i * P * point..][..P * point]);
            for output in 0..outputs {
                gradient.plane(first, output, beside);
                transform_gradient::<N, P, F>(beside, (width, vectors), &mut planes[4 * vectors * (output * count + i)..], count * outputs * 4 * vectors);
            }
        }
        let plane = count * 4 * vectors;
        for (p, sums) in sums.chunks_exact_mut(outputs * terms).enumerate() {
            let planes = &planes[p * outputs * plane..][..outputs * plane];
            let image = &values[p * point..(count - 1) * P * point + (p + 1) * point];
            Dots { planes, plane, image, base: &base[..count * vectors], offset: &offset }.add_all(outputs, sums);
        }
    }
    for (i, taps) in dw.chunks_exact_mut(N).enumerate() {
        taps.copy_from_slice(&F::to_taps(core::array::from_fn(|p| sums[p * outputs * terms + i])));
    }
    work.image = images;
    work.b = transformed;
    work.a = packed;
    work.columns = buffer;
}

/// A·dy of every tile of a plane, [y][x][image], whose last of a row may lack outputs: out [y][tile][image], points `point` values apart.
#[inline(never)]
fn transform_gradient<const N: usize, const P: usize, F: Filter<N, P>>(
    plane: &[f32],
    (width, vectors): (usize, usize),
    out: &mut [f32],
    point: usize,
) {
    let mut points = out.chunks_mut(point);
    let mut points: [&mut [[f32; 4]]; P] =
        core::array::from_fn(|_| points.next().expect("a part a point")[..4 * vectors].as_chunks_mut().0);
    let mut at = 0;
    for row in plane.as_chunks::<4>().0.chunks_exact(width) {
        let (tiles, last) = row.as_chunks::<TILE_OUTPUTS>();
        let mut put = |tile: [F32x4; TILE_OUTPUTS]| {
            for (points, value) in points.iter_mut().zip(F::of_gradient(tile)) {
                value.store(&mut points[at]);
            }
            at += 1;
        };
        tiles.iter().for_each(|tile| put(tile.each_ref().map(F32x4::load)));
        if !last.is_empty() {
            put(core::array::from_fn(|i| last.get(i).map_or(F32x4::splat(0.0), F32x4::load)));
        }
    }
}
