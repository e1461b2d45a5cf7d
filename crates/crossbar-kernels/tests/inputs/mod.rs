//! Numbers to test with, and the distance between results.
#![allow(dead_code)]

/// Standard normals of stream `key`.
pub fn normals(key: u64, n: usize) -> Vec<f32> {
    let mut values = vec![0.0; n];
    crossbar_kernels::random::fill_normal(key, &mut values);
    values
}

/// Uniform numbers in [0.5, 1.5).
pub fn positives(key: u64, n: usize) -> Vec<f32> {
    let mut values = vec![0.0; n];
    crossbar_kernels::random::fill_uniform(key, &mut values);
    values.iter().map(|v| v + 0.5).collect()
}

/// max |a − b| / max(|b|, 1).
pub fn distance(a: &[f32], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let scale = b.iter().fold(1.0f64, |m, v| m.max(v.abs()));
    a.iter().zip(b).map(|(&a, b)| (f64::from(a) - b).abs()).fold(0.0, f64::max) / scale
}

/// Lengths around the vector widths, and none.
pub const LENGTHS: [usize; 8] = [0, 1, 3, 4, 5, 16, 17, 1031];
