//! Inputs, references and distances for tests.

use crate::gemm::Shape;
use crate::random::fill_normal;

/// Standard normals of stream `key`.
pub fn normals(key: u64, n: usize) -> Vec<f32> {
    let mut values = vec![0.0; n];
    fill_normal(key, &mut values);
    values
}

/// Largest |a−b| relative to max |b|.
pub fn distance(a: &[f32], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let scale = b.iter().fold(1e-30, |m: f64, v| m.max(v.abs()));
    a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - b).abs() / scale).fold(0.0, f64::max)
}

/// Values, and whether they are stored transposed.
pub struct Operand<'a>(pub &'a [f32], pub bool);

/// The triple loop, in f64.
pub fn naive(Shape { m, n, k }: Shape, Operand(a, ta): Operand, Operand(b, tb): Operand) -> Vec<f64> {
    let mut c = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            for x in 0..k {
                let a = a[if ta { x * m + i } else { i * k + x }];
                let b = b[if tb { j * k + x } else { x * n + j }];
                c[i * n + j] += f64::from(a) * f64::from(b);
            }
        }
    }
    c
}
