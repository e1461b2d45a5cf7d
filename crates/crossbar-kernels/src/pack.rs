//! Packing: matrices and varied weights into the panels that [`crate::gemm`] reads.

use crate::gemm::{panel_size, panel_width, split, PackColumns, Split};
use crate::lanes::{copy, set, F32x4};
use crate::random::TILE;
use crate::tuning::{COLS, DEPTH, FUSED, ROWS};
use crate::variation::{as_tiles, tile_buffers, Draw, Weights};

const _: () = assert!(DEPTH == TILE, "a panel's depth is one noise tile, so that a block of weights is a block of tiles");

/// out[k·W + w] = rows[w][k]: W rows side by side.
#[inline(always)]
pub(crate) fn interleave<const W: usize>(rows: [&[f32]; W], out: &mut [f32]) {
    let depth = rows[0].len();
    let rows = rows.map(|row| &row[..depth]);
    let out = &mut out[..depth * W];
    let whole = if W % 4 == 0 { depth / 4 * 4 } else { 0 };
    for k in (0..whole).step_by(4) {
        let out = &mut out[k * W..(k + 4) * W];
        for w in (0..W / 4 * 4).step_by(4) {
            let block = F32x4::transpose(core::array::from_fn(|i| F32x4::load(four(&rows[w + i][k..]))));
            for (i, lanes) in block.into_iter().enumerate() {
                lanes.store(four_mut(&mut out[i * W + w..]));
            }
        }
    }
    for k in whole..depth {
        for w in 0..W {
            out[k * W + w] = rows[w][k];
        }
    }
}

/// The same for three pairs of rows, two values at a time.
#[inline(always)]
fn interleave_pairs(rows: [[&[f32]; 2]; 3], out: &mut [f32]) {
    let depth = rows[0][0].len();
    let rows = rows.map(|pair| pair.map(|row| &row[..depth]));
    let (fours, rest) = out[..6 * depth].as_chunks_mut::<24>();
    for (i, out) in fours.iter_mut().enumerate() {
        // Four k of a pair: two vectors of two k.
        let load = |row: &[f32]| F32x4::load(four(&row[4 * i..]));
        let [(a, b), (c, d), (e, f)] = rows.map(|[even, odd]| F32x4::zip(load(even), load(odd)));
        let (low, high) = (F32x4::low_pairs, F32x4::high_pairs);
        let values = [low(a, c), F32x4::low_high(e, a), high(c, e), low(b, d), F32x4::low_high(f, b), high(d, f)];
        for (out, value) in out.as_chunks_mut::<4>().0.iter_mut().zip(values) {
            value.store(out);
        }
    }
    let first = 4 * fours.len();
    for (i, out) in rest.as_chunks_mut::<6>().0.iter_mut().enumerate() {
        for (out, row) in out.iter_mut().zip(rows.as_flattened()) {
            *out = row[first + i];
        }
    }
}

/// The inverse of four rows interleaved: rows[w][k] = from[4·k + w].
pub(crate) fn separate(from: &[f32], rows: [&mut [f32]; 4]) {
    let (quads, _) = from.as_chunks::<4>();
    let depth = quads.len();
    let rows = rows.map(|row| &mut row[..depth]);
    let (blocks, _) = quads.as_chunks::<4>();
    for (i, block) in blocks.iter().enumerate() {
        let lanes = F32x4::transpose(block.each_ref().map(F32x4::load));
        for (w, lanes) in lanes.into_iter().enumerate() {
            lanes.store(four_mut(&mut rows[w][4 * i..]));
        }
    }
    for k in 4 * blocks.len()..depth {
        for w in 0..4 {
            rows[w][k] = quads[k][w];
        }
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

/// Interleaves `count` ≤ `width` ≤ 8 rows given by index; missing ones are zeros.
#[inline(always)]
pub(crate) fn interleave_some<'a>(width: usize, count: usize, row: impl Fn(usize) -> &'a [f32], out: &mut [f32]) {
    let depth = row(0).len();
    // Rows of more than a block are whole fours.
    let none = if depth <= NO_ROW.len() { &NO_ROW[..depth] } else { &[] };
    let rows: [&[f32]; COLS] = core::array::from_fn(|w| if w < count { row(w) } else { none });
    interleave_rows(width, &rows[..if none.is_empty() { count } else { width }], out);
}

/// Interleaves four rows.
pub(crate) fn interleave_four(rows: [&[f32]; 4], out: &mut [f32]) {
    interleave_rows(4, &rows, out);
}

/// A row that isn't there.
static NO_ROW: [f32; DEPTH] = [0.0; DEPTH];

/// One copy for all that pack: what it costs to call is nothing beside the rows.
#[inline(never)]
fn interleave_rows(width: usize, rows: &[&[f32]], out: &mut [f32]) {
    match (width, rows) {
        (8, &[a, b, c, d, e, f, g, h]) => interleave([a, b, c, d, e, f, g, h], out),
        (6, &[a, b, c, d, e, f]) if FUSED => interleave_pairs([[a, b], [c, d], [e, f]], out),
        (5, &[a, b, c, d, e]) if FUSED => interleave([a, b, c, d, e], out),
        (4, &[a, b, c, d]) => interleave([a, b, c, d], out),
        (3, &[a, b, c]) => interleave([a, b, c], out),
        (2, &[a, b]) => interleave([a, b], out),
        (1, &[a]) => copy(a, &mut out[..a.len()]),
        _ => {
            let depth = rows[0].len();
            set(&mut out[..depth * width], 0.0);
            for (w, row) in rows.iter().enumerate() {
                for (k, &value) in row.iter().enumerate() {
                    out[k * width + w] = value;
                }
            }
        }
    }
}

/// out[k·W + w] = from[k·stride + w]: W neighbouring columns of a matrix.
#[inline(always)]
fn gather_rows<const W: usize>(from: &[f32], stride: usize, out: &mut [f32]) {
    let (out, _) = out.as_chunks_mut::<W>();
    for (k, out) in out.iter_mut().enumerate() {
        out.copy_from_slice(&from[k * stride..k * stride + W]);
    }
}

/// Writes `values`, the columns [j0, j0 + len) of one k, into the panels of a block; `k` counts within the block.
#[inline(never)]
pub(crate) fn spread(values: &[f32], k: usize, depth: usize, out: &mut [f32]) {
    let n = values.len();
    let mut j = 0;
    let mut panel = 0;
    while j < n {
        let width = panel_width(j, n);
        let to = &mut out[panel + k * width..panel + (k + 1) * width];
        let count = width.min(n - j);
        if count == 8 {
            F32x4::load(four(&values[j..])).store(four_mut(to));
            F32x4::load(four(&values[j + 4..])).store(four_mut(&mut to[4..]));
        } else {
            copy(&values[j..j + count], &mut to[..count]);
            set(&mut to[count..], 0.0);
        }
        panel += panel_size(depth, width);
        j += width;
    }
}

/// The same for four neighbouring k, whose values fill whole cache lines of a panel together.
#[inline(never)]
fn spread_four(rows: [&[f32]; 4], k: usize, depth: usize, out: &mut [f32]) {
    let panels = rows.map(|row| row.as_chunks::<COLS>().0);
    let size = panel_size(depth, COLS);
    let count = panels[0].len();
    let panels = panels.map(|panels| &panels[..count]);
    for p in 0..count {
        let (to, _) = out[p * size + k * COLS..][..4 * COLS].as_chunks_mut::<COLS>();
        for (to, panels) in to.iter_mut().zip(panels) {
            *to = panels[p];
        }
    }
    if count * COLS < rows[0].len() {
        for (i, row) in rows.into_iter().enumerate() {
            spread(&row[count * COLS..], k + i, depth, &mut out[count * size..]);
        }
    }
}

/// Packs `depth` rows of B.
#[inline(always)]
pub(crate) fn spread_rows<'a>(depth: usize, out: &mut [f32], row: impl Fn(usize) -> &'a [f32]) {
    let fours = depth / 4 * 4;
    for k in (0..fours).step_by(4) {
        spread_four(core::array::from_fn(|i| row(k + i)), k, depth, out);
    }
    for k in fours..depth {
        spread(row(k), k, depth, out);
    }
}

/// A row-major matrix as an operand; `transposed` says that the stored rows run along k's partner.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub values: &'a [f32],
    /// Length of a stored row.
    pub stride: usize,
    /// For A: stored [k, m]. For B: stored [n, k].
    pub transposed: bool,
}

impl Matrix<'_> {
    /// Packs as A, [k block][panel][k][rows].
    pub fn pack_rows(&self, m: usize, k: usize, out: &mut [f32], table: Split) {
        for k0 in (0..k).step_by(DEPTH) {
            let depth = DEPTH.min(k - k0);
            for (i, rows) in split(m, table) {
                let out = &mut out[k0 * m + i * depth..][..rows * depth];
                if self.transposed {
                    let from = &self.values[k0 * self.stride + i..];
                    match rows {
                        6 if FUSED => gather_rows::<6>(from, self.stride, out),
                        5 if FUSED => gather_rows::<5>(from, self.stride, out),
                        4 => gather_rows::<4>(from, self.stride, out),
                        3 => gather_rows::<3>(from, self.stride, out),
                        2 => gather_rows::<2>(from, self.stride, out),
                        _ => gather_rows::<1>(from, self.stride, out),
                    }
                } else {
                    interleave_some(rows, rows, |r| &self.values[(i + r) * self.stride + k0..][..depth], out);
                }
            }
        }
    }
}

impl PackColumns for Matrix<'_> {
    fn as_rows(&self) -> Option<(&[f32], usize)> {
        (!self.transposed).then_some((self.values, self.stride))
    }

    fn pack(&mut self, k0: usize, k1: usize, j0: usize, j1: usize, out: &mut [f32]) {
        let depth = k1 - k0;
        if self.transposed {
            let mut panel = 0;
            let mut j = j0;
            while j < j1 {
                let width = panel_width(j, j1);
                let count = width.min(j1 - j);
                let row = |w: usize| &self.values[(j + w) * self.stride + k0..][..depth];
                interleave_some(width, count, row, &mut out[panel..panel + depth * width]);
                panel += panel_size(depth, width);
                j += width;
            }
        } else {
            spread_rows(depth, out, |k| &self.values[(k0 + k) * self.stride..][j0..j1]);
        }
    }
}

/// Packs the stored rows [row0, row0 + m) of weights as A; the variation is drawn on the way.
pub(crate) fn pack_weight_rows(weights: &Weights, row0: usize, m: usize, out: &mut [f32], table: Split) {
    let k = weights.cols;
    if weights.variation.draw == Draw::None {
        return Matrix { values: &weights.values[row0 * k..], stride: k, transposed: false }.pack_rows(m, k, out, table);
    }
    let mut buffers = tile_buffers(ROWS);
    let buffers = as_tiles(&mut buffers);
    for (tile, k0) in (0..k).step_by(DEPTH).enumerate() {
        let depth = DEPTH.min(k - k0);
        for (i, rows) in split(m, table) {
            for (r, buffer) in buffers.iter_mut().enumerate().take(rows) {
                weights.segment(row0 + i + r, tile, buffer);
            }
            let out = &mut out[k0 * m + i * depth..][..rows * depth];
            interleave_some(rows, rows, |r| &buffers[r][..depth], out);
        }
    }
}

/// Weights as B; the variation is drawn on the way.
pub(crate) struct WeightColumns<'a> {
    pub weights: Weights<'a>,
    /// Stored [n, k]: a stored row is a column of B.
    pub transposed: bool,
}

impl PackColumns for WeightColumns<'_> {
    fn as_rows(&self) -> Option<(&[f32], usize)> {
        let Weights { values, cols, variation, .. } = self.weights;
        (!self.transposed && variation.draw == Draw::None).then_some((values, cols))
    }

    fn pack(&mut self, k0: usize, k1: usize, j0: usize, j1: usize, out: &mut [f32]) {
        let Weights { values, cols, variation, .. } = self.weights;
        if variation.draw == Draw::None {
            return Matrix { values, stride: cols, transposed: self.transposed }.pack(k0, k1, j0, j1, out);
        }
        let depth = k1 - k0;
        if self.transposed {
            // Stored rows are columns here; a block is one tile deep.
            let mut buffers = tile_buffers(COLS);
            let buffers = as_tiles(&mut buffers);
            let mut panel = 0;
            let mut j = j0;
            while j < j1 {
                let width = panel_width(j, j1);
                let count = width.min(j1 - j);
                for (w, buffer) in buffers.iter_mut().enumerate().take(count) {
                    self.weights.segment(j + w, k0 / TILE, buffer);
                }
                interleave_some(width, count, |w| &buffers[w][..depth], &mut out[panel..panel + depth * width]);
                panel += panel_size(depth, width);
                j += width;
            }
        } else {
            // Stored rows are k; a block is one tile wide.
            let mut buffers = tile_buffers(4);
            let buffers = as_tiles(&mut buffers);
            let fours = k0 + depth / 4 * 4;
            for k in (k0..fours).step_by(4) {
                for (i, buffer) in buffers.iter_mut().enumerate() {
                    self.weights.segment(k + i, j0 / TILE, buffer);
                }
                spread_four(core::array::from_fn(|i| &buffers[i][..j1 - j0]), k - k0, depth, out);
            }
            for k in fours..k1 {
                spread(self.weights.segment(k, j0 / TILE, &mut buffers[0]), k - k0, depth, out);
            }
        }
    }
}
