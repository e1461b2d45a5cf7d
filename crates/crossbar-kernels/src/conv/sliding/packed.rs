//! Images packed as columns of a product, a few images at a time.

use super::window::{Pack, SlidingWindow};
use crate::arrays::elementwise::rectify;
use crate::conv::batch::Images;
use crate::gemm::{multiply, Destination, Shape};
use crate::lanes::set;
use crate::scratch::{Scratch, Workspace};
use crate::tuning::{CONV_COLUMNS, DEPTH, ROWS_SPLIT};
use crate::variation::Draw;

impl SlidingWindow<'_> {
    /// y [batch, groups·rows, plane] from x.
    pub fn run_packed(&self, work: &mut Workspace, x: &[f32], y: &mut [f32], pack: &mut Pack) {
        let Workspace { packed, images, results, .. } = work;
        let (rows, pixels, plane) = (self.rows, self.window.pixels(), self.plane());
        let at_once = if self.draw == Draw::Sample { 1 } else { (CONV_COLUMNS / pixels.max(1)).clamp(1, self.batch) };
        let windows: Vec<_> = self.parts.iter().map(|part| part.window).collect();
        self.images(x, &self.window, at_once).for_each(images, &mut |images| {
            let a = packed.a.take(rows * self.terms());
            if images.first == 0 || self.draw == Draw::Sample {
                pack(images.first, images.group, a, ROWS_SPLIT);
            }
            let image_stride = self.groups * rows * plane;
            let values = &mut y[images.first * image_stride + images.group * rows * plane..];
            let size = images.count * rows * pixels;
            let phases = results.take(if self.is_whole() { 0 } else { self.parts.len() * size });
            for (i, k, images) in self.parts_of(&windows, images) {
                let (values, image_stride) = if self.is_whole() {
                    (&mut *values, image_stride)
                } else {
                    (&mut phases[i * size..][..size], rows * pixels)
                };
                self.multiply_images(images, &a[rows * k..], &mut packed.b, values, image_stride);
            }
            if self.is_rectified {
                values
                    .chunks_mut(image_stride)
                    .take(images.count)
                    .for_each(|image| rectify(&mut image[..rows * plane]));
            }
            self.assemble(phases, &mut values.chunks_mut(image_stride).take(images.count), size);
        });
    }

    /// The product of packed rows of weights with images as columns.
    fn multiply_images(
        &self,
        images: Images,
        a: &[f32],
        b: &mut Scratch<f32>,
        values: &mut [f32],
        image_stride: usize,
    ) {
        let (pixels, bias) = (self.window.pixels(), self.bias(images.group));
        if !bias.is_empty() {
            for image in values.chunks_mut(image_stride).take(images.count) {
                image.chunks_exact_mut(pixels).zip(bias).for_each(|(plane, &bias)| set(plane, bias));
            }
        }
        let mut columns = images.columns;
        let shape = Shape { m: self.rows, n: columns.base.len(), k: columns.offset.len() };
        multiply(
            shape,
            DEPTH,
            a,
            b,
            &mut columns,
            &mut Destination::images(values, image_stride, pixels, !bias.is_empty()),
        );
    }
}
