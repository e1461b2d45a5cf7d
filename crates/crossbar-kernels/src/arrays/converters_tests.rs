//! Converters against loops over single values.

use super::*;
use crate::random::fill_normal;

/// Code, step and whether it clips, of one value.
fn naive(bits: u32, is_signed: bool, range: f32, x: f32) -> (f64, f64, bool) {
    let highest = if is_signed { 2f64.powi(bits as i32 - 1) - 1.0 } else { 2f64.powi(bits as i32) - 1.0 };
    let lowest = if is_signed { -highest } else { 0.0 };
    let step = range / highest as f32;
    let code = if x.is_nan() {
        f64::NAN
    } else if step == 0.0 {
        if x == 0.0 {
            0.0
        } else {
            (f64::from(x) * f64::INFINITY).clamp(lowest, highest)
        }
    } else {
        f64::from((x / step).round_ties_even()).clamp(lowest, highest)
    };
    (code, f64::from(step), x > range || x < if is_signed { -range } else { 0.0 })
}

/// Shapes [outer, columns, inner], odd ones and empty ones among them.
const SHAPES: [[usize; 3]; 12] = [
    [0, 1, 1],
    [1, 1, 1],
    [1, 1, 3],
    [5, 1, 17],
    [1, 3, 1],
    [4, 5, 1],
    [3, 17, 1],
    [0, 5, 1],
    [2, 3, 5],
    [3, 2, 17],
    [2, 5, 3],
    [2, 4, 0],
];
const CONVERTERS: [(u32, bool); 6] = [(1, false), (2, true), (4, false), (8, true), (8, false), (24, true)];

fn normals(key: u64, n: usize) -> Vec<f32> {
    let mut values = vec![0.0; n];
    fill_normal(key, &mut values);
    values
}

/// Calls `check` for every shape and converter, with values of which some clip.
fn walk(check: impl Fn(u32, bool, Columns, &[f32])) {
    for [outer, columns, inner] in SHAPES {
        for (bits, is_signed) in CONVERTERS {
            let mut x = normals(3, outer * columns * inner);
            for (i, x) in x.iter_mut().enumerate() {
                match i % 11 {
                    5 => *x = f32::NAN,
                    7 => *x = f32::INFINITY,
                    8 => *x = f32::NEG_INFINITY,
                    9 => *x = -0.0,
                    _ => {}
                }
            }
            let mut range: Vec<f32> = normals(4, columns).iter().map(|v| v.abs()).collect();
            range[columns / 2] = 1.5;
            if columns > 2 {
                range[0] = 0.0;
            }
            let scale = normals(5, columns);
            check(bits, is_signed, Columns { range: &range, scale: &scale, inner }, &x);
        }
    }
}

fn assert_close(got: f32, want: f64, what: &str) {
    let error = (f64::from(got) - want).abs();
    assert!(got.is_nan() && want.is_nan() || error <= 1e-6 * want.abs(), "{what}: {got} {want}");
}

#[test]
fn conversions_agree_with_the_loop() {
    walk(|bits, is_signed, columns, x| {
        let codes = Codes::new(bits, is_signed);
        let before = normals(6, x.len());
        for accumulate in [false, true] {
            let mut y = before.clone();
            let clipped = convert(codes, columns, x, &mut y, accumulate);
            let mut want_clipped = 0;
            for (i, &x) in x.iter().enumerate() {
                let column = i / columns.inner % columns.range.len();
                let (code, step, clips) = naive(bits, is_signed, columns.range[column], x);
                want_clipped += u32::from(clips);
                let value = f64::from(columns.scale[column] * step as f32) * code;
                let base = f64::from(before[i]);
                let got = if accumulate { f64::from(y[i]) - base } else { f64::from(y[i]) };
                let rounding = 1e-6 * (value.abs() + base.abs());
                assert!(got.is_nan() && value.is_nan() || (got - value).abs() <= rounding, "{got} {value} of {x}");
            }
            assert_eq!(clipped, want_clipped);
        }
    });
}

#[test]
fn digits_add_up_to_the_codes() {
    walk(|bits, is_signed, columns, x| {
        let codes = Codes::new(bits, is_signed);
        let columns = Columns { scale: &vec![0.5; columns.range.len()], ..columns };
        for width in [1, 2, 3] {
            let mut sums = vec![0.0; x.len()];
            for shift in (0..bits).step_by(width as usize) {
                let mut y = vec![9.0; x.len()];
                let clipped = digits(codes, columns, shift, width, x, &mut y);
                assert_eq!(clipped, convert(codes, columns, x, &mut y.clone(), false));
                for (sum, &y) in sums.iter_mut().zip(&y) {
                    let y = 2.0 * y;
                    assert!(y.is_nan() || y.abs() < (1 << width) as f32 && y.fract() == 0.0);
                    *sum += f64::from(y) * f64::from(1 << shift);
                }
            }
            for (i, (&x, &sum)) in x.iter().zip(&sums).enumerate() {
                let range = columns.range[i / columns.inner % columns.range.len()];
                let (code, ..) = naive(bits, is_signed, range, x);
                assert!(sum == code || sum.is_nan() && code.is_nan(), "{sum} {code} of {x}");
            }
        }
    });
}

#[test]
fn ends_of_the_range_and_ties() {
    let columns = Columns { range: &[1.0], scale: &[1.0], inner: 1 };
    // Three bits, signed: steps of 1/3.
    let x = [1.0, -1.0, 1.0 + 1e-6, -1.1, 0.5, 1.0 / 6.0, 0.17, -0.5];
    let mut y = [0.0; 8];
    assert_eq!(convert(Codes::new(3, true), columns, &x, &mut y, false), 2);
    for (y, want) in y.iter().zip([1.0, -1.0, 1.0, -1.0, 2.0 / 3.0, 0.0, 1.0 / 3.0, -2.0 / 3.0]) {
        assert_close(*y, want, "signed");
    }
    // One bit, unsigned.
    let mut y = [9.0; 4];
    assert_eq!(convert(Codes::new(1, false), columns, &[0.4, 0.6, -0.1, 2.0], &mut y, false), 2);
    assert_eq!(y, [0.0, 1.0, 0.0, 1.0]);
}

#[test]
#[should_panic(expected = "bits that f32 counts exactly")]
fn a_signed_converter_has_more_than_a_sign() {
    Codes::new(1, true);
}
