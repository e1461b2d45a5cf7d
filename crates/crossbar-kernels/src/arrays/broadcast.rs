//! Pairs of arrays with broadcasting.

use super::elementwise::{binary, map, pair, Binary};
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
        match (a_step, b_step) {
            (1, 1) => binary(op, &a[..inner], &b[..inner], row),
            (1, 0) => {
                let b = F32x4::splat(b[0]);
                map(&a[..inner], row, |a| pair(op, a, b));
            }
            (0, 1) => {
                let a = F32x4::splat(a[0]);
                map(&b[..inner], row, |b| pair(op, a, b));
            }
            _ => {
                for (i, y) in row.iter_mut().enumerate() {
                    let (a, b) = (a[i * a_step as usize], b[i * b_step as usize]);
                    *y = pair(op, F32x4::splat(a), F32x4::splat(b)).to_array()[0];
                }
            }
        }
    });
}
