//! Products against the loops that define them.

use super::*;
use crate::scratch::Workspace;
use crate::testing::{distance, naive, normals, Operand};
use crate::tuning::{CACHE_WAYS, MAX_PACKED, PAGE_VALUES};

/// A product of row-major operands, each with whether it is stored transposed.
fn product_of(
    work: &mut Workspace,
    shape: Shape,
    (a, ta): (&[f32], bool),
    (b, tb): (&[f32], bool),
    c: &mut [f32],
    accumulate: bool,
) {
    let a = Matrix { values: a, stride: if ta { shape.m } else { shape.k }, transposed: ta };
    let b = Matrix { values: b, stride: if tb { shape.k } else { shape.n }, transposed: tb };
    gemm(work, shape, a, b, c, if accumulate { Initial::Values } else { Initial::Zero });
}

const SIZES: [usize; 11] = [0, 1, 3, 4, 5, 8, 10, 17, 24, 70, 300];

#[test]
fn agrees_with_the_triple_loop() {
    let mut work = Workspace::default();
    let a = normals(1, 300 * 300);
    let b = normals(2, 300 * 300);
    for m in SIZES {
        for n in SIZES {
            for k in SIZES {
                let shape = Shape { m, n, k };
                for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
                    let want = naive(shape, Operand(&a, ta), Operand(&b, tb));
                    let mut c = vec![f32::NAN; m * n];
                    product_of(&mut work, shape, (&a, ta), (&b, tb), &mut c, false);
                    assert!(distance(&c, &want) < 2e-6, "{m} {n} {k} {ta} {tb}");
                    product_of(&mut work, shape, (&a, ta), (&b, tb), &mut c, true);
                    let twice: Vec<f64> = want.iter().map(|v| 2.0 * v).collect();
                    assert!(distance(&c, &twice) < 2e-6, "accumulate {m} {n} {k} {ta} {tb}");
                }
            }
        }
    }
}

#[test]
fn rows_and_columns_alone_have_the_same_bits() {
    let mut work = Workspace::default();
    let (m, k) = (23, 517);
    for n in [10, 29] {
        let (a, b) = (normals(3, m * k), normals(4, n * k));
        let mut whole = vec![0.0; m * n];
        product_of(&mut work, Shape { m, n, k }, (&a, false), (&b, true), &mut whole, false);
        for i in 0..m {
            for j in 0..n {
                let mut one = [0.0];
                let (row, column) = (&a[i * k..][..k], &b[j * k..][..k]);
                product_of(&mut work, Shape { m: 1, n: 1, k }, (row, false), (column, true), &mut one, false);
                assert_eq!(one[0].to_bits(), whole[i * n + j].to_bits());
            }
        }
    }
}

#[test]
fn rows_a_page_apart_change_nothing() {
    let mut work = Workspace::default();
    // Few rows of A by B in place, and by the same B with a page from row to row.
    for (m, k) in [(10, CACHE_WAYS + 1), (10, 40), (32, CACHE_WAYS + 2)] {
        let n = PAGE_VALUES;
        let (a, b) = (normals(7, m * k), normals(8, k * (n + 8)));
        let near: Vec<f32> = b.chunks_exact(n + 8).flat_map(|row| &row[..n]).copied().collect();
        let (mut page, mut wide) = (vec![0.0; m * n], vec![0.0; m * (n + 8)]);
        product_of(&mut work, Shape { m, n, k }, (&a, false), (&near, false), &mut page, false);
        product_of(&mut work, Shape { m, n: n + 8, k }, (&a, false), (&b, false), &mut wide, false);
        let same = page.chunks_exact(n).zip(wide.chunks_exact(n + 8)).all(|(x, y)| x == &y[..n]);
        assert!(same, "{m} {k}");
    }
}

#[test]
fn panels_cover_the_rows() {
    for m in 0..40 {
        let all: Vec<_> = panels(m).collect();
        assert_eq!(all.iter().map(|p| p.1).sum::<usize>(), m);
        let ends = all.iter().map(|(start, rows)| start + rows);
        assert!(all.iter().skip(1).map(|panel| panel.0).eq(ends.take(all.len().saturating_sub(1))), "{m}");
    }
}

#[test]
fn bands_change_nothing() {
    let mut work = Workspace::default();
    let (m, n, k) = (40, 3, MAX_PACKED / 16);
    let (a, b) = (normals(5, m * k), normals(6, n * k));
    let mut whole = vec![0.0; m * n];
    product_of(&mut work, Shape { m, n, k }, (&a, false), (&b, false), &mut whole, false);
    let mut last = vec![0.0; n];
    product_of(&mut work, Shape { m: 1, n, k }, (&a[39 * k..], false), (&b, false), &mut last, false);
    assert_eq!(last, whole[39 * n..]);
}
