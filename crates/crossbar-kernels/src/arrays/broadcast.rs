//! Pairs of arrays with broadcasting.

use super::elementwise::{arithmetic, binary, is_arithmetic, map, Binary};
use super::strides::{merge, walk};
use crate::lanes::F32x4;

/// y = a ∘ b with broadcasting: y is contiguous over `dims`; a stride of 0 repeats a value along its axis.
///
/// Strides are in elements, one for each of `dims`.
pub fn binary_broadcast(
    op: Binary,
    a: &[f32],
    b: &[f32],
    y: &mut [f32],
    dims: &[i32],
    a_strides: &[i32],
    b_strides: &[i32],
) {
    let Some((dims, strides)) = merge(dims, [a_strides, b_strides]) else {
        return;
    };
    let inner = *dims.last().expect("merge gives at least one axis");
    let [a_step, b_step] = *strides.last().expect("as many strides as axes");
    let mut rest = y;
    walk(&dims[..dims.len() - 1], &strides, |[a_at, b_at]| {
        let (row, after) = core::mem::take(&mut rest).split_at_mut(inner);
        rest = after;
        let (a, b) = (&a[a_at as usize..], &b[b_at as usize..]);
        if !is_arithmetic(op) {
            return gathered(op, a, a_step as usize, b, b_step as usize, row);
        }
        match (a_step, b_step) {
            (1, 1) => binary(op, &a[..inner], &b[..inner], row),
            (1, 0) => {
                let b = F32x4::splat(b[0]);
                map(&a[..inner], row, |a| arithmetic(op, a, b));
            }
            (0, 1) => {
                let a = F32x4::splat(a[0]);
                map(&b[..inner], row, |b| arithmetic(op, a, b));
            }
            _ => {
                for (i, y) in row.iter_mut().enumerate() {
                    let (a, b) = (a[i * a_step as usize], b[i * b_step as usize]);
                    *y = arithmetic(op, F32x4::splat(a), F32x4::splat(b)).to_array()[0];
                }
            }
        }
    });
}

/// Values gathered at a time.
const GATHERED: usize = 256;

/// y = a ∘ b along one axis with any steps, from copies without gaps: one loop for all functions that aren't worth four.
#[inline(never)]
fn gathered(op: Binary, a: &[f32], a_step: usize, b: &[f32], b_step: usize, y: &mut [f32]) {
    let (mut near_a, mut near_b) = ([0.0; GATHERED], [0.0; GATHERED]);
    for (chunk, y) in y.chunks_mut(GATHERED).enumerate() {
        for i in 0..y.len() {
            let at = chunk * GATHERED + i;
            (near_a[i], near_b[i]) = (a[at * a_step], b[at * b_step]);
        }
        binary(op, &near_a[..y.len()], &near_b[..y.len()], y);
    }
}

/// y = where condition ≠ 0: a, else b, with broadcasting, as [`binary_broadcast`]. `strides` holds those of the condition, of a and of b.
pub fn select_broadcast(condition: &[u8], a: &[f32], b: &[f32], y: &mut [f32], dims: &[i32], strides: [&[i32]; 3]) {
    let Some((dims, strides)) = merge(dims, strides) else {
        return;
    };
    let inner = *dims.last().expect("merge gives at least one axis");
    let steps = *strides.last().expect("as many strides as axes");
    let mut rows = y.chunks_exact_mut(inner);
    walk(&dims[..dims.len() - 1], &strides, |offsets| {
        let row = rows.next().expect("as many rows as index tuples");
        let [mut c_at, mut a_at, mut b_at] = offsets.map(|at| at as usize);
        for y in row {
            *y = if condition[c_at] != 0 { a[a_at] } else { b[b_at] };
            c_at += steps[0] as usize;
            a_at += steps[1] as usize;
            b_at += steps[2] as usize;
        }
    });
}
