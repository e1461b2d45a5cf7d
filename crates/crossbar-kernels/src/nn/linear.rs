//! Fully connected layers y = x·Wᵀ + b with varied weights, and their gradients.

use crate::arrays::elementwise::rectify;
use crate::gemm::pack::WeightColumns;
use crate::gemm::{product, Initial, Matrix, Shape};
use crate::lanes::F32x4;
use crate::random::{NoiseBlock, NOISE_BLOCK};
use crate::scratch::{Packed, Workspace};
use crate::variation::{squared_sigma, Draw, Sigma, Variation, Weights};

/// Shape of a fully connected layer's call.
#[derive(Clone, Copy)]
pub struct Linear {
    /// Samples.
    pub batch: usize,
    /// Rows of x that belong to one sample.
    pub rows_per_sample: usize,
    /// Columns of x.
    pub inputs: usize,
    /// Columns of y.
    pub outputs: usize,
    /// W is stored [inputs, outputs] instead of [outputs, inputs].
    pub inputs_first: bool,
}

impl Linear {
    fn rows(&self) -> usize {
        self.batch * self.rows_per_sample
    }

    fn weights<'a>(&self, values: &'a [f32], variation: Variation<'a>, sample: usize) -> Weights<'a> {
        let cols = if self.inputs_first { self.outputs } else { self.inputs };
        Weights { values, cols, variation, sample: sample as u32 }
    }

    /// Number of values of x.
    pub fn x_size(&self) -> usize {
        self.rows() * self.inputs
    }

    /// Number of values of W.
    pub fn w_size(&self) -> usize {
        self.inputs * self.outputs
    }

    /// Number of values of y.
    pub fn y_size(&self) -> usize {
        self.rows() * self.outputs
    }

    /// σ² of the weights as an operand.
    fn sigmas<'a>(&self, values: &'a [f32], transposed: bool) -> Matrix<'a> {
        Matrix { values, stride: if self.inputs_first { self.outputs } else { self.inputs }, transposed }
    }

    /// Whether a draw for every sample takes the cheap form: one row of x uses each weight once.
    pub fn is_cheap(&self, variation: &Variation) -> bool {
        variation.draw == Draw::Sample && self.rows_per_sample == 1
    }

    /// The samples that share a draw, as (first, number): all of them, or one by one.
    fn draws(&self, variation: &Variation) -> impl Iterator<Item = (usize, usize)> {
        let each = if variation.draw == Draw::Sample { 1 } else { self.batch.max(1) };
        let batch = self.batch;
        (0..batch).step_by(each).map(move |first| (first, each.min(batch - first)))
    }
}

/// A matrix of rows, sample by sample.
#[derive(Clone, Copy)]
struct Operand<'a> {
    values: &'a [f32],
    cols: usize,
}

/// to [.., n] = from·(W + ΔW) or its transpose, one product for each draw; without variation if the cheap form adds it later.
fn multiply_draws(
    packed: &mut Packed,
    shape: &Linear,
    weights: Draws,
    from: Operand,
    to: &mut [f32],
    n: usize,
    bias: &[f32],
) {
    let Draws { w, variation, transposed } = weights;
    let explicit = if shape.is_cheap(&variation) { Variation::NONE } else { variation };
    for (first, count) in shape.draws(&explicit) {
        let mut columns = WeightColumns { weights: shape.weights(w, explicit, first), transposed };
        let (at, m, k) = (first * shape.rows_per_sample, count * shape.rows_per_sample, from.cols);
        let (from, to) = (&from.values[at * k..][..m * k], &mut to[at * n..][..m * n]);
        let initial = if bias.is_empty() { Initial::Zero } else { Initial::Bias(bias) };
        product(packed, Shape { m, n, k }, Matrix::a(from, k), &mut columns, to, initial);
    }
}

/// Weights of a product and their variation.
#[derive(Clone, Copy)]
struct Draws<'a> {
    w: &'a [f32],
    variation: Variation<'a>,
    /// Whether a stored row is a column of the product's right operand.
    transposed: bool,
}

/// The operands of the forward pass.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// [batch·rows_per_sample, inputs]
    pub x: &'a [f32],
    /// In its stored layout.
    pub w: &'a [f32],
    /// Empty or [outputs].
    pub bias: &'a [f32],
}

/// What the forward pass writes.
pub struct Output<'a> {
    /// [batch·rows_per_sample, outputs]
    pub y: &'a mut [f32],
    /// Whether it is max(outputs, 0).
    pub is_rectified: bool,
    /// For the cheap form: receives ε/s, 0 where s = 0, [batch, outputs]; empty otherwise.
    pub ratio: &'a mut [f32],
}

/// y = x·(W + ΔW)ᵀ + b, or max(that, 0).
///
/// A draw for every sample of one row has a cheap form, exact in distribution: y = xWᵀ + s∘ε with s² = x²·(σ²)ᵀ. The backward pass needs ε/s.
pub fn forward(work: &mut Workspace, shape: &Linear, inputs: Inputs, variation: Variation, output: Output) {
    let (Inputs { x, w, bias }, Output { y, is_rectified, ratio }) = (inputs, output);
    let weights = Draws { w, variation, transposed: !shape.inputs_first };
    multiply_draws(&mut work.packed, shape, weights, Operand { values: x, cols: shape.inputs }, y, shape.outputs, bias);
    if shape.is_cheap(&variation) {
        squared_deviations(work, shape, x, w, variation, ratio);
        add_sample_noise(shape.outputs, variation, y, ratio);
    }
    if is_rectified {
        rectify(y);
    }
}

/// s² [batch, outputs], the variance of every output.
fn squared_deviations(
    work: &mut Workspace,
    shape: &Linear,
    x: &[f32],
    w: &[f32],
    variation: Variation,
    out: &mut [f32],
) {
    let (inputs, outputs) = (shape.inputs, shape.outputs);
    if let Sigma::Uniform(sigma) = variation.sigma {
        let sigma2 = sigma * sigma;
        for (x, out) in x.chunks_exact(inputs.max(1)).zip(out.chunks_exact_mut(outputs.max(1))) {
            out.fill(sigma2 * sum_of_squares(x));
        }
        return;
    }
    let Workspace { packed, images, results, .. } = work;
    let sigma2 = results.take(w.len());
    squared_sigma(&shape.weights(w, variation, 0), sigma2);
    let x2 = images.padded.take(x.len());
    for (x2, x) in x2.iter_mut().zip(x) {
        *x2 = x * x;
    }
    let size = Shape { m: shape.rows(), n: outputs, k: inputs };
    let mut sigma2 = shape.sigmas(sigma2, !shape.inputs_first);
    product(packed, size, Matrix::a(x2, inputs), &mut sigma2, out, Initial::Zero);
}

/// y += s·ε. `ratio` holds s² and receives ε/s.
fn add_sample_noise(outputs: usize, variation: Variation, y: &mut [f32], ratio: &mut [f32]) {
    for (sample, (y, ratio)) in y.chunks_exact_mut(outputs).zip(ratio.chunks_exact_mut(outputs)).enumerate() {
        for (b, (y, ratio)) in y.chunks_mut(NOISE_BLOCK).zip(ratio.chunks_mut(NOISE_BLOCK)).enumerate() {
            let mut block = NoiseBlock::new(variation.key, 0, b as u32, variation.first_sample + sample as u32);
            for (y, ratio) in y.chunks_mut(8).zip(ratio.chunks_mut(8)) {
                let [low, high] = block.normals().map(F32x4::to_array);
                for (i, (y, ratio)) in y.iter_mut().zip(ratio).enumerate() {
                    let normal = if i < 4 { low[i] } else { high[i - 4] };
                    let s = ratio.sqrt();
                    *y += s * normal;
                    *ratio = if s > 0.0 { normal / s } else { 0.0 };
                }
            }
        }
    }
}

fn sum_of_squares(x: &[f32]) -> f32 {
    let (whole, rest) = x.as_chunks::<4>();
    let sum = whole.iter().fold(F32x4::splat(0.0), |sum, x| {
        let x = F32x4::load(x);
        sum.add(x.mul(x))
    });
    rest.iter().fold(sum.sum(), |sum, x| sum + x * x)
}

/// What the cheap form's backward pass reads of the forward pass; empty slices otherwise.
#[derive(Clone, Copy)]
pub struct Saved<'a> {
    /// [batch, inputs]
    pub x: &'a [f32],
    /// [batch, outputs]
    pub ratio: &'a [f32],
}

/// dx = dy·(W + ΔW) with the forward's draw.
///
/// In the cheap form ΔW cannot be drawn again; dx = dy·W + ((dy∘ε/s)·σ²)∘x is the conditional mean of the explicit one given y.
pub fn backward_input(
    work: &mut Workspace,
    shape: &Linear,
    dy: &[f32],
    w: &[f32],
    saved: Saved,
    variation: Variation,
    dx: &mut [f32],
) {
    let weights = Draws { w, variation, transposed: shape.inputs_first };
    multiply_draws(
        &mut work.packed,
        shape,
        weights,
        Operand { values: dy, cols: shape.outputs },
        dx,
        shape.inputs,
        &[],
    );
    if shape.is_cheap(&variation) {
        add_noise_gradient(work, shape, dy, w, saved, variation, dx);
    }
}

/// dx += ((dy∘ε/s)·σ²)∘x
fn add_noise_gradient(
    work: &mut Workspace,
    shape: &Linear,
    dy: &[f32],
    w: &[f32],
    saved: Saved,
    variation: Variation,
    dx: &mut [f32],
) {
    let (inputs, outputs) = (shape.inputs, shape.outputs);
    let Workspace { packed, images, results, .. } = work;
    let scaled = images.padded.take(shape.batch * outputs);
    for ((scaled, dy), ratio) in scaled.iter_mut().zip(dy).zip(saved.ratio) {
        *scaled = dy * ratio;
    }
    if let Sigma::Uniform(sigma) = variation.sigma {
        let sigma2 = sigma * sigma;
        let rows = dx.chunks_exact_mut(inputs.max(1)).zip(saved.x.chunks_exact(inputs.max(1)));
        for ((dx, x), scaled) in rows.zip(scaled.chunks_exact(outputs.max(1))) {
            let factor = sigma2 * scaled.iter().sum::<f32>();
            for (dx, x) in dx.iter_mut().zip(x) {
                *dx += factor * x;
            }
        }
        return;
    }
    let (sigma2, sums) = results.take(w.len() + dx.len()).split_at_mut(w.len());
    squared_sigma(&shape.weights(w, variation, 0), sigma2);
    let size = Shape { m: shape.batch, n: inputs, k: outputs };
    let mut sigma2 = shape.sigmas(sigma2, shape.inputs_first);
    product(packed, size, Matrix::a(scaled, outputs), &mut sigma2, sums, Initial::Zero);
    for ((dx, x), sum) in dx.iter_mut().zip(saved.x).zip(sums) {
        *dx += *sum * x;
    }
}

/// dW = dyᵀ·x, in W's stored layout. Straight through: the variation plays no part.
pub fn backward_weight(work: &mut Workspace, shape: &Linear, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let (x, dy) = ((x, shape.inputs), (dy, shape.outputs));
    let ((a, m), (b, n)) = if shape.inputs_first { (x, dy) } else { (dy, x) };
    let a = Matrix { values: a, stride: m, transposed: true };
    let mut b = Matrix { values: b, stride: n, transposed: false };
    product(&mut work.packed, Shape { m, n, k: shape.rows() }, a, &mut b, dw, Initial::Zero);
}

/// Σ over rows.  x: [rows, cols], out: [cols].
pub fn column_sum(x: &[f32], cols: usize, out: &mut [f32]) {
    out.fill(0.0);
    for row in x.chunks_exact(cols.max(1)) {
        for (out, x) in out.iter_mut().zip(row) {
            *out += x;
        }
    }
}

#[cfg(test)]
#[path = "linear_tests.rs"]
mod tests;
