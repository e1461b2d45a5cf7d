//! Rows of B distributed over the panels of a cache block.

use crate::gemm::panels::{panel_size, panel_width};
use crate::lanes::{copy, four, four_mut, set, F32x4};
use crate::tuning::COLS;

/// Writes `values`, the columns [j0, j0 + len) of one row k of B, into the panels of a cache block; `k` counts within the block.
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

/// [`spread`] of four neighbouring k, whose values fill whole cache lines of a panel.
#[inline(never)]
pub(crate) fn spread_four(rows: [&[f32]; 4], k: usize, depth: usize, out: &mut [f32]) {
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
    let vectors = depth / 4 * 4;
    for k in (0..vectors).step_by(4) {
        spread_four(core::array::from_fn(|i| row(k + i)), k, depth, out);
    }
    for k in vectors..depth {
        spread(row(k), k, depth, out);
    }
}
