//! Elementwise functions and broadcasting pairs against plain f64.

mod exact;
mod inputs;

use crossbar_kernels::arrays::elementwise::*;
use crossbar_kernels::arrays::{binary_broadcast, select_broadcast};
use exact::{exact, reads_output};
use inputs::*;

#[test]
fn every_function_and_slope() {
    let mut worst = Vec::new();
    for op in UNARY {
        for n in LENGTHS {
            let x: Vec<f32> = match op {
                Unary::Log | Unary::Sqrt | Unary::Reciprocal => positives(1, n),
                Unary::Asin | Unary::Acos | Unary::Atanh | Unary::Tan => {
                    positives(1, n).iter().map(|v| 1.8 * (v - 1.0)).collect()
                }
                Unary::Acosh => positives(1, n).iter().map(|v| v + 0.6).collect(),
                _ => normals(1, n),
            };
            let (dy, p0, p1) = (normals(2, n), -0.5f32, 0.75f32);
            let (mut y, mut dx) = (vec![0.0; n], vec![0.0; n]);
            unary(op, &x, &mut y, p0, p1);
            unary_gradient(op, &dy, if reads_output(op) { &y } else { &x }, &mut dx, p0, p1);
            let want: Vec<_> = x.iter().map(|&x| exact(op, x.into(), p0.into(), p1.into())).collect();
            let values: Vec<f64> = want.iter().map(|w| w.0).collect();
            let slopes: Vec<f64> = want.iter().zip(&dy).map(|(w, &dy)| w.1 * f64::from(dy)).collect();
            let error = distance(&y, &values).max(distance(&dx, &slopes));
            if error.is_nan() || error > 2e-6 {
                worst.push((op, n, error));
            }
        }
    }
    assert!(worst.is_empty(), "{worst:?}");
}

/// The largest error in units of the last place, over every 4999th finite `f32` of both signs with a finite value.
fn ulps(op: Unary, p0: f32, p1: f32) -> f64 {
    let mut worst = 0.0f64;
    for bits in (0..0x7f80_0000u32).step_by(4999) {
        for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
            let mut y = [0.0];
            unary(op, &[x], &mut y, p0, p1);
            let want = exact(op, x.into(), p0.into(), p1.into()).0;
            let rounded = want as f32;
            if rounded.is_nan() || rounded.is_infinite() {
                assert!(
                    y[0].is_nan() == rounded.is_nan() && (rounded.is_nan() || y[0] == rounded),
                    "{op:?} {x}: {}",
                    y[0]
                );
                continue;
            }
            let above = f64::from(f32::from_bits(rounded.abs().to_bits() + 1));
            let ulp = above - f64::from(rounded.abs());
            worst = worst.max((f64::from(y[0]) - want).abs() / ulp);
            assert!(!y[0].is_nan(), "{op:?} {x}");
        }
    }
    worst
}

#[test]
fn functions_in_doubles_round_once() {
    use Unary::*;
    let mut errors = Vec::new();
    for op in [
        Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Asinh, Acosh, Atanh, Erf, Softplus, Elu, Selu, Celu, Mish, Gelu,
        GeluTanh, Swish,
    ] {
        errors.push((op, ulps(op, 1.25, 1.05)));
    }
    println!("{errors:?}");
    assert!(errors.iter().all(|(_, error)| *error < 0.502), "{errors:?}");
    // Those of a few operations on f32.
    for (op, most) in [(Reciprocal, 0.501), (Softsign, 1.5), (HardSigmoid, 1.5), (HardSwish, 2.5), (Shrink, 0.501)] {
        let error = ulps(op, 0.25, 0.5);
        println!("{op:?} {error}");
        assert!(error < most, "{op:?} {error}");
    }
}

#[test]
fn far_out_and_nan() {
    use Unary::*;
    let one = |op, x: f32| {
        let mut y = [0.0];
        unary(op, &[x], &mut y, 1.0, 1.0);
        y[0]
    };
    let slope = |op, x: f32| {
        let mut dx = [9.0];
        unary_gradient(op, &[1.0], &[x], &mut dx, 1.0, 1.0);
        dx[0]
    };
    let inf = f32::INFINITY;
    // Values at −∞ and ∞, slopes there.
    let limits = [
        (Softplus, [0.0, inf], [0.0, 1.0]),
        (Softsign, [-1.0, 1.0], [0.0, 0.0]),
        (Elu, [-1.0, inf], [0.0, 1.0]),
        (Celu, [-1.0, inf], [0.0, 1.0]),
        (HardSigmoid, [0.0, 1.0], [0.0, 0.0]),
        (HardSwish, [0.0, inf], [0.0, 1.0]),
        (Mish, [0.0, inf], [0.0, 1.0]),
        (Gelu, [0.0, inf], [0.0, 1.0]),
        (GeluTanh, [0.0, inf], [0.0, 1.0]),
        (Swish, [0.0, inf], [0.0, 1.0]),
        (Erf, [-1.0, 1.0], [0.0, 0.0]),
        (Atan, [-std::f32::consts::FRAC_PI_2, std::f32::consts::FRAC_PI_2], [0.0, 0.0]),
        (ThresholdedRelu, [0.0, inf], [0.0, 1.0]),
    ];
    for (op, values, slopes) in limits {
        assert_eq!([one(op, -inf), one(op, inf)], values, "{op:?}");
        assert_eq!([slope(op, -inf), slope(op, inf)], slopes, "{op:?}");
    }
    for op in UNARY {
        assert!(one(op, f32::NAN).is_nan(), "{op:?} must not hide NaN");
    }
    for op in [Sin, Tan, Asin, Atan, Sinh, Asinh, Atanh, Erf, Elu, Selu, Celu, Floor, Ceil, Round] {
        assert_eq!(one(op, -0.0).to_bits(), (-0.0f32).to_bits(), "{op:?}");
    }
    assert_eq!(
        [one(Round, 0.5), one(Round, 1.5), one(Round, -2.5), one(Floor, -0.5), one(Ceil, 0.5)],
        [0.0, 2.0, -2.0, -1.0, 1.0]
    );
    assert_eq!([one(Sign, -3.0), one(Sign, 0.0), one(Sign, 1e-40)], [-1.0, 0.0, 1.0]);
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
        Binary::Pow => a.powf(b),
        Binary::PowBaseSlope => b * a.powf(b - 1.0),
        Binary::PowExponentSlope => a.powf(b) * a.ln(),
        Binary::Maximum => a.max(b),
        Binary::Minimum => a.min(b),
        Binary::NotBelow => f64::from(a >= b),
        Binary::Below => f64::from(a < b),
        Binary::Fmod => a % b,
        Binary::Mod => a - (a / b).floor() * b,
        Binary::Prelu => {
            if a < 0.0 {
                a * b
            } else {
                a
            }
        }
        Binary::PreluSlope => {
            if a < 0.0 {
                b
            } else {
                1.0
            }
        }
    }
}

/// Left operands: those of powers are positive.
fn left(op: Binary, key: u64, n: usize) -> Vec<f32> {
    match op {
        Binary::Pow | Binary::PowBaseSlope | Binary::PowExponentSlope => positives(key, n),
        _ => normals(key, n),
    }
}

#[test]
fn pairs_at_their_edges() {
    let one = |op, a: f32, b: f32| {
        let mut y = [9.0];
        binary(op, &[a], &[b], &mut y);
        y[0]
    };
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    for op in [Binary::Maximum, Binary::Minimum] {
        assert!(one(op, nan, 1.0).is_nan() && one(op, 1.0, nan).is_nan());
        assert_eq!([one(op, inf, inf), one(op, -inf, -inf)], [inf, -inf]);
    }
    assert_eq!(
        [one(Binary::NotBelow, nan, 1.0), one(Binary::Below, 1.0, nan), one(Binary::NotBelow, 1.0, 1.0)],
        [0.0, 0.0, 1.0]
    );
    let signs = [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0)];
    assert_eq!(signs.map(|(a, b)| one(Binary::Fmod, a, b)), [1.5, -1.5, 1.5, -1.5]);
    assert_eq!(signs.map(|(a, b)| one(Binary::Mod, a, b)), [1.5, 0.5, -0.5, -1.5]);
    assert_eq!([one(Binary::Fmod, 1e30, 3.0), one(Binary::Mod, 6.0, -3.0)], [(1e30f32 % 3.0), 0.0]);
    assert!(one(Binary::Fmod, 1.0, 0.0).is_nan() && one(Binary::Mod, inf, 2.0).is_nan());
    assert_eq!([one(Binary::Fmod, 5.0, inf), one(Binary::Mod, -5.0, inf)], [5.0, inf]);
    // Squares and cubes are exact wherever the neighbours' exponents are others.
    let mut y = [0.0; 4];
    binary(Binary::Pow, &[3.0, -3.0, 0.3, 2.0], &[2.0, 3.0, 2.0, 0.5], &mut y);
    assert_eq!(y, [9.0, -27.0, 0.3 * 0.3, std::f32::consts::SQRT_2]);
    let slopes = [(0.0, 0.0), (0.0, 2.0), (5.0, 0.0)];
    assert_eq!(slopes.map(|(a, b)| one(Binary::PowBaseSlope, a, b)), [0.0; 3]);
    assert_eq!(slopes.map(|(a, b)| one(Binary::PowExponentSlope, a, b)), [0.0, 0.0, 5.0f32.ln()]);
    assert_eq!([one(Binary::Prelu, -2.0, 0.5), one(Binary::PreluSlope, 0.0, 0.5)], [-1.0, 1.0]);
}

#[test]
fn selection_with_broadcasting() {
    let (a, b) = (normals(1, 15), normals(2, 5));
    let condition: Vec<u8> = (0..15).map(|i| u8::from(i % 3 == 0)).collect();
    let mut y = vec![0.0; 15];
    select_broadcast(&condition, &a, &b, &mut y, &[3, 5], [&[5, 1], &[5, 1], &[0, 1]]);
    assert!((0..15).all(|i| y[i] == if condition[i] != 0 { a[i] } else { b[i % 5] }));
    select_broadcast(&condition[..3], &a, &b, &mut y, &[3, 5], [&[1, 0], &[1, 3], &[0, 0]]);
    assert!((0..15).all(|i| y[i] == if i < 5 { a[3 * (i % 5)] } else { b[0] }));
    select_broadcast(&[], &[], &[], &mut [], &[0, 5], [&[5, 1]; 3]);
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
            let (a, b) = (left(op, 4, 40), positives(5, 40));
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
            let (a, b, mut y) = (left(op, 6, n), positives(7, n), vec![0.0; n]);
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
