//! Slices in steps of four: copies, fills, and vectors at the ends of rows.

use super::vectors::F32x4;

/// Values from which the engine's bulk copy costs less than a loop.
const BULK: usize = 256;

/// `to = from`, of equal length. Short copies are inlined: a call of WebAssembly's memory.copy costs about 60 ns in V8.
#[inline(always)]
pub fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    if from.len() >= BULK {
        return to.copy_from_slice(from);
    }
    let to = &mut to[..from.len()];
    let (from, from_rest) = from.as_chunks::<4>();
    let (to, to_rest) = to.as_chunks_mut::<4>();
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    for (to, from) in to_rest.iter_mut().zip(from_rest) {
        *to = *from;
    }
}

/// Sets all of `to`; short ones inline, as in [`copy`].
#[inline(always)]
pub fn set(to: &mut [f32], value: f32) {
    if to.len() >= BULK {
        return to.fill(value);
    }
    let (to, rest) = to.as_chunks_mut::<4>();
    for to in to {
        *to = [value; 4];
    }
    for to in rest {
        *to = value;
    }
}

/// The first four values of a slice.
#[inline(always)]
pub(crate) fn four(values: &[f32]) -> &[f32; 4] {
    values[..4].try_into().expect("four values")
}

/// The first four values of a slice, to write.
#[inline(always)]
pub(crate) fn four_mut(values: &mut [f32]) -> &mut [f32; 4] {
    (&mut values[..4]).try_into().expect("four values")
}

/// A tail of up to three values in the low lanes, zeros above. Not inlined: tails are everywhere, and rare.
#[inline(never)]
pub(crate) fn load_tail(from: &[f32]) -> F32x4 {
    let at = |i: usize| from.get(i).copied().unwrap_or(0.0);
    F32x4::load(&[at(0), at(1), at(2), 0.0])
}

/// Writes the low lanes, at most four.
#[inline(never)]
pub(crate) fn store_tail(value: F32x4, to: &mut [f32]) {
    for (to, lane) in to.iter_mut().zip(value.to_array()) {
        *to = lane;
    }
}

/// Writes four values from `at` on; fewer at the end of the row.
#[inline(always)]
pub(crate) fn store_at(value: F32x4, row: &mut [f32], at: usize) {
    match row[at..].first_chunk_mut::<4>() {
        Some(four) => value.store(four),
        None => store_tail(value, &mut row[at..]),
    }
}

/// Four values from `at`; fewer, then zeros, at the end of the row.
#[inline(always)]
pub(crate) fn load_at(row: &[f32], at: usize) -> F32x4 {
    match row[at..].first_chunk::<4>() {
        Some(four) => F32x4::load(four),
        None => load_tail(&row[at..]),
    }
}
