//! Cells in steps of four.

use crate::lanes::doubles::F64x4;
use crate::lanes::{load_at, store_at, F32x4};
use crate::random::{fill_normal_from, NOISE_BLOCK};

/// Calls `each` with positions in steps of four and the normal numbers of a stream, from noise block `first` on.
#[inline(always)]
pub fn with_normals((key, first): (u64, u32), n: usize, mut each: impl FnMut(usize, F32x4)) {
    let mut z = [0.0; NOISE_BLOCK];
    for (b, from) in (0..n).step_by(NOISE_BLOCK).enumerate() {
        let count = NOISE_BLOCK.min(n - from);
        fill_normal_from(key, first + b as u32, &mut z[..count]);
        for at in (0..count).step_by(4) {
            each(from + at, load_at(&z, at));
        }
    }
}

/// Four values as doubles, zeros after the end.
#[inline(always)]
pub fn doubles_at(values: &[f32], at: usize) -> F64x4 {
    F64x4::from_f32(load_at(values, at))
}

/// Stores four doubles, as many as there is room for.
#[inline(always)]
pub fn store_rounded(value: F64x4, to: &mut [f32], at: usize) {
    store_at(value.to_f32(), to, at);
}
