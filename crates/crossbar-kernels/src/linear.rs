//! Fully connected products y = x·Wᵀ + b with varied weights, and their backward passes.

use crate::gemm::{gemm, grown, product, Shape, Workspace};
use crate::elementwise::rectify;
use crate::lanes::F32x4;
use crate::pack::WeightColumns;
use crate::random::{Tile, TILE};
use crate::variation::{squared_sigma, Draw, Variation, Weights};

/// Shape of a fully connected layer's call.
#[derive(Clone, Copy)]
pub struct Linear {
    /// Samples: what a fresh draw is for.
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

    fn weights<'a>(&self, values: &'a [f32], variation: Variation, sample: usize) -> Weights<'a> {
        let cols = if self.inputs_first { self.outputs } else { self.inputs };
        Weights { values, cols, variation, sample: sample as u32 }
    }

    /// Whether a fresh draw a sample takes the cheap form: one row of x uses each weight once.
    fn is_cheap(&self, variation: &Variation) -> bool {
        variation.draw == Draw::Sample && self.rows_per_sample == 1
    }

    /// The samples that share a draw, as (first, count): all of them, or one by one.
    fn draws(&self, variation: &Variation) -> impl Iterator<Item = (usize, usize)> {
        let each = if variation.draw == Draw::Sample { 1 } else { self.batch.max(1) };
        let batch = self.batch;
        (0..batch).step_by(each).map(move |first| (first, each.min(batch - first)))
    }
}

/// to = from·(W+ΔW) or its transpose, row by row, for each draw apart; without variation where the cheap form adds it later.
#[allow(clippy::too_many_arguments)]
fn draw_by_draw(
    work: &mut Workspace,
    shape: &Linear,
    w: &[f32],
    variation: Variation,
    (from, k): (&[f32], usize),
    (to, n): (&mut [f32], usize),
    transposed: bool,
    bias: &[f32],
) {
    let explicit = if shape.is_cheap(&variation) { Variation::NONE } else { variation };
    for (first, count) in shape.draws(&explicit) {
        let mut columns = WeightColumns { weights: shape.weights(w, explicit, first), transposed };
        let (at, m) = (first * shape.rows_per_sample, count * shape.rows_per_sample);
        let (from, to) = (&from[at * k..][..m * k], &mut to[at * n..][..m * n]);
        product(work, Shape { m, n, k }, (from, false), &mut columns, to, false, bias);
    }
}

/// y = x·(W+ΔW)ᵀ + b, or max(that, 0).  x: [batch·rows_per_sample, inputs], y: [.., outputs], `bias` empty or [outputs].
///
/// A fresh draw for every sample of one row has a cheap form, exact in distribution: y = xWᵀ + s∘ε with
/// s² = x²·(σ²)ᵀ. `ratio` [batch, outputs] then receives ε/s (0 where s = 0), which the backward pass needs; it is empty otherwise.
pub fn forward(
    work: &mut Workspace,
    shape: &Linear,
    (x, w, bias): (&[f32], &[f32], &[f32]),
    variation: Variation,
    (y, is_rectified): (&mut [f32], bool),
    ratio: &mut [f32],
) {
    draw_by_draw(work, shape, w, variation, (x, shape.inputs), (y, shape.outputs), !shape.inputs_first, bias);
    if shape.is_cheap(&variation) {
        add_sample_noise(work, shape, x, w, variation, y, ratio);
    }
    if is_rectified {
        rectify(y);
    }
}

fn add_sample_noise(
    work: &mut Workspace,
    shape: &Linear,
    x: &[f32],
    w: &[f32],
    variation: Variation,
    y: &mut [f32],
    ratio: &mut [f32],
) {
    let (inputs, outputs) = (shape.inputs, shape.outputs);
    // s² into `ratio`
    if variation.is_uniform() {
        let sigma2 = variation.sigma_outer * variation.sigma_outer;
        for (x, ratio) in x.chunks_exact(inputs.max(1)).zip(ratio.chunks_exact_mut(outputs.max(1))) {
            ratio.fill(sigma2 * sum_of_squares(x));
        }
    } else {
        let mut sigma2 = std::mem::take(&mut work.columns);
        let mut x2 = std::mem::take(&mut work.image);
        let sigma2_values = grown(&mut sigma2, w.len());
        squared_sigma(&shape.weights(w, variation, 0), sigma2_values);
        let x2_values = grown(&mut x2, x.len());
        for (x2, x) in x2_values.iter_mut().zip(x) {
            *x2 = x * x;
        }
        let dims = Shape { m: shape.rows(), n: outputs, k: inputs };
        gemm(work, dims, (x2_values, false), (sigma2_values, !shape.inputs_first), ratio, false);
        work.columns = sigma2;
        work.image = x2;
    }
    for (sample, (y, ratio)) in y.chunks_exact_mut(outputs).zip(ratio.chunks_exact_mut(outputs)).enumerate() {
        for (t, (y, ratio)) in y.chunks_mut(TILE).zip(ratio.chunks_mut(TILE)).enumerate() {
            let mut tile = Tile::new(variation.key, 0, t as u32, variation.first_sample + sample as u32);
            for (y, ratio) in y.chunks_mut(8).zip(ratio.chunks_mut(8)) {
                let [a, b] = tile.normals().map(F32x4::to_array);
                for (i, (y, ratio)) in y.iter_mut().zip(ratio).enumerate() {
                    let normal = if i < 4 { a[i] } else { b[i - 4] };
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

/// dx = dy·(W+ΔW) with the forward's draw again.
///
/// In the cheap form ΔW cannot be drawn again; dx = dy·W + ((dy∘ε/s)·σ²)∘x is the conditional mean of the explicit one given y.
/// `x` and `ratio` are read by the cheap form only.
pub fn backward_input(
    work: &mut Workspace,
    shape: &Linear,
    (dy, w): (&[f32], &[f32]),
    (x, ratio): (&[f32], &[f32]),
    variation: Variation,
    dx: &mut [f32],
) {
    let (inputs, outputs) = (shape.inputs, shape.outputs);
    draw_by_draw(work, shape, w, variation, (dy, outputs), (dx, inputs), shape.inputs_first, &[]);
    if !shape.is_cheap(&variation) {
        return;
    }
    let mut scaled = std::mem::take(&mut work.image);
    let scaled_values = grown(&mut scaled, shape.batch * outputs);
    for ((scaled, dy), ratio) in scaled_values.iter_mut().zip(dy).zip(ratio) {
        *scaled = dy * ratio;
    }
    if variation.is_uniform() {
        let sigma2 = variation.sigma_outer * variation.sigma_outer;
        let rows = dx.chunks_exact_mut(inputs.max(1)).zip(x.chunks_exact(inputs.max(1)));
        for ((dx, x), scaled) in rows.zip(scaled_values.chunks_exact(outputs.max(1))) {
            let factor = sigma2 * scaled.iter().sum::<f32>();
            for (dx, x) in dx.iter_mut().zip(x) {
                *dx += factor * x;
            }
        }
    } else {
        let mut sigma2 = std::mem::take(&mut work.columns);
        let (sigma2_values, sums) = grown(&mut sigma2, w.len() + dx.len()).split_at_mut(w.len());
        squared_sigma(&shape.weights(w, variation, 0), sigma2_values);
        let dims = Shape { m: shape.batch, n: inputs, k: outputs };
        gemm(work, dims, (scaled_values, false), (sigma2_values, shape.inputs_first), sums, false);
        for ((dx, x), sum) in dx.iter_mut().zip(x).zip(sums) {
            *dx += *sum * x;
        }
        work.columns = sigma2;
    }
    work.image = scaled;
}

/// dW = dyᵀ·x, in W's stored layout. Straight through: the variation plays no part.
pub fn backward_weight(work: &mut Workspace, shape: &Linear, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let (a, b, m, n) = if shape.inputs_first {
        (x, dy, shape.inputs, shape.outputs)
    } else {
        (dy, x, shape.outputs, shape.inputs)
    };
    gemm(work, Shape { m, n, k: shape.rows() }, (a, true), (b, false), dw, false);
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
mod tests {
    use super::*;
    use crate::gemm::tests::{distance, naive, normals};
    use crate::variation::varied_weight;

    fn shapes() -> Vec<Linear> {
        let mut shapes = Vec::new();
        for (batch, rows_per_sample, inputs, outputs) in [(1, 1, 1, 1), (3, 1, 5, 17), (2, 3, 300, 10), (5, 2, 17, 270), (4, 1, 513, 259)] {
            for inputs_first in [false, true] {
                shapes.push(Linear { batch, rows_per_sample, inputs, outputs, inputs_first });
            }
        }
        shapes
    }

    fn variation(draw: Draw, mid: f32) -> Variation {
        Variation { draw, s_max: 3.0, sigma_outer: 0.1, sigma_mid: mid, key: 77, first_sample: 0 }
    }

    #[test]
    fn agrees_with_the_varied_weight_written_out() {
        let mut work = Workspace::default();
        for shape in shapes() {
            let Linear { batch, rows_per_sample, inputs, outputs, inputs_first } = shape;
            let rows = batch * rows_per_sample;
            let (x, w, dy) = (normals(1, rows * inputs), normals(2, inputs * outputs), normals(3, rows * outputs));
            let bias = normals(4, outputs);
            for draw in [Draw::None, Draw::Batch, Draw::Sample] {
                let variation = variation(draw, 0.3);
                if shape.is_cheap(&variation) {
                    continue;
                }
                let (mut y, mut dx) = (vec![0.0; rows * outputs], vec![0.0; rows * inputs]);
                forward(&mut work, &shape, (&x, &w, &bias), variation, (&mut y, false), &mut []);
                backward_input(&mut work, &shape, (&dy, &w), (&[], &[]), variation, &mut dx);
                let (mut want_y, mut want_dx) = (Vec::new(), Vec::new());
                for sample in 0..batch {
                    let mut varied = w.clone();
                    let sample_of_draw = if draw == Draw::Sample { sample } else { 0 };
                    if draw != Draw::None {
                        varied_weight(&shape.weights(&w, variation, sample_of_draw), &mut varied);
                    }
                    let r = rows_per_sample;
                    let x = &x[sample * r * inputs..][..r * inputs];
                    let dy = &dy[sample * r * outputs..][..r * outputs];
                    let y = naive(Shape { m: r, n: outputs, k: inputs }, (x, false), (&varied, !inputs_first));
                    want_y.extend(y.iter().enumerate().map(|(i, v)| v + f64::from(bias[i % outputs])));
                    want_dx.extend(naive(Shape { m: r, n: inputs, k: outputs }, (dy, false), (&varied, inputs_first)));
                }
                assert!(distance(&y, &want_y) < 3e-6);
                assert!(distance(&dx, &want_dx) < 3e-6);
            }
            let mut dw = vec![0.0; inputs * outputs];
            backward_weight(&mut work, &shape, &x, &dy, &mut dw);
            let (a, b, m, n) = if inputs_first { (&x, &dy, inputs, outputs) } else { (&dy, &x, outputs, inputs) };
            assert!(distance(&dw, &naive(Shape { m, n, k: rows }, (a, true), (b, false))) < 3e-6);
        }
    }

    /// Cheap and explicit draws agree in distribution: mean and standard deviation of each output over many draws,
    /// and dx in conditional mean given y, tested as Cov(dx, y) and mean over the draws. 4.5 standard errors at a fixed seed.
    #[test]
    fn cheap_form_agrees_in_distribution() {
        let mut work = Workspace::default();
        let (inputs, outputs, draws) = (6, 3, 40_000);
        let x = normals(5, inputs);
        let w = normals(6, inputs * outputs);
        let dy = normals(7, outputs);
        for mid in [0.1, 0.3] {
            let mut moments = [vec![0.0f64; outputs * 2 + inputs * 2], vec![0.0f64; outputs * 2 + inputs * 2]];
            let xs: Vec<f32> = x.iter().copied().cycle().take(inputs * draws).collect();
            let dys: Vec<f32> = dy.iter().copied().cycle().take(outputs * draws).collect();
            let (mut y, mut ratio, mut dx) = (vec![0.0; outputs * draws], vec![0.0; outputs * draws], vec![0.0; inputs * draws]);
            let cheap = Linear { batch: draws, rows_per_sample: 1, inputs, outputs, inputs_first: false };
            forward(&mut work, &cheap, (&xs, &w, &[]), variation(Draw::Sample, mid), (&mut y, false), &mut ratio);
            backward_input(&mut work, &cheap, (&dys, &w), (&xs, &ratio), variation(Draw::Sample, mid), &mut dx);
            let mut add = |which: usize, y: &[f32], dx: &[f32]| {
                let m = &mut moments[which];
                for (o, &y) in y.iter().enumerate() {
                    m[2 * o] += f64::from(y);
                    m[2 * o + 1] += f64::from(y).powi(2);
                }
                for (i, &dx) in dx.iter().enumerate() {
                    m[2 * outputs + 2 * i] += f64::from(dx);
                    m[2 * outputs + 2 * i + 1] += f64::from(dx) * f64::from(y[0]);
                }
            };
            for d in 0..draws {
                add(0, &y[d * outputs..][..outputs], &dx[d * inputs..][..inputs]);
            }
            let one = Linear { batch: 1, ..cheap };
            let mut varied = vec![0.0; w.len()];
            for d in 0..draws {
                let weights = Weights { values: &w, cols: inputs, variation: Variation { key: 991, ..variation(Draw::Sample, mid) }, sample: d as u32 };
                varied_weight(&weights, &mut varied);
                let (mut y, mut dx) = (vec![0.0; outputs], vec![0.0; inputs]);
                forward(&mut work, &one, (&x, &varied, &[]), Variation::NONE, (&mut y, false), &mut []);
                backward_input(&mut work, &one, (&dy, &varied), (&[], &[]), Variation::NONE, &mut dx);
                add(1, &y, &dx);
            }
            let n = draws as f64;
            for (i, (a, b)) in moments[0].iter().zip(&moments[1]).enumerate() {
                let (a, b) = (a / n, b / n);
                assert!((a - b).abs() < 4.5 * 2.0 * (1.0 + b.abs()) / n.sqrt(), "moment {i}: {a} {b}, mid {mid}");
            }
        }
    }
}
