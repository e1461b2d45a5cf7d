//! Strided copies. Sizes say how many elements of each array may be touched; strides and offsets are in elements.

use crate::calls::Movement;
use crate::descriptor::read;
use crate::view::{floats, floats_mut};
use crossbar_kernels::arrays::strided;
use wasm_bindgen::prelude::wasm_bindgen;

/// to[toOffset + Σ i·toStrides] = from[fromOffset + Σ i·fromStrides] over `dims`.
#[wasm_bindgen(js_name = copyStrided)]
pub fn copy_strided(count: usize, dims: &[i32], from_strides: &[i32], to_strides: &[i32]) {
    let Movement { from, from_size, from_offset, to, to_size, to_offset } = read(count);
    let (from, to) = (floats(from, from_size), floats_mut(to, to_size));
    strided::copy(from, to, dims, from_strides, to_strides, from_offset, to_offset);
}

/// The same, adding to the destination; a destination stride of 0 sums.
#[wasm_bindgen(js_name = accumulateStrided)]
pub fn accumulate_strided(count: usize, dims: &[i32], from_strides: &[i32], to_strides: &[i32]) {
    let Movement { from, from_size, from_offset, to, to_size, to_offset } = read(count);
    let (from, to) = (floats(from, from_size), floats_mut(to, to_size));
    strided::accumulate(from, to, dims, from_strides, to_strides, from_offset, to_offset);
}

/// dst[o, i, :] = src[o, indices[i], :]; src [outer, axis, inner], indices in 0..axis.
#[wasm_bindgen(js_name = gather)]
pub fn gather(src: u32, dst: u32, indices: &[i32], outer: usize, axis: usize, inner: usize) {
    let src = floats(src, outer * axis * inner);
    strided::gather(src, floats_mut(dst, outer * indices.len() * inner), indices, axis, inner);
}

/// dst[o, indices[i], :] += src[o, i, :]; dst [outer, axis, inner].
#[wasm_bindgen(js_name = scatterAdd)]
pub fn scatter_add(src: u32, dst: u32, indices: &[i32], outer: usize, axis: usize, inner: usize) {
    let src = floats(src, outer * indices.len() * inner);
    strided::scatter_add(src, floats_mut(dst, outer * axis * inner), indices, axis, inner);
}
