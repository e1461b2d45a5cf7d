//! Copies between strided views: transposes, slices, concatenation, padding, expansion, and sums over what was
//! broadcast. Strides and offsets are in elements; a stride may be 0 (repeat) or negative (backwards).

use super::elementwise::axpy;
use super::reduce::sum;
use super::strides::{merge, walk};
use crate::lanes::{copy as copy_run, F32x4};

/// Rows and columns of the cache blocks of a transposing copy: two blocks of 4 kB fit the first-level cache.
const BLOCK: usize = 32;

/// dst[dst_offset + Σ iₐ·dst_strides[a]] = src[src_offset + Σ iₐ·src_strides[a]] for every index tuple of `dims`.
pub fn copy(
    src: &[f32],
    dst: &mut [f32],
    dims: &[i32],
    src_strides: &[i32],
    dst_strides: &[i32],
    src_offset: usize,
    dst_offset: usize,
) {
    let Some((mut dims, mut strides)) = merge(dims, [src_strides, dst_strides]) else {
        return;
    };
    let at = |base: usize, offset: isize| (base as isize + offset) as usize;
    let last = dims.len() - 1;
    if strides[last] == [1, 1] {
        let inner = dims[last];
        return walk(&dims[..last], &strides, |[s, d]| {
            let (s, d) = (at(src_offset, s), at(dst_offset, d));
            copy_run(&src[s..s + inner], &mut dst[d..d + inner]);
        });
    }
    // A transpose: the axis along which the source is contiguous becomes the last but one, and both go in cache blocks.
    if let Some(other) = (0..last).rev().find(|&axis| strides[axis][0].abs() == 1) {
        let (dim, stride) = (dims.remove(other), strides.remove(other));
        dims.insert(last - 1, dim);
        strides.insert(last - 1, stride);
        let [rows, cols] = [dims[last - 1], dims[last]];
        let [[row_s, row_d], [col_s, col_d]] = [strides[last - 1], strides[last]];
        if [row_s, col_d] == [1, 1] && col_s > 0 && row_d > 0 {
            return walk(&dims[..last - 1], &strides, |[s, d]| {
                let (src, dst) = (&src[at(src_offset, s)..], &mut dst[at(dst_offset, d)..]);
                transpose(src, dst, [rows, cols], col_s as usize, row_d as usize);
            });
        }
        return walk(&dims[..last - 1], &strides, |[s, d]| {
            for r0 in (0..rows).step_by(BLOCK) {
                for c0 in (0..cols).step_by(BLOCK) {
                    for r in r0..rows.min(r0 + BLOCK) {
                        let (s, d) = (s + r as isize * row_s, d + r as isize * row_d);
                        for c in c0..cols.min(c0 + BLOCK) {
                            let c = c as isize;
                            dst[at(dst_offset, d + c * col_d)] = src[at(src_offset, s + c * col_s)];
                        }
                    }
                }
            }
        });
    }
    walk(&dims, &strides, |[s, d]| dst[at(dst_offset, d)] = src[at(src_offset, s)]);
}

/// dst[r·row_step + c] = src[c·col_step + r], in cache blocks of 4×4 vectors.
fn transpose(src: &[f32], dst: &mut [f32], [rows, cols]: [usize; 2], col_step: usize, row_step: usize) {
    for r0 in (0..rows).step_by(BLOCK) {
        let r_end = rows.min(r0 + BLOCK);
        for c0 in (0..cols).step_by(BLOCK) {
            let c_end = cols.min(c0 + BLOCK);
            for r in (r0..r_end).step_by(4) {
                for c in (c0..c_end).step_by(4) {
                    if r + 4 <= r_end && c + 4 <= c_end {
                        let load =
                            |i: usize| F32x4::load(src[(c + i) * col_step + r..].first_chunk().expect("four rows"));
                        let block = F32x4::transpose([load(0), load(1), load(2), load(3)]);
                        for (i, row) in block.into_iter().enumerate() {
                            row.store(dst[(r + i) * row_step + c..].first_chunk_mut().expect("four columns"));
                        }
                    } else {
                        for r in r..r_end.min(r + 4) {
                            for c in c..c_end.min(c + 4) {
                                dst[r * row_step + c] = src[c * col_step + r];
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Like [`copy`], adding to the destination; a destination stride of 0 sums along its axis.
///
/// The order of additions follows from the arguments alone, so equal calls give equal bits.
pub fn accumulate(
    src: &[f32],
    dst: &mut [f32],
    dims: &[i32],
    src_strides: &[i32],
    dst_strides: &[i32],
    src_offset: usize,
    dst_offset: usize,
) {
    let Some((dims, strides)) = merge(dims, [src_strides, dst_strides]) else {
        return;
    };
    let at = |base: usize, offset: isize| (base as isize + offset) as usize;
    let last = dims.len() - 1;
    let inner = dims[last];
    match strides[last] {
        [1, 1] => walk(&dims[..last], &strides, |[s, d]| {
            let (s, d) = (at(src_offset, s), at(dst_offset, d));
            axpy(1.0, &src[s..s + inner], &mut dst[d..d + inner]);
        }),
        [1, 0] => walk(&dims[..last], &strides, |[s, d]| {
            let s = at(src_offset, s);
            dst[at(dst_offset, d)] += sum(&src[s..s + inner]) as f32;
        }),
        _ => walk(&dims, &strides, |[s, d]| dst[at(dst_offset, d)] += src[at(src_offset, s)]),
    }
}

/// dst[o, i, :] = src[o, indices[i], :] for src [outer, axis, inner]; every index in 0..axis.
pub fn gather(src: &[f32], dst: &mut [f32], indices: &[i32], axis: usize, inner: usize) {
    let (from, to) = (axis * inner, indices.len() * inner);
    if from == 0 || to == 0 {
        return;
    }
    for (src, dst) in src.chunks_exact(from).zip(dst.chunks_exact_mut(to)) {
        for (&index, dst) in indices.iter().zip(dst.chunks_exact_mut(inner)) {
            copy_run(&src[index as usize * inner..][..inner], dst);
        }
    }
}

/// dst[o, indices[i], :] += src[o, i, :]: the gradient of [`gather`].
pub fn scatter_add(src: &[f32], dst: &mut [f32], indices: &[i32], axis: usize, inner: usize) {
    let (to, from) = (axis * inner, indices.len() * inner);
    if from == 0 || to == 0 {
        return;
    }
    for (src, dst) in src.chunks_exact(from).zip(dst.chunks_exact_mut(to)) {
        for (&index, src) in indices.iter().zip(src.chunks_exact(inner)) {
            axpy(1.0, src, &mut dst[index as usize * inner..][..inner]);
        }
    }
}
