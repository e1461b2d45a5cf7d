//! Known answers and statistics of the streams.

use super::*;

/// Known answers of Random123's kat_vectors for philox4x32-10.
#[test]
fn philox_known_answers() {
    assert_eq!(philox([0, 0], [0; 4]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    assert_eq!(philox([u32::MAX; 2], [u32::MAX; 4]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    assert_eq!(
        philox([0xa409_3822, 0x299f_31d0], [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]),
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
    );
}

/// xoshiro128++ written out for one lane, as its authors give it.
#[test]
fn lanes_are_xoshiro() {
    let mut block = NoiseBlock::new(7, 1, 2, 3);
    let mut lanes: Vec<[u32; 4]> = (0..4).map(|l| philox([7, 0], [1, 2, l, 3])).collect();
    for _ in 0..100 {
        let words = block.bits().to_array();
        for (s, word) in lanes.iter_mut().zip(words) {
            assert_eq!(word, s[0].wrapping_add(s[3]).rotate_left(7).wrapping_add(s[0]));
            let t = s[1] << 9;
            s[2] ^= s[0];
            s[3] ^= s[1];
            s[1] ^= s[2];
            s[0] ^= s[3];
            s[2] ^= t;
            s[3] = s[3].rotate_left(11);
        }
    }
}

#[test]
fn keys_differ_in_every_part() {
    let base = derive_key(1, "chip", "conv1", 0, 0);
    for other in [
        derive_key(2, "chip", "conv1", 0, 0),
        derive_key(1, "train", "conv1", 0, 0),
        derive_key(1, "chip", "conv2", 0, 0),
        derive_key(1, "chip", "conv1", 1, 0),
        derive_key(1, "chip", "conv1", 0, 1),
        derive_key(1 << 32, "chip", "conv1", 0, 0),
    ] {
        assert_ne!(base, other);
    }
}

/// Moments and Kolmogorov–Smirnov distance of a million normals; α = 1e-4 at this fixed seed.
#[test]
fn normals_are_normal() {
    let n = 1 << 20;
    let mut values = vec![0.0; n];
    fill_normal(derive_key(3, "test", "", 0, 0), &mut values);
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n as f64;
    let moment = |p: i32| values.iter().map(|&v| (f64::from(v) - mean).powi(p)).sum::<f64>() / n as f64;
    let root = (n as f64).sqrt();
    assert!(mean.abs() < 3.9 / root);
    assert!((moment(2) - 1.0).abs() < 3.9 * 2f64.sqrt() / root);
    assert!(moment(3).abs() < 3.9 * 6f64.sqrt() / root);
    assert!((moment(4) - 3.0).abs() < 3.9 * 96f64.sqrt() / root);
    values.sort_by(f32::total_cmp);
    let distance = values
        .iter()
        .enumerate()
        .map(|(i, &v)| (cumulative(f64::from(v)) - (i as f64 + 0.5) / n as f64).abs())
        .fold(0.0, f64::max);
    assert!(distance * root < 2.23, "KS statistic {}", distance * root);
}

/// Φ(x) by Simpson's rule from 0: accurate to 1e-9 on ±6.
fn cumulative(x: f64) -> f64 {
    let steps = 64;
    let h = x / f64::from(steps);
    let density = |t: f64| (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let sum: f64 = (0..=steps)
        .map(|i| {
            density(f64::from(i) * h)
                * if i == 0 || i == steps {
                    1.0
                } else if i % 2 == 1 {
                    4.0
                } else {
                    2.0
                }
        })
        .sum();
    0.5 + sum * h / 3.0
}

#[test]
fn neighbours_and_lanes_are_uncorrelated() {
    let n = 1 << 18;
    let mut values = vec![0.0; n];
    fill_normal(derive_key(4, "test", "", 0, 0), &mut values);
    for lag in [1usize, 4, 8, 256] {
        let sum: f64 = values.iter().zip(&values[lag..]).map(|(&a, &b)| f64::from(a * b)).sum();
        assert!((sum / n as f64).abs() < 3.9 / (n as f64).sqrt(), "lag {lag}");
    }
}

#[test]
fn a_prefix_is_a_prefix() {
    let mut long = vec![0.0; 700];
    let mut short = vec![0.0; 301];
    fill_normal(9, &mut long);
    fill_normal(9, &mut short);
    assert_eq!(long[..301], short[..]);
}
