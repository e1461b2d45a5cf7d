//! Strided copies against index arithmetic.

mod inputs;

use crossbar_kernels::arrays::strided::*;
use inputs::*;

struct Case {
    dims: Vec<i32>,
    from: Vec<i32>,
    to: Vec<i32>,
    at: (usize, usize),
    sizes: (usize, usize),
}

fn cases() -> Vec<Case> {
    let case = |dims: &[i32], from: &[i32], to: &[i32], at, sizes| Case {
        dims: dims.into(),
        from: from.into(),
        to: to.into(),
        at,
        sizes,
    };
    vec![
        case(&[], &[], &[], (0, 0), (1, 1)),
        case(&[17], &[1], &[1], (0, 0), (17, 17)),
        case(&[3, 5], &[1, 3], &[5, 1], (0, 0), (15, 15)),
        case(&[40, 70], &[1, 40], &[70, 1], (0, 0), (2800, 2800)),
        case(&[2, 33, 3, 35], &[33 * 3 * 35, 1, 35 * 33, 33], &[33 * 3 * 35, 3 * 35, 35, 1], (0, 0), (6930, 6930)),
        case(&[4, 5], &[-5, -1], &[5, 1], (19, 0), (20, 20)),
        case(&[4, 5], &[0, 1], &[5, 1], (2, 0), (7, 20)),
        case(&[3, 2], &[4, 2], &[7, 1], (1, 3), (12, 40)),
        case(&[3, 0, 2], &[1, 1, 1], &[1, 1, 1], (0, 0), (4, 4)),
    ]
}

fn pairs(case: &Case) -> Vec<(usize, usize)> {
    let n = case.dims.iter().product::<i32>();
    (0..n)
        .map(|i| {
            let (mut rest, mut s, mut d) = (i, case.at.0 as i32, case.at.1 as i32);
            for axis in (0..case.dims.len()).rev() {
                let index = rest % case.dims[axis];
                rest /= case.dims[axis];
                s += index * case.from[axis];
                d += index * case.to[axis];
            }
            (s as usize, d as usize)
        })
        .collect()
}

#[test]
fn copies() {
    for case in cases() {
        let (src, mut dst) = (normals(1, case.sizes.0), normals(2, case.sizes.1));
        let mut want = dst.clone();
        for (s, d) in pairs(&case) {
            want[d] = src[s];
        }
        copy(&src, &mut dst, &case.dims, &case.from, &case.to, case.at.0, case.at.1);
        assert_eq!(dst, want, "{:?}", case.dims);
    }
}

#[test]
fn accumulation_sums_what_meets() {
    let mut all = cases();
    // Sums over the last axis, over the first, and over both ends.
    all.push(Case { dims: vec![3, 300], from: vec![300, 1], to: vec![1, 0], at: (0, 0), sizes: (900, 3) });
    all.push(Case { dims: vec![17, 5], from: vec![5, 1], to: vec![0, 1], at: (0, 0), sizes: (85, 5) });
    all.push(Case { dims: vec![2, 3, 4], from: vec![12, 4, 1], to: vec![0, 1, 0], at: (0, 0), sizes: (24, 3) });
    for case in all {
        let (src, mut dst) = (normals(3, case.sizes.0), normals(4, case.sizes.1));
        let mut want: Vec<f64> = dst.iter().map(|&v| v.into()).collect();
        for (s, d) in pairs(&case) {
            want[d] += f64::from(src[s]);
        }
        accumulate(&src, &mut dst, &case.dims, &case.from, &case.to, case.at.0, case.at.1);
        assert!(distance(&dst, &want) < 1e-6, "{:?}", case.dims);
    }
}

#[test]
fn gathering_and_its_gradient() {
    for (outer, axis, inner, indices) in
        [(1, 5, 3, vec![4, 0, 4]), (3, 4, 1, vec![1]), (2, 7, 17, vec![6, 5, 5, 0]), (2, 3, 4, vec![])]
    {
        let count = indices.len();
        let src = normals(5, outer * axis * inner);
        let mut dst = vec![0.0; outer * count * inner];
        gather(&src, &mut dst, &indices, axis, inner);
        let dy = normals(6, dst.len());
        let mut dx = vec![0.0; src.len()];
        scatter_add(&dy, &mut dx, &indices, axis, inner);
        let mut want_dx = vec![0.0f64; src.len()];
        for o in 0..outer {
            for (i, &index) in indices.iter().enumerate() {
                for j in 0..inner {
                    let (s, d) = ((o * axis + index as usize) * inner + j, (o * count + i) * inner + j);
                    assert_eq!(dst[d], src[s]);
                    want_dx[s] += f64::from(dy[d]);
                }
            }
        }
        assert!(distance(&dx, &want_dx) < 1e-6);
    }
}
