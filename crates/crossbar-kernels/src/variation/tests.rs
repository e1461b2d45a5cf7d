//! Strength, coordinates and limits of the variation.

use super::*;
use crate::random::{derive_key, fill_normal};

fn weight(n: usize) -> Vec<f32> {
    let mut w = vec![0.0; n];
    fill_normal(derive_key(5, "weight", "", 0, 0), &mut w);
    w
}

#[test]
fn sigma_follows_the_level() {
    let n = 300_000;
    let mut w = vec![0.1; n];
    w[n / 2..].fill(0.5);
    w[0] = -1.0;
    let variation =
        Variation { draw: Draw::Batch, s_max: 1.0, sigma_outer: 0.1, sigma_mid: 0.4, key: 11, first_sample: 0 };
    let mut out = vec![0.0; n];
    varied_weight(&Weights { values: &w, cols: 1000, variation, sample: 0 }, &mut out);
    let std = |range: std::ops::Range<usize>| {
        let count = range.len() as f64;
        (range.map(|i| f64::from(out[i] - w[i]).powi(2)).sum::<f64>() / count).sqrt()
    };
    assert!((std(1..n / 2) - 0.1).abs() < 0.001);
    assert!((std(n / 2..n) - 0.4).abs() < 0.004);
}

#[test]
fn bounds_of_the_middle_are_strict() {
    let variation =
        Variation { draw: Draw::Batch, s_max: 0.4, sigma_outer: 1.0, sigma_mid: 2.0, key: 0, first_sample: 0 };
    for (w, sigma) in [(0.1, 1.0), (0.3, 1.0), (-0.3, 1.0), (0.2, 2.0), (-0.2, 2.0), (0.4, 1.0), (0.0, 1.0)] {
        assert_eq!(variation.sigma(F32x4::splat(w)).to_array()[0], sigma, "{w}");
    }
}

#[test]
fn samples_rows_and_keys_have_their_own_draws_which_repeat() {
    let w = weight(3 * 300);
    let draw_after = |key, first_sample, sample| {
        let variation =
            Variation { draw: Draw::Sample, s_max: 3.0, sigma_outer: 0.1, sigma_mid: 0.1, key, first_sample };
        let mut out = vec![0.0; w.len()];
        varied_weight(&Weights { values: &w, cols: 300, variation, sample }, &mut out);
        out
    };
    let draw = |key, sample| draw_after(key, 0, sample);
    assert_eq!(draw(1, 0), draw(1, 0));
    assert_eq!(draw_after(1, 3, 2), draw(1, 5));
    assert_ne!(draw(1, 0), draw(1, 1));
    assert_ne!(draw(1, 0), draw(2, 0));
    let d = draw(1, 0);
    assert_ne!(d[0] - w[0], d[300] - w[300]);
}

#[test]
fn zero_sigma_changes_no_bit() {
    let w = weight(517);
    let variation =
        Variation { draw: Draw::Batch, s_max: 3.0, sigma_outer: 0.0, sigma_mid: 0.0, key: 1, first_sample: 0 };
    let mut out = vec![0.0; w.len()];
    varied_weight(&Weights { values: &w, cols: 47, variation, sample: 0 }, &mut out);
    assert_eq!(out, w);
}

#[test]
fn maximum_magnitude() {
    assert_eq!(max_abs(&[]), 0.0);
    assert_eq!(max_abs(&[1.0, -3.0, 2.0, 0.5, 2.5]), 3.0);
    assert_eq!(max_abs(&[1.0, 1.0, 1.0, 1.0, -9.0]), 9.0);
    assert_eq!(max_abs(&[1.0, f32::NAN, 1.0, 1.0, 2.0]), f32::INFINITY);
}
