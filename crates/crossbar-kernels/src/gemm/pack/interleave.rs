//! Rows interleaved into panels, and back.

use crate::lanes::{copy, four, four_mut, set, F32x4};
use crate::tuning::{COLS, DEPTH, FUSED};

/// out[k·W + w] = rows[w][k]: W rows interleaved.
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

/// [`interleave`] of six rows as three pairs, two values at a time.
#[inline(always)]
fn interleave_pairs(rows: [[&[f32]; 2]; 3], out: &mut [f32]) {
    let depth = rows[0][0].len();
    let rows = rows.map(|pair| pair.map(|row| &row[..depth]));
    let (vectors, rest) = out[..6 * depth].as_chunks_mut::<24>();
    for (i, out) in vectors.iter_mut().enumerate() {
        // Four k of a pair: two vectors of two k.
        let load = |row: &[f32]| F32x4::load(four(&row[4 * i..]));
        let [(a, b), (c, d), (e, f)] = rows.map(|[even, odd]| F32x4::zip(load(even), load(odd)));
        let (low, high) = (F32x4::low_pairs, F32x4::high_pairs);
        let values = [low(a, c), F32x4::low_high(e, a), high(c, e), low(b, d), F32x4::low_high(f, b), high(d, f)];
        for (out, value) in out.as_chunks_mut::<4>().0.iter_mut().zip(values) {
            value.store(out);
        }
    }
    let first = 4 * vectors.len();
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

/// Interleaves `count` ≤ `width` ≤ 8 rows given by index; the others are zeros.
#[inline(always)]
pub(crate) fn interleave_some<'a>(width: usize, count: usize, row: impl Fn(usize) -> &'a [f32], out: &mut [f32]) {
    let depth = row(0).len();
    // Longer rows always come `width` at a time.
    let zeros = if depth <= ZEROS.len() { &ZEROS[..depth] } else { &[] };
    let rows: [&[f32]; COLS] = core::array::from_fn(|w| if w < count { row(w) } else { zeros });
    interleave_rows(width, &rows[..if zeros.is_empty() { count } else { width }], out);
}

/// Interleaves four rows.
pub(crate) fn interleave_four(rows: [&[f32]; 4], out: &mut [f32]) {
    interleave_rows(4, &rows, out);
}

/// A row of zeros.
static ZEROS: [f32; DEPTH] = [0.0; DEPTH];

/// Not inlined: one copy of the code for all callers, and the call costs little compared with the rows.
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
