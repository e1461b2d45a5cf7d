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
use crate::winograd_filters::{Five, Three, Transposed};
use crate::winograd_rows::{whole, Way, FIVE, THREE};

/// What depends on taps and points.
struct Back {
    way: &'static Way,
    transform_gradient: fn(&[f32], (usize, usize), &mut [f32], usize),
    to_taps: fn(&[f32], &mut [f32]),
}

const fn back<const N: usize, const P: usize, const T: usize, F: Transposed<N, P, T>>(way: &'static Way) -> Back {
    Back { way, transform_gradient: transform_gradient::<N, P, T, F>, to_taps: to_taps::<N, P, T, F> }
}

static THREE_BACK: Back = back::<3, 6, 4, Three>(&THREE);
static FIVE_BACK: Back = back::<5, 8, 4, Five>(&FIVE);

/// dW.
pub(crate) fn backward_weight(work: &mut Workspace, conv: &Conv, x: &[f32], gradients: &[ByOutputs], dw: &mut [f32]) {
    let Back { way, transform_gradient, to_taps } = if conv.x.kernel == 3 { &THREE_BACK } else { &FIVE_BACK };
    let &Way { points, taps, tile, transform_rows, .. } = *way;
    let Conv { batch, channels, outputs, .. } = *conv;
    let (height, width) = (conv.y.output(), conv.x.output());
    let window = Window { x: whole(conv.x, tile), lanes: 4, ..conv.window() };
    let (rows, tiles) = (conv.y.padded(), width.div_ceil(tile));
    let (row, vectors, terms) = (4 * tiles, height * tiles, channels * taps);
    let at_once = (GRADIENT_VECTORS / vectors).clamp(1, batch.div_ceil(4));
    // Values of a channel and of four images at one point, and where each vector of a plane of dy lies in them.
    let (plane, point) = (rows * row, channels * rows * row);
    let base: Vec<[usize; 4]> =
        (0..at_once * vectors).map(|v| [v / vectors * points * point + 4 * (v % vectors), 0, 0, 0]).collect();
    let offset: Vec<usize> = (0..terms).map(|k| k / taps * plane + k % taps * row).collect();

    let mut images = std::mem::take(&mut work.image);
    let mut transformed = std::mem::take(&mut work.b);
    let mut packed = std::mem::take(&mut work.a);
    let mut buffer = std::mem::take(&mut work.columns);
    let padded = grown(&mut images, window.padded());
    let values = grown(&mut transformed, at_once * points * point);
    let planes = grown(&mut packed, at_once * points * outputs * 4 * vectors);
    let (sums, beside) = grown(&mut buffer, points * outputs * terms + 4 * height * width).split_at_mut(points * outputs * terms);
    sums.fill(0.0);
    let mut gradient = Beside::new(conv, gradients);
    let input = channels * conv.y.input * conv.x.input;
    for first in (0..batch).step_by(4 * at_once) {
        let count = (batch - first).div_ceil(4).min(at_once);
        for i in 0..count {
            let first = first + 4 * i;
            window.pad(&|lane| &x[(first + lane).min(batch - 1) * input..], padded);
            transform_rows(padded, (window.row(), tiles), &mut values[i * points * point..][..points * point]);
            for output in 0..outputs {
                gradient.plane(first, output, beside);
                transform_gradient(beside, (width, vectors), &mut planes[4 * vectors * (output * count + i)..], count * outputs * 4 * vectors);
            }
        }
        let plane = count * 4 * vectors;
        for (p, sums) in sums.chunks_exact_mut(outputs * terms).enumerate() {
            let planes = &planes[p * outputs * plane..][..outputs * plane];
            let image = &values[p * point..(count - 1) * points * point + (p + 1) * point];
            Dots { planes, plane, image, base: &base[..count * vectors], offset: &offset }.add_all(outputs, sums);
        }
    }
    to_taps(sums, dw);
    work.image = images;
    work.b = transformed;
    work.a = packed;
    work.columns = buffer;
}

/// Gᵀm of every row of taps; m is [point][row].
#[inline(never)]
fn to_taps<const N: usize, const P: usize, const T: usize, F: Transposed<N, P, T>>(sums: &[f32], dw: &mut [f32]) {
    let rows = dw.len() / N;
    for (i, taps) in dw.chunks_exact_mut(N).enumerate() {
        taps.copy_from_slice(&F::to_taps(core::array::from_fn(|p| sums[p * rows + i])));
    }
}

/// A·dy of every tile of a plane, [y][x][image], whose last of a row may lack outputs: out [y][tile][image], points `point` values apart.
#[inline(never)]
fn transform_gradient<const N: usize, const P: usize, const T: usize, F: Transposed<N, P, T>>(
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
        let (tiles, last) = row.as_chunks::<T>();
        let mut put = |tile: [F32x4; T]| {
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
