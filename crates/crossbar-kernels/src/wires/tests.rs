//! Solutions against Kirchhoff's laws for all nodes, and the approximation against the solutions.

use super::*;
use crate::random::fill_uniform;

fn uniforms(key: u64, n: usize) -> Vec<f64> {
    let mut values = vec![0.0; n];
    fill_uniform(key, &mut values);
    values.iter().map(|&v| f64::from(v)).collect()
}

/// Conductances from `low` to `high`, of which `share` are `low`.
fn conductances(size: Size, low: f64, high: f64, share: f64) -> Vec<f64> {
    let n = size.rows * size.cols;
    let (values, kinds) = (uniforms(1, n), uniforms(2, n));
    values.iter().zip(kinds).map(|(v, kind)| if kind < share { low } else { low + v * (high - low) }).collect()
}

/// effective [rows, cols] by elimination.
fn exact(size: Size, g: &[f64]) -> Vec<f64> {
    let mut state = vec![f64::NAN; size.state()];
    for (row, g) in g.chunks_exact(size.cols).enumerate() {
        eliminate_row(size, row, g, &mut state);
    }
    let mut effective = vec![0.0; g.len()];
    solution(size, &state, &mut effective);
    effective
}

/// Currents into the ground, by Gauss elimination of the equations of all nodes.
fn naive(size: Size, g: &[f64], v: &[f64]) -> Vec<f64> {
    let Size { rows, cols } = size;
    let n = 2 * rows * cols;
    let mut equations = vec![vec![0.0; n + 1]; n];
    let mut join = |a: usize, b: Option<usize>, conductance: f64| {
        equations[a][a] += conductance;
        if let Some(b) = b {
            equations[b][b] += conductance;
            equations[a][b] -= conductance;
            equations[b][a] -= conductance;
        }
    };
    for row in 0..rows {
        for col in 0..cols {
            let word = row * cols + col;
            let bit = rows * cols + word;
            join(word, Some(bit), g[word]);
            join(word, if col > 0 { Some(word - 1) } else { None }, 1.0);
            join(bit, if row + 1 < rows { Some(bit + cols) } else { None }, 1.0);
        }
    }
    for (row, v) in v.iter().enumerate() {
        equations[row * cols][n] += v;
    }
    for pivot in 0..n {
        let row = equations[pivot].clone();
        for other in 0..n {
            let factor = equations[other][pivot] / row[pivot];
            if other != pivot && factor != 0.0 {
                for (value, row) in equations[other].iter_mut().zip(&row) {
                    *value -= factor * row;
                }
            }
        }
    }
    let voltage = |node: usize| equations[node][n] / equations[node][node];
    (0..cols).map(|col| voltage(rows * cols + (rows - 1) * cols + col)).collect()
}

fn currents(size: Size, effective: &[f64], v: &[f64]) -> Vec<f64> {
    let sum = |col: usize| v.iter().enumerate().map(|(row, v)| v * effective[row * size.cols + col]).sum();
    (0..size.cols).map(sum).collect()
}

#[test]
fn elimination_solves_the_network() {
    for (rows, cols) in [(1, 1), (1, 5), (5, 1), (3, 2), (2, 3), (5, 5), (4, 8), (8, 4), (9, 7), (12, 13)] {
        for (low, high) in [(0.0, 0.0), (0.0, 1e-6), (1e-5, 1e-3), (0.01, 2.0), (1.0, 1e4)] {
            let size = Size { rows, cols };
            let (g, v) = (conductances(size, low, high, 0.3), uniforms(3, rows));
            let (got, want) = (currents(size, &exact(size, &g), &v), naive(size, &g, &v));
            for (got, want) in got.iter().zip(&want) {
                assert!((got - want).abs() <= 1e-9 * want.abs(), "{got} {want} at {rows}×{cols} of {low} to {high}");
            }
        }
    }
}

#[test]
fn voltages_keep_their_bounds_where_cells_are_shorts() {
    let size = Size { rows: 40, cols: 33 };
    let effective = exact(size, &conductances(size, 1e6, 1e9, 0.0));
    for col in 0..size.cols {
        let total: f64 = (0..size.rows).map(|row| effective[row * size.cols + col]).sum();
        assert!((0.0..=1.0).contains(&total), "{total}");
    }
}

/// Root mean square of approximation − exact, relative to that of exact − g; and that of the deviation, relative to g.
fn approximation_error(size: Size, g: &[f64]) -> (f64, f64) {
    let (want, mut got) = (exact(size, g), vec![0.0; g.len()]);
    approximate(size, g, &mut got);
    let square = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let deviation = square(&want, g);
    ((square(&got, &want) / deviation).sqrt(), (deviation / g.iter().map(|g| g * g).sum::<f64>()).sqrt())
}

#[test]
fn the_approximation_is_exact_for_a_single_bit_line() {
    let size = Size { rows: 9, cols: 1 };
    let g = conductances(size, 0.01, 2.0, 0.3);
    let (want, mut got) = (exact(size, &g), vec![0.0; 9]);
    approximate(size, &g, &mut got);
    for (got, want) in got.iter().zip(&want) {
        assert!((got - want).abs() < 1e-12 * want, "{got} {want}");
    }
}

#[test]
fn the_approximation_neglects_little() {
    // Cells of 4 to 40 µS, and a tenth of them above 0.4 µS, on wires of 1 Ω.
    for (low, high, share) in [(4e-6, 4e-5, 0.0), (4e-7, 4e-5, 0.9)] {
        for n in [16, 64, 128] {
            let size = Size { rows: n, cols: n };
            let (error, deviation) = approximation_error(size, &conductances(size, low, high, share));
            println!("{n}×{n}, {low} to {high}: error {error:.4} of a deviation of {deviation:.4}");
            assert!(error < 0.03, "{error}");
        }
    }
}
