//! Batch normalisation against plain f64, the batch form's gradient against finite differences of it.

mod inputs;

use crossbar_kernels::nn::norm::*;
use inputs::*;

const SIZES: [[usize; 3]; 7] = [[1, 1, 1], [3, 2, 5], [5, 3, 1], [17, 5, 1], [2, 17, 17], [4, 3, 300], [8, 2, 4]];
const EPSILON: f32 = 1e-3;

fn channel(x: &[f32], [n, c, spatial]: [usize; 3], at: usize) -> Vec<f64> {
    (0..n).flat_map(|i| x[(i * c + at) * spatial..][..spatial].iter().map(|&v| f64::from(v))).collect()
}

fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64)
}

#[test]
fn statistics_of_shifted_values() {
    for shape @ [n, c, spatial] in SIZES {
        // A mean far from 0 is where one-pass formulas lose everything.
        let x: Vec<f32> = normals(1, n * c * spatial).iter().map(|v| v + 100.0).collect();
        let (mut mean, mut variance) = (vec![0.0; c], vec![0.0; c]);
        statistics(&x, &mut mean, &mut variance, NormSize { n, c, spatial });
        for at in 0..c {
            let (m, v) = moments(&channel(&x, shape, at));
            assert!((f64::from(mean[at]) - m).abs() < 1e-5 && (f64::from(variance[at]) - v).abs() < 1e-5, "{shape:?}");
        }
    }
}

#[test]
fn both_forms() {
    for shape @ [n, c, spatial] in SIZES {
        let size = NormSize { n, c, spatial };
        let (x, gamma, beta) = (normals(2, n * c * spatial), normals(3, c), normals(4, c));
        let (mean, variance) = (normals(5, c), positives(6, c));
        let affine = Affine { gamma: &gamma, beta: &beta };
        let mut y = vec![0.0; x.len()];
        normalise(&x, affine, Statistics { mean: &mean, variance: &variance }, &mut y, size, EPSILON);
        let (mut m, mut v, mut own) = (vec![0.0; c], vec![0.0; c], vec![0.0; x.len()]);
        normalise_batch(&x, affine, &mut own, StatisticsMut { mean: &mut m, variance: &mut v }, size, EPSILON);
        for at in 0..c {
            let values = channel(&x, shape, at);
            let form = |mean: f64, variance: f64| -> Vec<f64> {
                let scale = f64::from(gamma[at]) / (variance + f64::from(EPSILON)).sqrt();
                values.iter().map(|x| (x - mean) * scale + f64::from(beta[at])).collect()
            };
            let close = |got: Vec<f64>, want: Vec<f64>| {
                got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 2e-5 * b.abs().max(1.0))
            };
            assert!(close(channel(&y, shape, at), form(mean[at].into(), variance[at].into())), "frozen {shape:?}");
            let (mean, variance) = moments(&values);
            assert!(close(channel(&own, shape, at), form(mean, variance)), "batch {shape:?}");
        }
    }
}

#[test]
fn gradients_of_both_forms() {
    for shape @ [n, c, spatial] in SIZES {
        let size = NormSize { n, c, spatial };
        let (x, dy, gamma) = (normals(7, n * c * spatial), normals(8, n * c * spatial), normals(9, c));
        for frozen in [true, false] {
            let (mut mean, mut variance) = (normals(10, c), positives(11, c));
            if !frozen {
                statistics(&x, &mut mean, &mut variance, size);
            }
            let (mut dx, mut dgamma, mut dbeta) = (vec![0.0; x.len()], vec![0.0; c], vec![0.0; c]);
            let statistics = Statistics { mean: &mean, variance: &variance };
            let layer = Normalised { size, gamma: &gamma, statistics, epsilon: EPSILON, is_frozen: frozen };
            gradient(&layer, &x, &dy, Gradients { dx: Some(&mut dx), dgamma: &mut dgamma, dbeta: &mut dbeta });
            for at in 0..c {
                let (xs, dys) = (channel(&x, shape, at), channel(&dy, shape, at));
                let (mean, inverse) = (f64::from(mean[at]), 1.0 / f64::from(variance[at] + EPSILON).sqrt());
                let hat: Vec<f64> = xs.iter().map(|x| (x - mean) * inverse).collect();
                let (sum, product) = (dys.iter().sum::<f64>(), hat.iter().zip(&dys).map(|(h, d)| h * d).sum::<f64>());
                assert!((f64::from(dbeta[at]) - sum).abs() < 1e-5 * sum.abs().max(1.0));
                assert!((f64::from(dgamma[at]) - product).abs() < 2e-5 * product.abs().max(1.0), "{shape:?}");
                let m = xs.len() as f64;
                let scale = f64::from(gamma[at]) * inverse;
                for (i, got) in channel(&dx, shape, at).into_iter().enumerate() {
                    let want = if frozen { dys[i] } else { dys[i] - sum / m - hat[i] * product / m } * scale;
                    assert!((got - want).abs() < 2e-5 * scale.abs().max(1.0), "{shape:?} {frozen} {got} {want}");
                }
            }
            let (mut again, mut same) = (vec![0.0; c], vec![0.0; c]);
            gradient(&layer, &x, &dy, Gradients { dx: None, dgamma: &mut again, dbeta: &mut same });
            assert_eq!((again, same), (dgamma, dbeta));
        }
    }
}
