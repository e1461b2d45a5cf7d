//! Cells against loops over single values, in doubles.

use super::*;
use crate::lanes::math::{exp4, ln4, scalar};
use crate::random::{fill_normal, fill_uniform};

/// Sizes around lanes, pairs of lanes and noise blocks.
const SIZES: [usize; 9] = [0, 1, 3, 4, 5, 8, 255, 256, 777];
const KEY: u64 = 0x1234_5678_9abc_def0;

fn conductances(n: usize, name: u64) -> Vec<f32> {
    let mut values = vec![0.0; n];
    fill_uniform(name, &mut values);
    values
}

fn deviates(n: usize, is_uniform: bool) -> Vec<f64> {
    let mut z = vec![0.0; n];
    if is_uniform {
        fill_uniform(KEY, &mut z);
        return z.iter().map(|&u| f64::from((12f64.sqrt() * (f64::from(u) - 0.5)) as f32)).collect();
    }
    fill_normal(KEY, &mut z);
    z.iter().map(|&z| f64::from(z)).collect()
}

fn sigma_of(numbers: &[f64], x: f64) -> f64 {
    match numbers {
        [0.0, least, most, c @ ..] => {
            let x = if x < *least { *least } else { x };
            let x = if x > *most { *most } else { x };
            c.iter().rev().fold(0.0, |sum, c| sum * x + c).max(0.0)
        }
        [1.0, off, outer, middle] => {
            let fraction = (x - off) / (1.0 - off);
            if fraction > 0.25 && fraction < 0.75 {
                *middle
            } else {
                *outer
            }
        }
        [_, scale, unit, points @ ..] => {
            let (xs, ys) = points.split_at(points.len() / 2);
            let x = x * scale;
            match xs.iter().position(|&one| one >= x) {
                None => unit * ys[ys.len() - 1],
                Some(0) => unit * ys[0],
                Some(k) => unit * (ys[k - 1] + (x - xs[k - 1]) / (xs[k] - xs[k - 1]) * (ys[k] - ys[k - 1])),
            }
        }
        _ => unreachable!(),
    }
}

/// One of each kind; polynomials that reach below 0 and have bounds, points that x exceeds on both sides.
const SIGMAS: [&[f64]; 5] = [
    &[0.0, f64::NEG_INFINITY, f64::INFINITY, 0.3],
    &[0.0, 0.1, 0.8, 0.05, 0.4, -0.9],
    &[1.0, 0.1, 0.02, 0.05],
    &[2.0, 40.0, 0.025, 4.0, 10.0, 30.0, 1.0, 2.5, 0.5],
    &[2.0, 1.0, 1.0, 0.5, 0.6, 0.1, 0.2],
];

#[test]
fn writes_are_targets_with_errors_of_their_sigma() {
    for numbers in SIGMAS {
        for (is_uniform, least) in [(false, 0.0), (true, f64::NEG_INFINITY)] {
            for n in SIZES {
                let (target, judged) = (conductances(n, 1), conductances(n, 2));
                let sigma = Sigma::of(numbers);
                let how = Writing { stream: (KEY, 0), is_uniform, sigma, verified: Sigma::of(SIGMAS[0]), least };
                let (mut values, mut errors) = (vec![9.0; n], vec![9.0; n]);
                write(how, &target, &judged, &mut values, &mut errors);
                let z = deviates(n, is_uniform);
                for i in 0..n {
                    let goal = f64::from(target[i]);
                    let value = (goal + sigma_of(numbers, f64::from(judged[i])) * z[i]).max(least);
                    assert_eq!(values[i], value as f32, "{numbers:?} {n} {i}");
                    let found = (goal + 0.3 * z[i]).max(least);
                    assert_eq!(errors[i], (found - goal).abs());
                }
                let mut again = vec![9.0; n];
                write(how, &target, &judged, &mut again, &mut []);
                assert_eq!(again, values);
            }
        }
    }
}

#[test]
fn parts_continue_the_stream() {
    let (target, n) = (conductances(600, 1), 600);
    let how = |first| Writing {
        stream: (KEY, first),
        is_uniform: false,
        sigma: Sigma::of(SIGMAS[1]),
        verified: Sigma::of(SIGMAS[1]),
        least: 0.0,
    };
    let (mut whole, mut parts) = (vec![0.0; n], vec![0.0; n]);
    write(how(0), &target, &target, &mut whole, &mut []);
    write(how(0), &target[..512], &target[..512], &mut parts[..512], &mut []);
    write(how(2), &target[512..], &target[512..], &mut parts[512..], &mut []);
    assert_eq!(parts, whole);
}

#[test]
#[should_panic(expected = "numbers of a kind")]
fn numbers_of_no_kind_are_refused() {
    Sigma::of(&[3.0, 0.0]);
}

fn bounded(Line { constant, slope, least, most }: Line, l: f64) -> f64 {
    most.min(least.max(constant + slope * l))
}

#[test]
fn cells_drift_by_a_power_of_time() {
    let nu = Line { constant: 0.0244, slope: -0.0155, least: 0.049, most: 0.1 };
    let sigma = Line { constant: -0.0059, slope: -0.0125, least: 0.008, most: f64::INFINITY };
    let how = Drift { factor: 1.25, nu, sigma, scale: -1.0, log_time: 8.3 };
    for n in SIZES {
        let mut target = conductances(n, 3);
        if let Some(first) = target.first_mut() {
            *first = 0.0;
        }
        let before = conductances(n, 4);
        let mut values = before.clone();
        drift((KEY, 0), how, &target, &mut values);
        let z = deviates(n, false);
        for i in 0..n {
            let l = f64::from(scalar(ln4, (f64::from(target[i]) * 1.25).max(1e-7) as f32));
            let drawn = (bounded(nu, l) + bounded(sigma, l) * z[i]).abs();
            let factor = scalar(exp4, (-drawn * 8.3) as f32);
            assert_eq!(values[i], (f64::from(before[i]) * f64::from(factor)).max(0.0) as f32);
        }
    }
}

#[test]
fn flicker_noise_follows_the_programmed_conductance() {
    let how = Flicker { factor: 1.6, exponent: 0.65, growth: 3.2, most: 0.2, share: 0.0088, least: 0.001 };
    for n in SIZES {
        let (programmed, before) = (conductances(n, 5), conductances(n, 6));
        let mut sigma = vec![9.0; n];
        flicker(how, &programmed, &before, &mut sigma);
        let mut values = before.clone();
        add_noise((KEY, 0), &sigma, &mut values);
        let z = deviates(n, false);
        for i in 0..n {
            let l = scalar(ln4, (f64::from(programmed[i]) * 1.6).max(1e-7) as f32);
            let power = f64::from(scalar(exp4, (0.65 * f64::from(l)) as f32));
            let own = (f64::from(before[i]) * 3.2 * (0.0088 / power.max(0.001)).min(0.2)) as f32;
            assert_eq!(sigma[i], own);
            assert_eq!(values[i], (f64::from(before[i]) + f64::from(own) * z[i]).max(0.0) as f32);
        }
    }
}

/// A pair, and an offset.
const ARRANGEMENTS: [(&[Arm], f64); 2] = [
    (&[Arm { slope: 1.0, shift: 0.0, gain: 1.0 }, Arm { slope: -1.0, shift: 0.0, gain: -1.0 }], 0.0),
    (&[Arm { slope: 0.5, shift: 0.5, gain: 2.0 }], -1.0),
];

/// Weights with magnitudes up to the scale of their part, one of which is 0.
fn weights(n: usize, scales: &[f64], parts: &[u32]) -> Vec<f32> {
    let all = conductances(n, 7);
    let part = |i: usize| parts.get(i).map_or(0, |&part| part as usize);
    (0..n).map(|i| ((2.0 * f64::from(all[i]) - 1.0) * scales[part(i)]) as f32).collect()
}

#[test]
fn weights_become_codes_and_their_digits() {
    for n in SIZES {
        let by_part: Vec<u32> = (0..n as u32).map(|i| i % 3).collect();
        for parts in [&[][..], &by_part] {
            let scales = [1.7, 0.3, 0.0];
            let own = weights(n, &scales, parts);
            for (arms, bias) in ARRANGEMENTS {
                let table: Vec<f32> = (0..4).map(|digit| 0.1 + 0.3 * digit as f32).collect();
                let cells = arms.len() * 4 * n;
                let (mut codes, mut target, mut held) = (vec![9; arms.len() * n], vec![9.0; cells], vec![9.0; n]);
                let how = Codes { bias, most: 255.0, digit_bits: 2, conductances: &table };
                map_codes(Scales { scales: &scales, parts }, arms, how, &own, (&mut codes, &mut target, &mut held));
                let mut fractions = vec![9.0; arms.len() * n];
                map_fractions(Scales { scales: &scales, parts }, arms, 0.1, &own, &mut fractions);
                for i in 0..n {
                    let scale = scales[parts.get(i).map_or(0, |&part| part as usize)];
                    let u = if scale == 0.0 { 0.0 } else { f64::from(own[i]) / scale };
                    let mut sum = bias * 255.0;
                    for (a, arm) in arms.iter().enumerate() {
                        let fraction = (arm.slope * u + arm.shift).max(0.0);
                        let code = (fraction * 255.0).round() as u32;
                        assert_eq!(codes[a * n + i], code);
                        for slice in 0..4 {
                            let digit = code >> (2 * slice) & 3;
                            assert_eq!(target[(a * 4 + slice) * n + i], table[digit as usize]);
                        }
                        sum += arm.gain * f64::from(code);
                        assert_eq!(fractions[a * n + i], (0.1 + 0.9 * fraction) as f32);
                    }
                    assert_eq!(held[i], (scale * sum / 255.0) as f32);
                }
            }
        }
    }
}

#[test]
fn deviations_add_up_and_weights_without_any_stay() {
    let factors = [1.0, 0.25, -1.0, -0.25];
    for n in SIZES {
        let parts: Vec<u32> = (0..n as u32).map(|i| i % 2).collect();
        let scales = [2.0, 0.7];
        let own: Vec<f32> =
            weights(n, &scales, &parts).iter().enumerate().map(|(i, &w)| if i % 5 == 0 { -0.0 } else { w }).collect();
        let target = conductances(4 * n, 8);
        let mut held = conductances(4 * n, 9);
        for i in (0..n).step_by(5) {
            for cell in 0..4 {
                held[cell * n + i] = target[cell * n + i];
            }
        }
        let mut combined = vec![9.0; n];
        recombine(Scales { scales: &scales, parts: &parts }, &factors, (&held, &target), &own, &mut combined);
        for i in 0..n {
            let deviation: f64 = (0..4)
                .map(|cell| factors[cell] * (f64::from(held[cell * n + i]) - f64::from(target[cell * n + i])))
                .fold(0.0, |sum, one| sum + one);
            let expected = f64::from(own[i]) + scales[parts[i] as usize] * deviation;
            let expected = if deviation == 0.0 { own[i] } else { expected as f32 };
            assert_eq!(combined[i].to_bits(), expected.to_bits());
        }
    }
}
