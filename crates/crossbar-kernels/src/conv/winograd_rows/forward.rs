//! The forward pass, for several weights at once.

use super::functions::Functions;
use super::outputs::{Block, Sums};
use super::products::{Filters, Rows};
use super::transforms::Patches;

use crate::conv::geometry::{Conv, Window};
use crate::conv::operands::{Inputs, Output};
use crate::conv::plan::RowFilter;
use crate::gemm::micro::Column;
use crate::gemm::pack::separate;
use crate::scratch::{Scratch, Workspace};
use crate::variation::Weights;

/// y = W∗x + b for every W and its y, with equal epilogues: x is transformed once for all.
pub(in crate::conv) fn forward(
    work: &mut Workspace,
    conv: &Conv,
    filter: RowFilter,
    inputs: Inputs,
    weights: &[Weights],
    outputs: &mut [Output],
) {
    let [Output { is_rectified, ref pooled, .. }, ..] = *outputs else { return };
    let pass = Pass::new(conv, Functions::of(filter), inputs.bias, is_rectified, pooled.is_some());
    let Workspace { packed, images, filters, results } = work;
    let kernels = pass.transform_kernels(weights, filters);
    let padded = images.padded.take(pass.window.padded());
    let values = packed.b.take(pass.functions.points * pass.column.channels * pass.column.plane);
    let input = conv.channels * conv.input_pixels();
    let mut results = Results::new(&pass, results);
    for first in (0..conv.batch).step_by(4) {
        pass.window.pad(&|lane| &inputs.x[(first + lane).min(conv.batch - 1) * input..], padded);
        (pass.functions.transform_rows)(padded, Patches { row: pass.window.row(), count: pass.patches }, values);
        for (kernels, Output { y, pooled, .. }) in kernels.chunks_exact(pass.kernel_size()).zip(&mut *outputs) {
            let positions = pooled.as_deref_mut().filter(|positions| !positions.is_empty());
            pass.compute(kernels, values, positions.is_some(), &mut results);
            separate_images(results.outputs, pass.size, first, y, results.spare);
            if let Some(positions) = positions {
                separate_images(results.positions, pass.size, first, positions, results.spare);
            }
        }
    }
}

/// The sizes of a forward pass.
struct Pass<'a> {
    functions: &'static Functions,
    bias: &'a [f32],
    is_rectified: bool,
    is_pooled: bool,
    /// Four interleaved images, padded to whole patches.
    window: Window,
    /// Where the terms of a sum are.
    column: Column,
    /// What is summed at a time.
    block: Block,
    /// Kernels.
    rows: usize,
    /// Rows of outputs that are used, and their width.
    height: usize,
    width: usize,
    /// Patches of a row.
    patches: usize,
    /// Values of y for an image.
    size: usize,
}

impl<'a> Pass<'a> {
    fn new(conv: &Conv, functions: &'static Functions, bias: &'a [f32], is_rectified: bool, is_pooled: bool) -> Self {
        let Conv { channels, outputs: rows, y: vertical, x: horizontal, .. } = *conv;
        let (height, width) = (vertical.output(), horizontal.output());
        // A pool ignores an odd last row.
        let height = if is_pooled { height / 2 * 2 } else { height };
        let patches = width.div_ceil(functions.patch);
        Self {
            functions,
            bias,
            is_rectified,
            is_pooled,
            window: Window { x: horizontal.whole(functions.patch), lanes: 4, ..conv.window() },
            column: Column { channels, plane: vertical.padded() * patches * 4, row: patches * 4 },
            block: Block::of(channels, rows, height),
            rows,
            height,
            width,
            patches,
            size: rows * if is_pooled { (height / 2) * (width / 2) } else { height * width },
        }
    }

    /// Values of the kernels of a weight in the Winograd domain.
    fn kernel_size(&self) -> usize {
        self.functions.points * self.rows * self.column.channels * self.functions.taps
    }

    /// The kernels of all weights.
    fn transform_kernels<'b>(&self, weights: &[Weights], filters: &'b mut Scratch<f32>) -> &'b [f32] {
        let all = filters.take(weights.len() * self.kernel_size());
        for (weights, kernels) in weights.iter().zip(all.chunks_exact_mut(self.kernel_size())) {
            (self.functions.transform_kernels)(weights, self.rows, kernels);
        }
        all
    }

    /// The outputs of four images, block by block.
    fn compute(&self, kernels: &[f32], values: &[f32], keeps_positions: bool, results: &mut Results) {
        let Self { functions, column, block, rows, height, width, patches, is_rectified, .. } = *self;
        let filters = Filters { values: kernels, rows, points: functions.points };
        let plane = 4 * self.size / rows;
        for (i, top) in block.starts(rows, height) {
            let count = (height - top).min(block.height);
            let values = &values[top * column.row..];
            let run = Rows { count: count * column.row, kernel: block.height * patches };
            match column.channels {
                1 => (functions.multiply_single_channel)(&filters, i, values, column, run, results.sums),
                _ => (functions.multiply)(&filters, values, column, run, results.sums),
            }
            let bias = if self.bias.is_empty() { self.bias } else { &self.bias[i..] };
            let sums = Sums { values: results.sums, block, count, patches, width, bias, is_rectified };
            if self.is_pooled {
                let at = i * plane + 4 * (top / 2) * (width / 2);
                let positions = if keeps_positions { Some(&mut results.positions[at..]) } else { None };
                (functions.write_pooled)(&sums, &mut results.outputs[at..], positions, plane);
            } else {
                (functions.write)(&sums, &mut results.outputs[i * plane + 4 * top * width..], plane);
            }
        }
    }
}

/// Intermediate results.
struct Results<'a> {
    /// Of a block, in the Winograd domain.
    sums: &'a mut [[f32; 4]],
    /// Outputs of four interleaved images, and the positions of their maxima.
    outputs: &'a mut [f32],
    positions: &'a mut [f32],
    /// For images that a quadruple lacks.
    spare: &'a mut [f32],
}

impl<'a> Results<'a> {
    fn new(pass: &Pass, results: &'a mut Scratch<f32>) -> Self {
        let sums = pass.functions.points * pass.block.size() * pass.column.row;
        let (sums, rest) = results.take(sums + 11 * pass.size).split_at_mut(sums);
        let (outputs, rest) = rest.split_at_mut(4 * pass.size);
        let (positions, spare) = rest.split_at_mut(4 * pass.size);
        Self { sums: sums.as_chunks_mut().0, outputs, positions, spare }
    }
}

/// Writes four interleaved images of `size` values to y, from image `first` on; `spare` receives those beyond the batch.
fn separate_images(interleaved: &[f32], size: usize, first: usize, y: &mut [f32], spare: &mut [f32]) {
    if size == 0 {
        return;
    }
    let mut images = y[first * size..].chunks_exact_mut(size).chain(spare.chunks_exact_mut(size));
    separate(interleaved, core::array::from_fn(|_| images.next().expect("four images")));
}
