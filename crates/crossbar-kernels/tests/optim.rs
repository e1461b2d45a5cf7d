//! Parameter updates against plain f64.

mod inputs;

use crossbar_kernels::nn::optim::*;
use inputs::*;

#[test]
fn adam_steps() {
    for n in LENGTHS {
        for weight_decay in [0.0, 0.01] {
            let (rate, beta1, beta2, epsilon) = (1e-3, 0.9, 0.999, 1e-8);
            let (mut w, mut m, mut v) = (normals(1, n), vec![0.0; n], vec![0.0; n]);
            let (mut w64, mut m64, mut v64) =
                (w.iter().map(|&w| f64::from(w)).collect::<Vec<_>>(), vec![0.0f64; n], vec![0.0f64; n]);
            for t in 1..=20 {
                let g = normals(100 + t as u64, n);
                let (bias1, bias2) = (1.0 - f64::powi(beta1, t), 1.0 - f64::powi(beta2, t));
                adam(&mut w, &g, &mut m, &mut v, Adam { rate, beta1, beta2, epsilon, bias1, bias2, weight_decay });
                for i in 0..n {
                    let g = f64::from(g[i]) + weight_decay * w64[i];
                    m64[i] = beta1 * m64[i] + (1.0 - beta1) * g;
                    v64[i] = beta2 * v64[i] + (1.0 - beta2) * g * g;
                    w64[i] -= rate * (m64[i] / bias1) / ((v64[i] / bias2).sqrt() + epsilon);
                }
            }
            assert!(distance(&w, &w64) < 2e-6, "{n} {weight_decay}");
            assert!(distance(&m, &m64) < 1e-6 && distance(&v, &v64) < 1e-6, "{n}");
        }
    }
}

#[test]
fn gradient_descent_steps() {
    for n in LENGTHS {
        for (momentum, weight_decay) in [(0.0, 0.0), (0.9, 0.0), (0.9, 5e-4)] {
            let (mut w, mut buffer) = (normals(2, n), vec![0.0; n]);
            let (mut w64, mut b64) = (w.iter().map(|&w| f64::from(w)).collect::<Vec<_>>(), vec![0.0f64; n]);
            for t in 0..10 {
                let g = normals(200 + t, n);
                let buffer = (momentum > 0.0).then_some(&mut buffer[..]);
                sgd(&mut w, &g, buffer, 0.05, momentum, weight_decay);
                for i in 0..n {
                    b64[i] = momentum * b64[i] + f64::from(g[i]) + weight_decay * w64[i];
                    w64[i] -= 0.05 * b64[i];
                }
            }
            assert!(distance(&w, &w64) < 1e-6, "{n} {momentum}");
        }
    }
}

/// A weight whose gradient has ended: with an unrounded mean that would stay at the smallest numbers, each of its steps would be slow.
#[test]
fn means_of_gradients_that_have_ended_reach_zero() {
    for n in LENGTHS {
        let g = normals(4, n);
        let zero = vec![0.0; n];
        let (mut w, mut m, mut v, mut buffer) = (normals(5, n), vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        for t in 0..2000 {
            let g = if t == 0 { &g } else { &zero };
            let settings =
                Adam { rate: 1e-3, beta1: 0.9, beta2: 0.5, epsilon: 1e-8, bias1: 0.9, bias2: 0.5, weight_decay: 0.0 };
            adam(&mut w, g, &mut m, &mut v, settings);
            sgd(&mut w, g, Some(&mut buffer), 1e-3, 0.9, 0.0);
        }
        assert!([&m, &v, &buffer].iter().all(|means| means.iter().all(|&mean| mean == 0.0)), "{n}");
    }
    let (mut w, mut m, mut v) = ([1.0], [f32::NAN], [f32::MIN_POSITIVE]);
    let settings =
        Adam { rate: 1e-3, beta1: 0.9, beta2: 1.0, epsilon: 1e-8, bias1: 0.9, bias2: 0.5, weight_decay: 0.0 };
    adam(&mut w, &[0.0], &mut m, &mut v, settings);
    assert!(m[0].is_nan() && w[0].is_nan() && v[0] == f32::MIN_POSITIVE);
}
