//! Layers against products with the varied weights, and moments of the cheap form.

use super::*;
use crate::testing::{distance, naive, normals, Operand as Naive};
use crate::variation::varied_weight;

fn shapes() -> Vec<Linear> {
    let mut shapes = Vec::new();
    for (batch, rows_per_sample, inputs, outputs) in
        [(1, 1, 1, 1), (3, 1, 5, 17), (2, 3, 300, 10), (5, 2, 17, 270), (4, 1, 513, 259)]
    {
        for inputs_first in [false, true] {
            shapes.push(Linear { batch, rows_per_sample, inputs, outputs, inputs_first });
        }
    }
    shapes
}

const NOTHING: Saved = Saved { x: &[], ratio: &[] };

fn plain(y: &mut [f32]) -> Output<'_> {
    Output { y, is_rectified: false, ratio: &mut [] }
}

fn variation(draw: Draw, mid: f32) -> Variation<'static> {
    Variation { draw, s_max: 3.0, sigma: Sigma::levels(0.1, mid), key: 77, first_sample: 0 }
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
            forward(&mut work, &shape, Inputs { x: &x, w: &w, bias: &bias }, variation, plain(&mut y));
            backward_input(&mut work, &shape, &dy, &w, NOTHING, variation, &mut dx);
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
                let y = naive(Shape { m: r, n: outputs, k: inputs }, Naive(x, false), Naive(&varied, !inputs_first));
                want_y.extend(y.iter().enumerate().map(|(i, v)| v + f64::from(bias[i % outputs])));
                want_dx.extend(naive(
                    Shape { m: r, n: inputs, k: outputs },
                    Naive(dy, false),
                    Naive(&varied, inputs_first),
                ));
            }
            assert!(distance(&y, &want_y) < 3e-6);
            assert!(distance(&dx, &want_dx) < 3e-6);
        }
        let mut dw = vec![0.0; inputs * outputs];
        backward_weight(&mut work, &shape, &x, &dy, &mut dw);
        let (a, b, m, n) = if inputs_first { (&x, &dy, inputs, outputs) } else { (&dy, &x, outputs, inputs) };
        assert!(distance(&dw, &naive(Shape { m, n, k: rows }, Naive(a, true), Naive(b, false))) < 3e-6);
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
        let (mut y, mut ratio, mut dx) =
            (vec![0.0; outputs * draws], vec![0.0; outputs * draws], vec![0.0; inputs * draws]);
        let cheap = Linear { batch: draws, rows_per_sample: 1, inputs, outputs, inputs_first: false };
        let output = Output { ratio: &mut ratio, ..plain(&mut y) };
        forward(&mut work, &cheap, Inputs { x: &xs, w: &w, bias: &[] }, variation(Draw::Sample, mid), output);
        let saved = Saved { x: &xs, ratio: &ratio };
        backward_input(&mut work, &cheap, &dys, &w, saved, variation(Draw::Sample, mid), &mut dx);
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
            let weights = Weights {
                values: &w,
                cols: inputs,
                variation: Variation { key: 991, ..variation(Draw::Sample, mid) },
                sample: d as u32,
            };
            varied_weight(&weights, &mut varied);
            let (mut y, mut dx) = (vec![0.0; outputs], vec![0.0; inputs]);
            forward(&mut work, &one, Inputs { x: &x, w: &varied, bias: &[] }, Variation::NONE, plain(&mut y));
            backward_input(&mut work, &one, &dy, &varied, NOTHING, Variation::NONE, &mut dx);
            add(1, &y, &dx);
        }
        let n = draws as f64;
        for (i, (a, b)) in moments[0].iter().zip(&moments[1]).enumerate() {
            let (a, b) = (a / n, b / n);
            assert!((a - b).abs() < 4.5 * 2.0 * (1.0 + b.abs()) / n.sqrt(), "moment {i}: {a} {b}, mid {mid}");
        }
    }
}
