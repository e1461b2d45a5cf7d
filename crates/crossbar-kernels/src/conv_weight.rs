//! The gradient of a convolution's weights.

use crate::conv::{for_image_groups, Conv};
use crate::gemm::{grown, multiply, panels, RowMajor, Shape, Workspace, DEPTH};
use crate::image::ImageRows;
use crate::pack::interleave_some;
use crate::variation::Draw;

/// dW = Σ over images and pixels of dy·xᵀ. Straight through: the variation plays no part.
pub fn backward_weight(work: &mut Workspace, conv: &Conv, (x, dy): (&[f32], &[f32]), dw: &mut [f32]) {
    let window = conv.window();
    let (rows, terms, pixels) = (conv.group_outputs(), conv.terms(), conv.output_pixels());
    dw.fill(0.0);
    if pixels == 0 || conv.batch == 0 || rows == 0 {
        return;
    }
    let at_once = conv.images_at_once(pixels, Draw::None);
    let mut packed = std::mem::take(&mut work.a);
    for group in 0..conv.groups {
        let x = &x[group * conv.group_channels() * conv.input_pixels()..];
        let dw = &mut dw[group * rows * terms..][..rows * terms];
        let source = (x, conv.channels * conv.input_pixels(), conv.batch);
        for_image_groups(work, &window, source, at_once, |work, images, first| {
            let k = images.count * pixels;
            let depth = even_depth(k);
            let planes = &dy[(first * conv.outputs + group * rows) * pixels..];
            let packed = grown(&mut packed, rows * k);
            pack_planes(planes, (rows, pixels, conv.outputs * pixels), (k, depth), packed);
            let mut sink = RowMajor { values: dw, stride: terms, accumulate: true, bias: &[] };
            multiply(Shape { m: rows, n: terms, k }, depth, packed, &mut work.b, &mut ImageRows(images.columns), &mut sink);
        });
    }
    work.a = packed;
}

/// A depth of at most [`DEPTH`] that splits k evenly: no short last block, whose pass over C would cost as much as a full one.
fn even_depth(k: usize) -> usize {
    k.div_ceil(k.div_ceil(DEPTH).max(1)).next_multiple_of(4)
}

/// Packs [image][row][pixels] as A with k = (image, pixel).
fn pack_planes(planes: &[f32], (m, pixels, image_stride): (usize, usize, usize), (k, depth): (usize, usize), out: &mut [f32]) {
    for k0 in (0..k).step_by(depth) {
        let k1 = k.min(k0 + depth);
        for (i, rows) in panels(m) {
            let out = &mut out[k0 * m + i * (k1 - k0)..][..rows * (k1 - k0)];
            let mut at = k0;
            while at < k1 {
                let (image, pixel) = (at / pixels, at % pixels);
                let count = (pixels - pixel).min(k1 - at);
                let row = |r: usize| &planes[image * image_stride + (i + r) * pixels + pixel..][..count];
                interleave_some(rows, rows, row, &mut out[(at - k0) * rows..]);
                at += count;
            }
        }
    }
}

