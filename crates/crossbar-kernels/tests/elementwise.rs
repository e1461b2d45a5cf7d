//! Elementwise functions and broadcasting pairs against plain f64.

mod inputs;

use crossbar_kernels::arrays::binary_broadcast;
use crossbar_kernels::arrays::elementwise::*;
use inputs::*;

/// Value and slope in f64, in the order of the code table.
fn exact(op: Unary, x: f64, p0: f64, p1: f64) -> (f64, f64) {
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    match op {
        Unary::Neg => (-x, -1.0),
        Unary::Relu => (x.max(0.0), f64::from(x > 0.0)),
        Unary::LeakyRelu => (if x < 0.0 { p0 * x } else { x }, if x < 0.0 { p0 } else { 1.0 }),
        Unary::Clip => (x.clamp(p0, p1), f64::from(p0 <= x && x <= p1)),
        Unary::Sigmoid => (sigmoid, sigmoid * (1.0 - sigmoid)),
        Unary::Tanh => (x.tanh(), 1.0 - x.tanh().powi(2)),
        Unary::Exp => (x.exp(), x.exp()),
        Unary::Log => (x.ln(), 1.0 / x),
        Unary::Sqrt => (x.sqrt(), 0.5 / x.sqrt()),
        Unary::Abs => (x.abs(), if x < 0.0 { -1.0 } else { f64::from(x > 0.0) }),
        Unary::Square => (x * x, 2.0 * x),
        Unary::Scale => (p0 * x, p0),
        Unary::Shift => (x + p0, 1.0),
    }
}

fn reads_output(op: Unary) -> bool {
    matches!(op, Unary::Relu | Unary::Sigmoid | Unary::Tanh | Unary::Exp | Unary::Sqrt)
}

#[test]
fn every_function_and_slope() {
    let mut worst = Vec::new();
    for op in UNARY {
        for n in LENGTHS {
            let x = if matches!(op, Unary::Log | Unary::Sqrt) { positives(1, n) } else { normals(1, n) };
            let (dy, p0, p1) = (normals(2, n), -0.5f32, 0.75f32);
            let (mut y, mut dx) = (vec![0.0; n], vec![0.0; n]);
            unary(op, &x, &mut y, p0, p1);
            unary_gradient(op, &dy, if reads_output(op) { &y } else { &x }, &mut dx, p0, p1);
            let want: Vec<_> = x.iter().map(|&x| exact(op, x.into(), p0.into(), p1.into())).collect();
            let values: Vec<f64> = want.iter().map(|w| w.0).collect();
            let slopes: Vec<f64> = want.iter().zip(&dy).map(|(w, &dy)| w.1 * f64::from(dy)).collect();
            let error = distance(&y, &values).max(distance(&dx, &slopes));
            if error > 2e-6 {
                worst.push((op, n, error));
            }
        }
    }
    assert!(worst.is_empty(), "{worst:?}");
}

#[test]
fn values_do_not_depend_on_their_place() {
    let x = normals(3, 100);
    for op in UNARY {
        let mut whole = vec![0.0; 100];
        unary(op, &x, &mut whole, 0.3, 0.9);
        for start in 0..9 {
            let mut part = vec![0.0; 41];
            unary(op, &x[start..start + 41], &mut part, 0.3, 0.9);
            assert!(part.iter().zip(&whole[start..]).all(|(a, b)| a.to_bits() == b.to_bits()), "{op:?} from {start}");
        }
    }
}

#[test]
fn kinks_and_nan() {
    let one = |op, x: f32| {
        let mut y = [0.0];
        unary(op, &[x], &mut y, -1.0, 1.0);
        y[0]
    };
    for op in [Unary::Relu, Unary::Clip, Unary::LeakyRelu, Unary::Sigmoid, Unary::Tanh, Unary::Exp] {
        assert!(one(op, f32::NAN).is_nan(), "{op:?} must not hide NaN");
    }
    let slope = |op, value: f32| {
        let mut dx = [9.0];
        unary_gradient(op, &[1.0], &[value], &mut dx, -1.0, 1.0);
        dx[0]
    };
    assert_eq!([slope(Unary::Relu, 0.0), slope(Unary::LeakyRelu, 0.0), slope(Unary::Abs, 0.0)], [0.0, 1.0, 0.0]);
    assert_eq!([slope(Unary::Clip, 1.0), slope(Unary::Clip, 1.001), slope(Unary::Clip, -1.0)], [1.0, 0.0, 1.0]);
}

fn apply(op: Binary, a: f64, b: f64) -> f64 {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
    }
}

#[test]
fn pairs_with_and_without_broadcasting() {
    // dims, strides of a, strides of b
    let cases: [(&[i32], &[i32], &[i32]); 9] = [
        (&[], &[], &[]),
        (&[17], &[1], &[0]),
        (&[17], &[0], &[1]),
        (&[3, 5], &[5, 1], &[5, 1]),
        (&[3, 5], &[0, 1], &[1, 0]),
        (&[2, 3, 5], &[15, 5, 1], &[0, 1, 0]),
        (&[2, 3, 5], &[15, 5, 1], &[5, 0, 1]),
        (&[5, 3], &[1, 5], &[3, 1]),
        (&[2, 0, 5], &[0, 5, 1], &[0, 5, 1]),
    ];
    for op in BINARY {
        for (dims, sa, sb) in cases {
            let n = dims.iter().product::<i32>() as usize;
            let (a, b) = (normals(4, 40), positives(5, 40));
            let mut y = vec![0.0; n];
            binary_broadcast(op, &a, &b, &mut y, dims, sa, sb);
            let want: Vec<f64> = (0..n)
                .map(|i| {
                    let (mut rest, mut p, mut q) = (i, 0, 0);
                    for axis in (0..dims.len()).rev() {
                        let index = rest % dims[axis] as usize;
                        rest /= dims[axis] as usize;
                        p += index * sa[axis] as usize;
                        q += index * sb[axis] as usize;
                    }
                    apply(op, a[p].into(), b[q].into())
                })
                .collect();
            assert!(distance(&y, &want) < 1e-6, "{op:?} {dims:?}");
        }
        for n in LENGTHS {
            let (a, b, mut y) = (normals(6, n), positives(7, n), vec![0.0; n]);
            binary(op, &a, &b, &mut y);
            let want: Vec<f64> = a.iter().zip(&b).map(|(&a, &b)| apply(op, a.into(), b.into())).collect();
            assert!(distance(&y, &want) < 1e-6);
        }
    }
}

#[test]
fn scaled_sums_and_dropout() {
    for n in LENGTHS {
        let (x, start) = (normals(8, n), normals(9, n));
        for alpha in [1.0, -0.3] {
            let mut y = start.clone();
            axpy(alpha, &x, &mut y);
            let want: Vec<f64> =
                x.iter().zip(&start).map(|(&x, &y)| f64::from(alpha) * f64::from(x) + f64::from(y)).collect();
            assert!(distance(&y, &want) < 1e-6);
        }
        let uniforms = positives(10, n).iter().map(|u| u - 0.5).collect::<Vec<_>>();
        let mut y = uniforms.clone();
        drop_out(&x, &mut y, 0.4);
        for ((y, x), u) in y.iter().zip(&x).zip(&uniforms) {
            let want = if *u < 0.4 { 0.0 } else { x / 0.6 };
            assert!((y - want).abs() <= 1e-6 * want.abs());
        }
    }
}
