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
        Variation { draw: Draw::Batch, s_max: 1.0, sigma: Sigma::levels(0.1, 0.4), key: 11, first_sample: 0 };
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
        Variation { draw: Draw::Batch, s_max: 0.4, sigma: Sigma::levels(1.0, 2.0), key: 0, first_sample: 0 };
    for (w, sigma) in [(0.1, 1.0), (0.3, 1.0), (-0.3, 1.0), (0.2, 2.0), (-0.2, 2.0), (0.4, 1.0), (0.0, 1.0)] {
        assert_eq!(sigma_of(variation.sigma, 0.4, w), sigma, "{w}");
    }
}

#[test]
fn samples_rows_and_keys_have_their_own_draws_which_repeat() {
    let w = weight(3 * 300);
    let draw_after = |key, first_sample, sample| {
        let variation = Variation { draw: Draw::Sample, s_max: 3.0, sigma: Sigma::levels(0.1, 0.1), key, first_sample };
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
        Variation { draw: Draw::Batch, s_max: 3.0, sigma: Sigma::levels(0.0, 0.0), key: 1, first_sample: 0 };
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

/// σ of one weight.
fn sigma_of(sigma: Sigma, s_max: f32, w: f32) -> f32 {
    let mut out = [0.0; 7];
    sigma.write(s_max, &[w; 7], &mut out);
    assert!(out.iter().all(|got| got.to_bits() == out[0].to_bits()));
    out[0]
}

#[test]
fn tables_are_piecewise_linear_over_the_magnitude() {
    for values in [vec![0.5, 0.25], vec![0.1, 0.4, 0.2], (0..17).map(|i| (i * i % 11) as f32).collect()] {
        let (sigma, n, s_max) = (Sigma::Table(&values), values.len(), 1.7);
        for i in 0..=1000 {
            let at = i as f64 / 1000.0 * (n - 1) as f64;
            let left = (at.floor() as usize).min(n - 2);
            let share = at - left as f64;
            let want = f64::from(values[left]) * (1.0 - share) + f64::from(values[left + 1]) * share;
            for sign in [1.0, -1.0] {
                let got = f64::from(sigma_of(sigma, s_max, sign * s_max * i as f32 / 1000.0));
                assert!((got - want).abs() < 1e-4, "{got} {want} at {i} of {n}");
            }
        }
        for w in [0.0, -0.0, s_max, -s_max, 2.0 * s_max, f32::MAX, f32::INFINITY] {
            assert_eq!(sigma_of(sigma, s_max, w), values[if w == 0.0 { 0 } else { n - 1 }], "{w}");
        }
        assert!(sigma_of(sigma, s_max, f32::NAN).is_nan());
        for tiny in [0.0, f32::MIN_POSITIVE, 1e-45] {
            assert_eq!(sigma_of(sigma, tiny, 0.0), values[0]);
            assert_eq!(sigma_of(sigma, tiny, 1.0), values[n - 1]);
        }
    }
}

#[test]
fn a_table_scales_the_draws_of_a_uniform_sigma() {
    let w = weight(3 * 517);
    let varied = |sigma| {
        let variation = Variation { draw: Draw::Batch, s_max: 3.0, sigma, key: 9, first_sample: 0 };
        let mut out = vec![0.0; w.len()];
        varied_weight(&Weights { values: &w, cols: 517, variation, sample: 0 }, &mut out);
        out
    };
    assert_eq!(varied(Sigma::Table(&[0.25, 0.25, 0.25])), varied(Sigma::Uniform(0.25)));
    let table = [0.5, 0.0, 1.0, 0.25, 0.125];
    let (unit, got) = (varied(Sigma::Uniform(1.0)), varied(Sigma::Table(&table)));
    for i in 0..w.len() {
        let want = w[i] + (unit[i] - w[i]) * sigma_of(Sigma::Table(&table), 3.0, w[i]);
        assert!((got[i] - want).abs() < 1e-5, "{} {want}", got[i]);
    }
}

#[test]
fn squared_deviations_are_those_of_the_draws() {
    let w = weight(37);
    for sigma in [Sigma::Uniform(0.3), Sigma::levels(0.3, 0.7), Sigma::Table(&[0.1, 0.9, 0.4])] {
        let variation = Variation { draw: Draw::Sample, s_max: 3.0, sigma, key: 9, first_sample: 0 };
        let mut out = vec![0.0; w.len()];
        squared_sigma(&Weights { values: &w, cols: 37, variation, sample: 0 }, &mut out);
        for (&w, &out) in w.iter().zip(&out) {
            assert_eq!(out, sigma_of(sigma, 3.0, w).powi(2));
        }
    }
}

#[test]
fn zero_of_each_kind() {
    assert!(Sigma::levels(0.0, 0.0).is_zero() && Sigma::Table(&[0.0, 0.0]).is_zero());
    assert!(!Sigma::levels(0.0, 0.1).is_zero() && !Sigma::Table(&[0.0, 0.0, 0.1]).is_zero());
}
