//! Reductions and softmax against plain f64.

mod inputs;

use crossbar_kernels::arrays::reduce::*;
use crossbar_kernels::nn::softmax::{cross_entropy, softmax, softmax_gradient};
use inputs::*;

const SHAPES: [[usize; 3]; 9] =
    [[1, 1, 1], [3, 5, 1], [3, 17, 1], [2, 5, 3], [1, 17, 17], [5, 1, 4], [2, 1000, 1], [2, 130, 5], [0, 3, 2]];

/// The values of one reduced line.
fn line(x: &[f32], [_, len, inner]: [usize; 3], o: usize, i: usize) -> Vec<f64> {
    (0..len).map(|l| x[(o * len + l) * inner + i].into()).collect()
}

fn lines(x: &[f32], shape: [usize; 3]) -> Vec<Vec<f64>> {
    (0..shape[0]).flat_map(|o| (0..shape[2]).map(move |i| (o, i))).map(|(o, i)| line(x, shape, o, i)).collect()
}

#[test]
fn sums_means_and_maxima() {
    for shape @ [outer, len, inner] in SHAPES {
        let x = normals(1, outer * len * inner);
        for op in REDUCTIONS {
            let mut y = vec![0.0; outer * inner];
            reduce(op, &x, &mut y, len, inner);
            let want: Vec<f64> = lines(&x, shape)
                .iter()
                .map(|v| match op {
                    Reduction::Sum => v.iter().sum(),
                    Reduction::Mean => v.iter().sum::<f64>() / len as f64,
                    Reduction::Max => v.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                })
                .collect();
            assert!(distance(&y, &want) < 1e-6, "{op:?} {shape:?}");
        }
    }
}

#[test]
fn reductions_of_nothing_and_of_nan() {
    let mut y = [7.0; 2];
    reduce(Reduction::Sum, &[], &mut y, 0, 2);
    assert_eq!(y, [0.0; 2]);
    reduce(Reduction::Max, &[], &mut y, 0, 2);
    assert_eq!(y, [f32::NEG_INFINITY; 2]);
    for n in [1, 5, 17] {
        for at in 0..n {
            let mut x = normals(2, n);
            x[at] = f32::NAN;
            let mut y = [0.0];
            reduce(Reduction::Max, &x, &mut y, n, 1);
            assert!(y[0].is_nan(), "{n} {at}");
        }
    }
}

#[test]
fn long_sums_keep_their_digits() {
    let x = vec![0.1f32; 1_000_000];
    assert!((sum(&x) / (1e6 * f64::from(0.1f32)) - 1.0).abs() < 1e-6);
    let mut y = vec![0.0; 4];
    reduce(Reduction::Sum, &x, &mut y, 250_000, 4);
    assert!(y.iter().all(|y| (y / 25_000.0 - 1.0).abs() < 1e-5), "{y:?}");
}

#[test]
fn gradients_of_reductions() {
    for shape @ [outer, len, inner] in SHAPES {
        let (x, dy) = (normals(3, outer * len * inner), normals(4, outer * inner));
        let (mut y, mut dx) = (vec![0.0; outer * inner], vec![9.0; x.len()]);
        reduce(Reduction::Max, &x, &mut y, len, inner);
        max_gradient(&x, &y, &dy, &mut dx, len, inner);
        for (k, values) in lines(&dx, shape).iter().enumerate() {
            let top = lines(&x, shape)[k].iter().position(|&v| v == f64::from(y[k])).unwrap();
            assert!(values.iter().enumerate().all(|(l, &v)| v == if l == top { f64::from(dy[k]) } else { 0.0 }));
        }
        spread(&dy, &mut dx, len, inner, 0.5);
        for (k, values) in lines(&dx, shape).iter().enumerate() {
            assert!(values.iter().all(|&v| v == f64::from(0.5 * dy[k])));
        }
    }
}

#[test]
fn softmax_and_gradient() {
    for shape @ [outer, len, inner] in SHAPES {
        let x: Vec<f32> = normals(5, outer * len * inner).iter().map(|v| 20.0 * v).collect();
        let dy = normals(6, x.len());
        for logarithm in [false, true] {
            let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            softmax(&x, &mut y, len, inner, logarithm);
            softmax_gradient(&dy, &y, &mut dx, len, inner, logarithm);
            let all = lines(&x, shape)
                .into_iter()
                .zip(lines(&dy, shape))
                .zip(lines(&y, shape).into_iter().zip(lines(&dx, shape)));
            for ((x, dy), (y, dx)) in all {
                let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = x.iter().map(|x| (x - top).exp()).sum();
                let p: Vec<f64> = x.iter().map(|x| (x - top).exp() / total).collect();
                let inner: f64 = p.iter().zip(&dy).map(|(p, dy)| p * dy).sum();
                for l in 0..len {
                    let (want_y, want_dx) = if logarithm {
                        (x[l] - top - total.ln(), dy[l] - p[l] * dy.iter().sum::<f64>())
                    } else {
                        (p[l], p[l] * (dy[l] - inner))
                    };
                    assert!((y[l] - want_y).abs() < 1e-6 * want_y.abs().max(1.0), "{shape:?} {logarithm}");
                    assert!((dx[l] - want_dx).abs() < 4e-6 * want_dx.abs().max(1.0), "{shape:?} {logarithm}");
                }
            }
        }
    }
}

#[test]
fn cross_entropy_and_gradient() {
    for (rows, cols) in [(1, 1), (3, 5), (5, 10), (17, 17), (128, 1000)] {
        let logits: Vec<f32> = normals(7, rows * cols).iter().map(|v| 5.0 * v).collect();
        let labels: Vec<i32> = (0..rows).map(|r| (r * 7 % cols) as i32).collect();
        let mut gradient = vec![0.0; rows * cols];
        let loss = cross_entropy(&logits, &labels, Some(&mut gradient), cols);
        assert_eq!(loss.to_bits(), cross_entropy(&logits, &labels, None, cols).to_bits());
        let (mut want, mut slopes) = (0.0, Vec::new());
        for (r, &label) in labels.iter().enumerate() {
            let row: Vec<f64> = logits[r * cols..][..cols].iter().map(|&v| v.into()).collect();
            let total: f64 = row.iter().map(|v| v.exp()).sum();
            want += (total.ln() - row[label as usize]) / rows as f64;
            slopes.extend(
                row.iter().enumerate().map(|(c, v)| (v.exp() / total - f64::from(c == label as usize)) / rows as f64),
            );
        }
        assert!((f64::from(loss) - want).abs() < 1e-6 * want.max(1.0), "{rows} {cols}");
        assert!(distance(&gradient, &slopes) < 1e-7, "{rows} {cols}");
    }
    // Far apart logits neither overflow nor lose the loss.
    assert_eq!(cross_entropy(&[500.0, -500.0], &[1], None, 2), 1000.0);
    assert!(cross_entropy(&[f32::NAN, 1.0], &[0], None, 2).is_nan());
}
