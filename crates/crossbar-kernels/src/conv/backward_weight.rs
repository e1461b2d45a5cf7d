//! The gradient of the weights. Straight through: the variation plays no part.

use super::batch::{Batch, Images, Part};
use super::columns::{ImageColumns, ImageRows};
use super::dots::Dots;
use super::geometry::{Conv, Window};
use super::gradient_planes::{InterleavedPlanes, OutputGradient, Planes};
use super::plan::{plan_backward_weight, WeightGradient};
use super::{winograd, winograd_rows};
use crate::gemm::{multiply, multiply_a_in_place, Destination, RowsOfA, Shape};
use crate::scratch::{Packed, Workspace};
use crate::tuning::{CONV_COLUMNS, DEPTH, PLANE_DEPTH, PLANE_VALUES, PLANE_VECTORS};

/// dW = Σ over gradients, images and pixels of dy·xᵀ.
///
/// # Panics
/// When gradients by a pool, or several gradients, are given for a convolution that doesn't [`Conv::pools`] without variation.
pub fn backward_weight(work: &mut Workspace, conv: &Conv, x: &[f32], gradients: &[OutputGradient], dw: &mut [f32]) {
    dw.fill(0.0);
    let algorithm = plan_backward_weight(conv);
    let one = || match gradients {
        [OutputGradient { dy, positions: [] }] => *dy,
        _ => panic!("one gradient by the outputs, unless they are pooled"),
    };
    match algorithm {
        WeightGradient::Empty => {}
        WeightGradient::WinogradRows(filter) => winograd_rows::backward_weight(work, conv, filter, x, gradients, dw),
        WeightGradient::Winograd => winograd::backward_weight(work, conv, x, one(), dw),
        WeightGradient::Dots => dot_products(work, conv, x, one(), dw),
        WeightGradient::PlanesInPlace | WeightGradient::Packed => {
            product(work, conv, x, one(), algorithm == WeightGradient::PlanesInPlace, dw);
        }
    }
}

/// As a product: planes of dy as A, in place or packed, by images with k and columns swapped.
fn product(work: &mut Workspace, conv: &Conv, x: &[f32], dy: &[f32], is_in_place: bool, dw: &mut [f32]) {
    let Workspace { packed, images, .. } = work;
    let (rows, terms, pixels, window) = (conv.group_outputs(), conv.terms(), conv.output_pixels(), conv.window());
    let parts = [Part { window, first: (0, 0) }];
    let at_once = (CONV_COLUMNS / pixels).clamp(1, conv.batch);
    let batch = Batch {
        values: x,
        batch: conv.batch,
        groups: conv.groups,
        window: &window,
        parts: &parts,
        at_once,
        taps_first: false,
    };
    batch.for_each(images, &mut |images| {
        let values = &dy[(images.first * conv.outputs + images.group * rows) * pixels..];
        let planes = Planes { values, rows, pixels, image_stride: conv.outputs * pixels };
        let mut c = Destination::matrix(&mut dw[images.group * rows * terms..][..rows * terms], terms, true);
        if is_in_place {
            multiply_planes(packed, planes, images, terms, &mut c);
        } else {
            let k = images.count * pixels;
            let depth = even_depth(k, DEPTH);
            let a = packed.a.take(rows * k);
            planes.pack(k, depth, a);
            multiply(Shape { m: rows, n: terms, k }, depth, a, &mut packed.b, &mut ImageRows(images.columns), &mut c);
        }
    });
}

/// Planes in place, image by image.
fn multiply_planes(packed: &mut Packed, planes: Planes, images: Images, terms: usize, c: &mut Destination) {
    let Planes { values, rows, pixels, image_stride } = planes;
    let depth = even_depth(pixels, (PLANE_VALUES / terms.max(1)).clamp(DEPTH, PLANE_DEPTH));
    for i in 0..images.count {
        let a = RowsOfA { values: &values[i * image_stride..], stride: pixels, m: rows };
        let pixels = i * pixels..(i + 1) * pixels;
        multiply_a_in_place(terms, pixels, depth, a, &mut packed.b, &mut ImageRows(images.columns), c);
    }
}

/// A depth of at most `most`, rounded up to whole vectors, that divides k evenly: a short last block would cost a pass over C like a full one.
fn even_depth(k: usize, most: usize) -> usize {
    k.div_ceil(k.div_ceil(most).max(1)).next_multiple_of(4)
}

/// As dot products of planes of dy with shifted planes of images in place, four images interleaved so that rows fill whole vectors.
fn dot_products(work: &mut Workspace, conv: &Conv, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let Workspace { packed, images, .. } = work;
    let (rows, terms, pixels) = (conv.group_outputs(), conv.terms(), conv.output_pixels());
    let window = Window { lanes: 4, ..conv.window() };
    let parts = [Part { window, first: (0, 0) }];
    let at_once = (PLANE_VECTORS / pixels).clamp(1, conv.batch.div_ceil(4));
    let batch = Batch {
        values: x,
        batch: conv.batch,
        groups: conv.groups,
        window: &window,
        parts: &parts,
        at_once,
        taps_first: false,
    };
    let gradients = [OutputGradient { dy, positions: &[] }];
    let mut gradient = InterleavedPlanes::new(conv, &gradients);
    batch.for_each(images, &mut |images| {
        let Images { count, group, first, .. } = images;
        // dy as [row][quadruple][pixel][image]
        let plane = count * pixels * 4;
        let planes = packed.a.take(rows * plane);
        for (row, out) in planes.chunks_exact_mut(plane).enumerate() {
            for (i, out) in out.chunks_exact_mut(pixels * 4).enumerate() {
                gradient.write(first + i * 4, group * rows + row, out);
            }
        }
        let ImageColumns { image, base, offset } = images.columns;
        let dots = Dots { planes, plane, image, base: base.as_chunks().0, offset };
        dots.add_all(rows, &mut dw[group * rows * terms..][..rows * terms]);
    });
}
