//! Strided copies. Sizes say how many elements of each array may be touched; strides and offsets are in elements.

use crate::view::{floats, floats_mut};
use crossbar_kernels::strided;
use wasm_bindgen::prelude::wasm_bindgen;

/// dst[dstOffset + Σ i·dstStrides] = src[srcOffset + Σ i·srcStrides] over `dims`.
#[wasm_bindgen(js_name = copyStrided)]
#[allow(clippy::too_many_arguments)]
pub fn copy_strided(
    src: u32,
    src_size: usize,
    dst: u32,
    dst_size: usize,
    dims: &[i32],
    src_strides: &[i32],
    dst_strides: &[i32],
    src_offset: usize,
    dst_offset: usize,
) {
    let (src, dst) = (floats(src, src_size), floats_mut(dst, dst_size));
    strided::copy(src, dst, dims, src_strides, dst_strides, src_offset, dst_offset);
}

/// The same, adding to the destination; a destination stride of 0 sums.
#[wasm_bindgen(js_name = accumulateStrided)]
#[allow(clippy::too_many_arguments)]
pub fn accumulate_strided(
    src: u32,
    src_size: usize,
    dst: u32,
    dst_size: usize,
    dims: &[i32],
    src_strides: &[i32],
    dst_strides: &[i32],
    src_offset: usize,
    dst_offset: usize,
) {
    let (src, dst) = (floats(src, src_size), floats_mut(dst, dst_size));
    strided::accumulate(src, dst, dims, src_strides, dst_strides, src_offset, dst_offset);
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
