//! Reductions and softmax against plain f64.

mod inputs;

use crossbar_kernels::arrays::lines::*;
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
fn every_reduction() {
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
                    Reduction::Product => v.iter().product(),
                    Reduction::Norm => v.iter().map(|v| v * v).sum::<f64>().sqrt(),
                    Reduction::LogSumExp => v.iter().map(|v| v.exp()).sum::<f64>().ln(),
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
    for (op, nothing) in [(Reduction::Product, 1.0), (Reduction::Norm, 0.0), (Reduction::LogSumExp, f32::NEG_INFINITY)]
    {
        reduce(op, &[], &mut y, 0, 2);
        assert_eq!(y, [nothing; 2]);
    }
    for n in [1, 5, 17] {
        for at in 0..n {
            let mut x = normals(2, n);
            x[at] = f32::NAN;
            for op in REDUCTIONS {
                let mut y = [0.0];
                reduce(op, &x, &mut y, n, 1);
                assert!(y[0].is_nan(), "{op:?} {n} {at}");
            }
        }
    }
}

#[test]
fn reductions_far_out() {
    let one = |op, x: &[f32]| {
        let mut y = [0.0];
        reduce(op, x, &mut y, x.len(), 1);
        y[0]
    };
    let inf = f32::INFINITY;
    assert_eq!(one(Reduction::Norm, &[3e38, 0.0, 0.0]), 3e38);
    assert_eq!(one(Reduction::Norm, &[3e-40, 4e-40]), 5e-40);
    assert_eq!(one(Reduction::Product, &[1e30, 1e30, 1e-30, 1e-30]), 1.0);
    assert_eq!(one(Reduction::LogSumExp, &[1e30, 1e30]), 1e30);
    assert_eq!([one(Reduction::LogSumExp, &[-inf, -inf]), one(Reduction::LogSumExp, &[-inf, inf])], [-inf, inf]);
    assert_eq!([one(Reduction::LogSumExp, &[-inf, 0.0]), one(Reduction::LogSumExp, &[0.0; 8])], [0.0, 8.0f32.ln()]);
}

#[test]
fn cumulative_functions_and_gradients() {
    for shape @ [outer, len, inner] in SHAPES {
        if len > 130 {
            continue;
        }
        let (mut x, dy) = (normals(8, outer * len * inner), normals(9, outer * len * inner));
        // A product with a 0 has slopes other than 0 there.
        if len > 2 && outer > 0 {
            x[inner] = 0.0;
        }
        for (is_exclusive, is_reverse) in [(false, false), (true, false), (false, true), (true, true)] {
            let order = Order { is_exclusive, is_reverse };
            // Whether the value at l takes the one at k.
            let takes = |l: usize, k: usize| {
                let (l, k) = if is_reverse { (len - l, len - k) } else { (l, k) };
                k < l || k == l && !is_exclusive
            };
            for op in SCANS {
                let mut y = vec![0.0; x.len()];
                scan(op, order, &x, &mut y, len, inner);
                for (x, y) in lines(&x, shape).iter().zip(lines(&y, shape)) {
                    for l in 0..len {
                        let taken = (0..len).filter(|&k| takes(l, k)).map(|k| x[k]);
                        let want: f64 = if op == Scan::Sum { taken.sum() } else { taken.product() };
                        assert!((y[l] - want).abs() <= 1e-7 * want.abs() + 1e-44, "{op:?} {shape:?}");
                    }
                }
            }
            let mut dx = vec![9.0; x.len()];
            scan_product_gradient(order, &x, &dy, &mut dx, len, inner);
            let all = lines(&x, shape).into_iter().zip(lines(&dy, shape)).zip(lines(&dx, shape));
            for ((x, dy), dx) in all {
                for k in 0..len {
                    let slope = |l| -> f64 { (0..len).filter(|&j| j != k && takes(l, j)).map(|j| x[j]).product() };
                    let want: f64 = (0..len).filter(|&l| takes(l, k)).map(|l| dy[l] * slope(l)).sum();
                    assert!((dx[k] - want).abs() <= 1e-6 * want.abs().max(1.0), "{shape:?} {k}: {} {want}", dx[k]);
                }
            }
        }
        let dy = &dy[..outer * inner];
        let mut dx = vec![9.0; x.len()];
        product_gradient(&x, dy, &mut dx, len, inner);
        for (i, (x, dx)) in lines(&x, shape).iter().zip(lines(&dx, shape)).enumerate() {
            for k in 0..len {
                let want = f64::from(dy[i]) * (0..len).filter(|&j| j != k).map(|j| x[j]).product::<f64>();
                assert!((dx[k] - want).abs() <= 1e-6 * want.abs().max(1.0));
            }
        }
    }
}

#[test]
fn slopes_of_norms_and_log_sums() {
    for shape @ [outer, len, inner] in SHAPES {
        let x = normals(3, outer * len * inner);
        for op in [Reduction::Norm, Reduction::LogSumExp] {
            let (mut y, mut dx) = (vec![0.0; outer * inner], vec![0.5; x.len()]);
            reduce(op, &x, &mut y, len, inner);
            scale_by_slopes(op, &x, &y, &mut dx, len, inner);
            for (x, dx) in lines(&x, shape).iter().zip(lines(&dx, shape)) {
                let norm = x.iter().map(|v| v * v).sum::<f64>().sqrt();
                let total: f64 = x.iter().map(|v| v.exp()).sum();
                for (x, dx) in x.iter().zip(dx) {
                    let want = 0.5 * if op == Reduction::Norm { x / norm } else { x.exp() / total };
                    assert!((dx - want).abs() < 1e-6 * want.abs().max(1e-3));
                }
            }
        }
    }
    let mut dx = [1.0; 2];
    scale_by_slopes(Reduction::Norm, &[0.0; 2], &[0.0], &mut dx, 2, 1);
    assert_eq!(dx, [0.0; 2]);
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
