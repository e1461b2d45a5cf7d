//! Pooling against loops over every window.

mod inputs;

use crossbar_kernels::nn::pool::*;
use inputs::*;

fn axis(size: usize, kernel: usize, stride: usize, [before, after]: [usize; 2], dilation: usize) -> PoolAxis {
    let out = (size + before + after - dilation * (kernel - 1) - 1) / stride + 1;
    PoolAxis { size, out, kernel, stride, before, after, dilation }
}

fn cases() -> Vec<[PoolAxis; 2]> {
    let mut cases = vec![
        [axis(1, 1, 1, [0, 0], 1), axis(1, 1, 1, [0, 0], 1)],
        [axis(4, 2, 2, [0, 0], 1), axis(16, 2, 2, [0, 0], 1)],
        [axis(5, 2, 2, [0, 0], 1), axis(17, 2, 2, [0, 0], 1)],
        [axis(6, 2, 2, [0, 0], 1), axis(7, 2, 2, [0, 0], 1)],
        [axis(7, 3, 2, [1, 1], 1), axis(9, 3, 2, [1, 1], 1)],
        [axis(5, 3, 1, [1, 0], 1), axis(17, 2, 3, [0, 1], 1)],
        [axis(9, 3, 1, [2, 1], 2), axis(11, 2, 2, [0, 0], 3)],
        [axis(17, 5, 5, [2, 2], 1), axis(3, 3, 1, [0, 0], 1)],
    ];
    // Ceil mode: a last window that reaches beyond the input.
    let mut more = [axis(5, 2, 2, [0, 0], 1), axis(5, 3, 3, [1, 0], 1)];
    more[0].out += 1;
    cases.push(more);
    cases
}

/// Input places of a window with their index in it.
fn places([rows, cols]: &[PoolAxis; 2], oy: usize, ox: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for ky in 0..rows.kernel {
        for kx in 0..cols.kernel {
            let y = (oy * rows.stride + ky * rows.dilation) as isize - rows.before as isize;
            let x = (ox * cols.stride + kx * cols.dilation) as isize - cols.before as isize;
            if (0..rows.size as isize).contains(&y) && (0..cols.size as isize).contains(&x) {
                found.push((y as usize * cols.size + x as usize, ky * cols.kernel + kx));
            }
        }
    }
    found
}

#[test]
fn maxima_positions_and_gradients() {
    for axes in cases() {
        let [rows, cols] = &axes;
        let (plane, out) = (rows.size * cols.size, rows.out * cols.out);
        let x = normals(1, 3 * plane);
        let dy = normals(2, 3 * out);
        let (mut y, mut at, mut dx) = (vec![0.0; 3 * out], vec![0.0; 3 * out], vec![9.0; 3 * plane]);
        max(&x, &mut y, Some(&mut at), axes);
        max_gradient(&dy, &at, &mut dx, axes);
        let mut without = vec![0.0; 3 * out];
        max(&x, &mut without, None, axes);
        assert_eq!(y, without);
        let mut want_dx = vec![0.0f64; 3 * plane];
        for p in 0..3 {
            for o in 0..out {
                let window = places(&axes, o / cols.out, o % cols.out);
                let mut best: Option<(usize, usize)> = None;
                for &(place, k) in &window {
                    if best.is_none_or(|(b, _)| x[p * plane + place] > x[p * plane + b]) {
                        best = Some((place, k));
                    }
                }
                let (place, k) = best.expect("windows meet the input");
                assert_eq!((y[p * out + o], at[p * out + o]), (x[p * plane + place], k as f32), "{axes:?}");
                want_dx[p * plane + place] += f64::from(dy[p * out + o]);
            }
        }
        assert!(distance(&dx, &want_dx) < 1e-6, "{axes:?}");
    }
}

#[test]
fn maxima_of_ties_nan_and_padding() {
    for width in [2, 6, 16] {
        let axes = [axis(2, 2, 2, [0, 0], 1), axis(width, 2, 2, [0, 0], 1)];
        let (mut y, mut at) = (vec![0.0; width / 2], vec![9.0; width / 2]);
        max(&vec![1.5; 2 * width], &mut y, Some(&mut at), axes);
        assert!(y.iter().all(|&y| y == 1.5) && at.iter().all(|&k| k == 0.0), "the first of equals wins");
        for place in 0..2 * width {
            let mut x = normals(3, 2 * width);
            x[place] = f32::NAN;
            max(&x, &mut y, None, axes);
            let window = place % width / 2;
            assert!(y.iter().enumerate().all(|(i, y)| y.is_nan() == (i == window)), "{width} {place}");
        }
    }
    // One window is within the padding: nothing wins there, and nothing gets its gradient.
    let axes = [axis(1, 1, 1, [0, 0], 1), axis(2, 1, 1, [0, 1], 1)];
    let (mut y, mut at, mut dx) = ([0.0; 3], [0.0; 3], [0.0; 2]);
    max(&[3.0, 4.0], &mut y, Some(&mut at), axes);
    assert_eq!((y, at), ([3.0, 4.0, f32::NEG_INFINITY], [0.0, 0.0, -1.0]));
    max_gradient(&[1.0, 2.0, 4.0], &at, &mut dx, axes);
    assert_eq!(dx, [1.0, 2.0]);
}

#[test]
fn averages_and_gradients() {
    for axes in cases().into_iter().filter(|axes| axes.iter().all(|a| a.dilation == 1)) {
        let [rows, cols] = &axes;
        let (plane, out) = (rows.size * cols.size, rows.out * cols.out);
        let (x, dy) = (normals(4, 2 * plane), normals(5, 2 * out));
        for count_padding in [false, true] {
            let [rw, cw] = [windows(rows, count_padding), windows(cols, count_padding)];
            let (mut y, mut dx) = (vec![0.0; 2 * out], vec![9.0; 2 * plane]);
            average(&x, &mut y, plane, cols.size, &rw, &cw);
            average_gradient(&dy, &mut dx, plane, cols.size, &rw, &cw);
            let (mut want, mut want_dx) = (Vec::new(), vec![0.0f64; 2 * plane]);
            for i in 0..2 * out {
                let (p, oy, ox) = (i / out, i % out / cols.out, i % cols.out);
                let window = places(&axes, oy, ox);
                // Padding counts up to its end, not beyond.
                let padded = |a: &PoolAxis, o: usize| a.kernel.min(a.size + a.before + a.after - o * a.stride);
                let count = if count_padding { padded(rows, oy) * padded(cols, ox) } else { window.len() } as f64;
                want.push(window.iter().map(|&(place, _)| f64::from(x[p * plane + place])).sum::<f64>() / count);
                for &(place, _) in &window {
                    want_dx[p * plane + place] += f64::from(dy[i]) / count;
                }
            }
            assert!(distance(&y, &want) < 1e-6 && distance(&dx, &want_dx) < 1e-6, "{axes:?} {count_padding}");
        }
    }
}

#[test]
fn adaptive_windows_cover_everything() {
    for (size, out) in [(1, 1), (5, 1), (5, 3), (7, 7), (17, 4), (3, 5)] {
        let parts = adaptive_windows(size, out);
        for (i, part) in parts.iter().enumerate() {
            let (start, end) =
                ((i as f64 * size as f64 / out as f64).floor(), ((i + 1) as f64 * size as f64 / out as f64).ceil());
            assert_eq!((part.inputs.start, part.inputs.end), (start as usize, end as usize));
            assert_eq!(part.count, part.inputs.len());
        }
    }
    let (x, rows, cols) = (normals(6, 2 * 35), adaptive_windows(5, 1), adaptive_windows(7, 1));
    let mut y = [0.0; 2];
    average(&x, &mut y, 35, 7, &rows, &cols);
    let want: Vec<f64> = x.chunks(35).map(|x| x.iter().map(|&v| f64::from(v)).sum::<f64>() / 35.0).collect();
    assert!(distance(&y, &want) < 1e-6);
}

#[test]
fn nothing_pools_to_nothing() {
    let axes = [axis(4, 2, 2, [0, 0], 1); 2];
    max(&[], &mut [], Some(&mut []), axes);
    max_gradient(&[], &[], &mut [], axes);
    let rows = windows(&axes[0], false);
    average(&[], &mut [], 16, 4, &rows, &rows);
    average_gradient(&[], &mut [], 16, 4, &rows, &rows);
}
