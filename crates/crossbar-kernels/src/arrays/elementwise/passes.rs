//! Passes over whole arrays in steps of a vector.

use crate::lanes::doubles::{in_doubles, one_in_doubles, F64x4};
use crate::lanes::{load_tail, store_tail, F32x4};

/// y = max(y, 0) in place, as [`super::Unary::Relu`]: the epilogue of products.
#[inline(never)]
pub(crate) fn rectify(y: &mut [f32]) {
    let zero = F32x4::splat(0.0);
    let (whole, tail) = y.as_chunks_mut::<4>();
    for y in whole {
        F32x4::load(y).max(zero).store(y);
    }
    store_tail(load_tail(tail).max(zero), tail);
}

/// y[i] = f(x[i]).
#[inline(always)]
pub(crate) fn map(x: &[f32], y: &mut [f32], f: impl Fn(F32x4) -> F32x4 + Copy) {
    by_vectors(x, y, |x, y| map_vectors(x, y, f));
}

/// Runs a pass over the whole vectors, then over the tail as a vector.
#[inline(always)]
pub(super) fn by_vectors(x: &[f32], y: &mut [f32], pass: impl Fn(&[[f32; 4]], &mut [[f32; 4]])) {
    assert_eq!(x.len(), y.len());
    let (xs, x_tail) = x.as_chunks::<4>();
    let (ys, y_tail) = y.as_chunks_mut::<4>();
    pass(xs, ys);
    if !x_tail.is_empty() {
        let mut last = [[0.0; 4]];
        pass(&[load_tail(x_tail).to_array()], &mut last);
        store_tail(F32x4::load(&last[0]), y_tail);
    }
}

/// One copy of the code for whole vectors and for tails: half the size of the module.
#[inline(never)]
pub(super) fn map_vectors(x: &[[f32; 4]], y: &mut [[f32; 4]], f: impl Fn(F32x4) -> F32x4) {
    for (x, y) in x.iter().zip(y) {
        f(F32x4::load(x)).store(y);
    }
}

/// y[i] = f(a[i], b[i]).
#[inline(always)]
pub(crate) fn zip(a: &[f32], b: &[f32], y: &mut [f32], f: impl Fn(F32x4, F32x4) -> F32x4 + Copy) {
    by_pairs_of_vectors(a, b, y, |a, b, y| zip_vectors(a, b, y, f));
}

/// As [`by_vectors`], over two arrays.
#[inline(always)]
pub(super) fn by_pairs_of_vectors(
    a: &[f32],
    b: &[f32],
    y: &mut [f32],
    pass: impl Fn(&[[f32; 4]], &[[f32; 4]], &mut [[f32; 4]]),
) {
    assert!(a.len() == y.len() && b.len() == y.len());
    let (as_, a_tail) = a.as_chunks::<4>();
    let (bs, b_tail) = b.as_chunks::<4>();
    let (ys, y_tail) = y.as_chunks_mut::<4>();
    pass(as_, bs, ys);
    if !a_tail.is_empty() {
        let mut last = [[0.0; 4]];
        pass(&[load_tail(a_tail).to_array()], &[load_tail(b_tail).to_array()], &mut last);
        store_tail(F32x4::load(&last[0]), y_tail);
    }
}

/// y[i] = f(a[i], b[i]) for whole vectors.
#[inline(never)]
pub(super) fn zip_vectors(a: &[[f32; 4]], b: &[[f32; 4]], y: &mut [[f32; 4]], f: impl Fn(F32x4, F32x4) -> F32x4) {
    for ((a, b), y) in a.iter().zip(b).zip(y) {
        f(F32x4::load(a), F32x4::load(b)).store(y);
    }
}

/// y[i] = f(x[i], y[i]).
#[inline(always)]
pub(crate) fn update(x: &[f32], y: &mut [f32], f: impl Fn(F32x4, F32x4) -> F32x4) {
    assert_eq!(x.len(), y.len());
    let (xs, x_tail) = x.as_chunks::<4>();
    let (ys, y_tail) = y.as_chunks_mut::<4>();
    for (x, y) in xs.iter().zip(ys) {
        f(F32x4::load(x), F32x4::load(y)).store(y);
    }
    if !x_tail.is_empty() {
        store_tail(f(load_tail(x_tail), load_tail(y_tail)), y_tail);
    }
}

/// y[i] = f(x[i]) in doubles, rounded to `f32` once.
#[inline(always)]
pub(super) fn map_doubles(x: &[[f32; 4]], y: &mut [[f32; 4]], f: impl Fn(F64x4) -> F64x4) {
    map_vectors(x, y, |x| one_in_doubles(x, &f));
}

/// y[i] = f(a[i], b[i]) likewise.
#[inline(always)]
pub(super) fn zip_doubles(a: &[[f32; 4]], b: &[[f32; 4]], y: &mut [[f32; 4]], f: impl Fn(F64x4, F64x4) -> F64x4) {
    zip_vectors(a, b, y, |a, b| in_doubles(a, b, &f));
}
