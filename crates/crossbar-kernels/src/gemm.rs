//! Packed matrix product: C[m, n] = Σ_k A[m, k] · B[k, n].
//!
//! A is packed into panels of [`ROWS`] rows or read where it is, B into panels of [`COLS`] columns, k-major, so that the micro-kernel reads
//! contiguous streams and keeps its tile of C in registers. Every element of C is the sum over k in ascending order, in
//! blocks of [`DEPTH`] that depend on nothing but k (a weight gradient's on an image's pixels and its own columns too): edge tiles, batch
//! splits and call order don't change a bit.

use core::ops::Range;

use crate::lanes::{copy, F32x4};
use crate::micro;
use crate::pack::Matrix;
use crate::tiles::{Planes, Tiles, BY_ROWS, OF_ROWS, PACKED};
use crate::tuning::{
    BLOCK_COLS, BLOCK_ROWS, CACHE_WAYS, COLS, DEPTH, FEW_COLS, FEW_ROWS, FEW_TERMS, FUSED, MAX_PACKED, NEAR_VALUES, ONCE_COLS, PAGE_VALUES,
    PANELS, PANEL_GAP, ROWS, ROW_COLS, SHORT_TERMS,
};

/// Floats from one panel of B to the next.
#[inline(always)]
pub(crate) fn panel_size(depth: usize, width: usize) -> usize {
    depth * width + PANEL_GAP
}

/// Buffers that grow to what the largest product needs and are kept.
#[derive(Default)]
pub struct Workspace {
    pub(crate) a: Vec<f32>,
    pub(crate) b: Vec<f32>,
    pub(crate) image: Vec<f32>,
    pub(crate) columns: Vec<f32>,
    pub(crate) kernels: Vec<f32>,
    pub(crate) offsets: Vec<usize>,
}

/// Bytes of a cache line.
const LINE: usize = 64;

/// `n` values of a buffer from the first cache line on, grown if need be; contents are whatever was there. What starts at a
/// line isn't read across two where it is packed in whole vectors.
#[inline]
pub(crate) fn grown<T: Copy + Default>(buffer: &mut Vec<T>, n: usize) -> &mut [T] {
    let most = n + LINE / size_of::<T>();
    if buffer.len() < most {
        buffer.resize(most, T::default());
    }
    let first = buffer.as_ptr().align_offset(LINE);
    &mut buffer[first..first + n]
}

/// Packs B: columns [j0, j0+width) and k [k0, k1) as [k][panel width], zeros beyond the last column.
pub(crate) trait PackColumns {
    /// Writes one block of panels: columns [j0, j1), k [k0, k1); each starts [`panel_size`] after the one before.
    fn pack(&mut self, k0: usize, k1: usize, j0: usize, j1: usize, out: &mut [f32]);

    /// B itself and how far its rows lie apart, where it is there as a matrix [k, n].
    fn as_rows(&self) -> Option<(&[f32], usize)> {
        None
    }
}

/// Width of the panel that starts at column j of n: 8, or 4 where no more than four are left.
#[inline(always)]
pub(crate) fn panel_width(j: usize, n: usize) -> usize {
    if n - j > 4 {
        COLS
    } else {
        4
    }
}

/// A table of how rows are split into panels: see [`PANELS`].
pub(crate) type Split = &'static [usize];

/// Start and rows of every panel of m rows.
#[inline(always)]
pub(crate) fn panels(m: usize) -> impl Iterator<Item = (usize, usize)> {
    split(m, PANELS)
}

/// The same by another table.
#[inline(always)]
pub(crate) fn split(m: usize, table: Split) -> impl Iterator<Item = (usize, usize)> {
    let mut next = 0;
    core::iter::from_fn(move || {
        let i = next;
        (i < m).then(|| {
            next += table[(m - i).min(table.len() - 1)];
            (i, next - i)
        })
    })
}

/// Columns [j0, j1) rounded up to whole panels.
pub(crate) fn padded_cols(n: usize) -> usize {
    n.div_ceil(4) * 4
}

/// Runs of equal panels of m rows, each as (first row, rows, rows of a panel): at most [`BLOCK_ROWS`], which the first-level
/// cache keeps while the columns stream past.
fn runs(m: usize, table: Split) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut panels = split(m, table).peekable();
    core::iter::from_fn(move || {
        let (i, size) = panels.next()?;
        let mut rows = size;
        while rows < BLOCK_ROWS && panels.next_if(|panel| panel.1 == size).is_some() {
            rows += size;
        }
        Some((i, rows, size))
    })
}

/// Columns whose values of B stay in the first-level cache while A streams past.
fn near_columns(depth: usize) -> usize {
    (NEAR_VALUES / depth).max(COLS) / COLS * COLS
}

/// A packed block of A, [panel][k][rows] as `table` splits them, times one of B, [panel][k][columns]: the columns [j0, j1) of C from
/// some k on.
#[inline(never)]
pub(crate) fn multiply_block(
    Shape { m, k: depth, .. }: Shape,
    (a, b): (&[f32], &[f32]),
    (j0, j1): (usize, usize),
    first: bool,
    sink: &mut Planes,
    table: Split,
) {
    let panel = panel_size(depth, COLS);
    let mut j = j0;
    // Sums of few terms from left to right: lines of C are written as a whole, and there are fewer calls.
    let left_to_right = if depth <= SHORT_TERMS { j0 + (j1 - j0) / COLS * COLS } else { j0 };
    while j < left_to_right {
        let count = (near_columns(depth).min(left_to_right - j) / COLS).min(sink.panels_from(j));
        for (i, size) in split(m, table) {
            let b = &b[(j - j0) / COLS * panel..];
            let tiles = Tiles { b, a_row: depth, row: COLS, depth, i, j, cols: COLS, overlap: 0, first, count, beside: Some(panel) };
            tiles.run(PACKED[size - 1][1], (size, COLS), &a[i * depth..(i + size) * depth], sink);
        }
        j += count * COLS;
    }
    for (i, rows, size) in runs(m, table) {
        let a = &a[i * depth..(i + rows) * depth];
        let mut j = left_to_right;
        while j < j1 {
            let width = panel_width(j, j1);
            let b = &b[(j - j0) / COLS * panel..][..depth * width];
            let tiles = Tiles { b, a_row: depth, row: width, depth, i, j, cols: width.min(j1 - j), overlap: 0, first, count: rows / size, beside: None };
            tiles.run(PACKED[size - 1][width / COLS], (size, width), a, sink);
            j += width;
        }
    }
}

/// The product of a packed A, [block of `max_depth` k][panel][k][rows], with columns packed on the way.
pub(crate) fn multiply(
    Shape { m, n, k }: Shape,
    max_depth: usize,
    a: &[f32],
    b: &mut Vec<f32>,
    columns: &mut dyn PackColumns,
    sink: &mut Planes,
) {
    multiply_terms(Shape { m, n, k }, (0, max_depth), a, b, columns, sink);
}

/// The same for k from `start` on alone, where C is added to.
fn multiply_terms(
    Shape { m, n, k }: Shape,
    (start, max_depth): (usize, usize),
    a: &[f32],
    b: &mut Vec<f32>,
    columns: &mut dyn PackColumns,
    sink: &mut Planes,
) {
    let most_panels = BLOCK_COLS.min(padded_cols(n)).div_ceil(COLS) + 1;
    let block = grown(b, most_panels * panel_size(max_depth.min(k - start), COLS));
    // Columns that few rows meet are read where they are: packing them would cost as much as their product.
    let mut from = 0;
    if let (true, Some((values, row))) = (m <= FEW_ROWS && panels(m).all(|(_, rows)| rows > 2), near_rows(columns, k)) {
        // The last panel may overlap the one before, where C isn't added to: it writes some columns twice, to the same bits.
        let overlaps = n >= COLS && k <= max_depth && !sink.accumulate;
        from = if overlaps { n } else { n / COLS * COLS };
        for k0 in (start..k).step_by(max_depth) {
            let depth = max_depth.min(k - k0);
            multiply_few(Shape { m, n: from, k: depth }, &a[(k0 - start) * m..], (&values[k0 * row..], row), k0 == 0, sink);
        }
    }
    for j0 in (from..n).step_by(BLOCK_COLS) {
        let j1 = n.min(j0 + BLOCK_COLS);
        for k0 in (start..k).step_by(max_depth) {
            let k1 = k.min(k0 + max_depth);
            columns.pack(k0, k1, j0, j1, block);
            multiply_block(Shape { m, n, k: k1 - k0 }, (&a[(k0 - start) * m..(k1 - start) * m], block), (j0, j1), k0 == 0, sink, PANELS);
        }
    }
    if k == 0 {
        for i in 0..m {
            for j in (0..n).step_by(4) {
                let (image, pixel) = sink.place(j);
                sink.edge((image, i, pixel), !sink.accumulate, &[0.0; 4][..4.min(n - j)]);
            }
        }
    }
}

/// B as it is, where a first-level cache can keep some columns of k rows: not where too many of them lie whole pages apart.
fn near_rows(columns: &dyn PackColumns, k: usize) -> Option<(&[f32], usize)> {
    columns.as_rows().filter(|(_, row)| k <= CACHE_WAYS || row % PAGE_VALUES > 0)
}

/// A packed block of A times rows of B as they are: whole panels of columns, the last of which may overlap the one before. A few columns meet
/// all panels of A before the next ones do.
#[inline(never)]
fn multiply_few(Shape { m, n, k: depth }: Shape, a: &[f32], (b, row): (&[f32], usize), first: bool, sink: &mut Planes) {
    let near = near_columns(depth);
    for j in (0..n.next_multiple_of(COLS)).step_by(near) {
        let end = n.min(j + near);
        let (count, overlap) = ((end - j).div_ceil(COLS), end.next_multiple_of(COLS) - end);
        // A panel that has no other before it in its run lies further left as a whole.
        let j = if count == 1 { j - overlap } else { j };
        let overlap = if count == 1 { 0 } else { overlap };
        for (i, size) in panels(m) {
            let tiles = Tiles { b: &b[j..], a_row: depth, row, depth, i, j, cols: COLS, overlap, first, count, beside: Some(COLS) };
            tiles.run(BY_ROWS[size - 1][1], (size, COLS), &a[i * depth..(i + size) * depth], sink);
        }
    }
}

/// C [m, n] += or = A·B for the k of a range, in passes of `depth`, with rows of A read where they are, from the range's first k on. What
/// packing costs is saved, but a panel of B comes from the second-level cache for every tile.
pub(crate) fn multiply_rows(
    (m, n): (usize, usize),
    (ks, depth): (Range<usize>, usize),
    (a, row): (&[f32], usize),
    b: &mut Vec<f32>,
    columns: &mut dyn PackColumns,
    sink: &mut Planes,
) {
    let block = grown(b, BLOCK_COLS.min(n).div_ceil(COLS) * panel_size(depth.min(ks.len()), COLS));
    for j in (0..n).step_by(BLOCK_COLS) {
        let cols = BLOCK_COLS.min(n - j);
        for k0 in ks.clone().step_by(depth) {
            let k1 = ks.end.min(k0 + depth);
            columns.pack(k0, k1, j, j + cols, block);
            let (depth, first) = (k1 - k0, k0 == ks.start);
            let (panel, count, left) = (panel_size(depth, COLS), cols / COLS, cols % COLS);
            let rows = |i: usize| &a[i * row + k0 - ks.start..];
            let tiles = Tiles { b: block, a_row: row, row: COLS, depth, i: 0, j, cols: COLS, overlap: 0, first, count, beside: Some(panel) };
            for (i, size) in panels(m).filter(|_| count > 0) {
                Tiles { i, ..tiles }.run(OF_ROWS[size - 1][1], (size, COLS), rows(i), sink);
            }
            for (i, all, size) in runs(m, PANELS).filter(|_| left > 0) {
                let width = panel_width(0, left);
                let (b, count) = (&block[count * panel..], all / size);
                let tiles = Tiles { b, row: width, i, j: j + cols - left, cols: left, count, beside: None, ..tiles };
                tiles.run(OF_ROWS[size - 1][width / COLS], (size, width), rows(i), sink);
            }
        }
    }
}

/// Products of few columns: rows of A are read where they are, since no other columns read them again. B is packed, k by k.
fn multiply_narrow(
    Shape { m, n, k }: Shape,
    a: &[f32],
    b: &mut Vec<f32>,
    columns: &mut dyn PackColumns,
    sink: &mut Planes,
) {
    let panel = panel_size(DEPTH.min(k), COLS);
    let block = grown(b, 2 * panel);
    for k0 in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - k0);
        columns.pack(k0, k0 + depth, 0, n, block);
        let (eight, block) = block.split_at_mut(panel_size(depth, COLS));
        let eight = &eight[..depth * COLS];
        if n <= COLS {
            narrow_rows::<4, 2>((m, k), (a, k0..k0 + depth), |rows| micro::rows_by_eight(rows, eight), n, sink);
        } else {
            let four = &mut block[..depth * 4];
            // Five sums are late where a multiply-add is one instruction.
            if n <= COLS + 2 && !FUSED {
                four.as_chunks_mut::<4>().0.iter_mut().for_each(|b| (b[2], b[3]) = (b[0], b[1]));
                narrow_rows::<2, 3>((m, k), (a, k0..k0 + depth), |rows| micro::pair_by_ten(rows, eight, four), n, sink);
                continue;
            }
            narrow_rows::<3, 3>((m, k), (a, k0..k0 + depth), |rows| micro::rows_by_twelve(rows, eight, four), n, sink);
        }
    }
}

/// R rows at a time; the last stands in for those that aren't there.
#[inline(always)]
fn narrow_rows<const R: usize, const C: usize>(
    (m, k): (usize, usize),
    (a, ks): (&[f32], Range<usize>),
    product: impl Fn([&[f32]; R]) -> [[F32x4; C]; R],
    n: usize,
    sink: &mut Planes,
) {
    let fresh = ks.start == 0 && !sink.accumulate;
    for i in (0..m).step_by(R) {
        let rows = core::array::from_fn(|r| &a[(i + r).min(m - 1) * k..][ks.clone()]);
        let tile = product(rows);
        if fresh && i + R < m {
            sink.rows_before_others(i, tile);
            continue;
        }
        for (r, row) in tile.into_iter().take(m - i).enumerate() {
            sink.edge((0, i + r, 0), fresh, &row.map(F32x4::to_array).as_flattened()[..n]);
        }
    }
}

/// Shape of a product: C is [m, n], the sum runs over k.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Rows of C.
    pub m: usize,
    /// Columns of C.
    pub n: usize,
    /// Terms of each sum.
    pub k: usize,
}

/// C[m, n] = op(A) · op(B), or C + that. Row-major; op(A) is A stored [m, k], or [k, m] with `trans_a`; likewise B.
///
/// # Panics
/// When a slice is shorter than its shape.
pub fn gemm(
    work: &mut Workspace,
    shape: Shape,
    (a, trans_a): (&[f32], bool),
    (b, trans_b): (&[f32], bool),
    c: &mut [f32],
    accumulate: bool,
) {
    let mut columns = Matrix { values: b, stride: if trans_b { shape.k } else { shape.n }, transposed: trans_b };
    product(work, shape, (a, trans_a), &mut columns, c, accumulate, &[]);
}

/// A dense A against columns packed on the way, by one of several ways to the same bits; C = that (+ C) (+ bias).
pub(crate) fn product(
    work: &mut Workspace,
    Shape { m, n, k }: Shape,
    (a, trans_a): (&[f32], bool),
    columns: &mut dyn PackColumns,
    c: &mut [f32],
    accumulate: bool,
    bias: &[f32],
) {
    if !bias.is_empty() {
        for row in c.chunks_exact_mut(n) {
            if accumulate { row.iter_mut().zip(bias).for_each(|(c, bias)| *c += bias) } else { copy(bias, row) }
        }
    }
    let accumulate = accumulate || !bias.is_empty();
    if !trans_a && k > 0 && (COLS / 2 + 1..=FEW_COLS).contains(&n) {
        return multiply_narrow(Shape { m, n, k }, a, &mut work.b, columns, &mut Planes::matrix(c, n, accumulate));
    }
    if let (true, Some((values, row))) = (!trans_a && (1..=FEW_TERMS).contains(&k), near_rows(columns, k)) {
        // The last columns may overlap those before, where C isn't added to.
        if n > 0 && (n % COLS == 0 || n > COLS && !accumulate) {
            let packed = grown(&mut work.a, m * k);
            Matrix { values: a, stride: k, transposed: false }.pack_rows(m, k, packed, PANELS);
            return multiply_few(Shape { m, n, k }, packed, (values, row), true, &mut Planes::matrix(c, n, accumulate));
        }
    }
    if !trans_a && m > FEW_ROWS && k > 0 && n <= ROW_COLS {
        return multiply_rows((m, n), (0..k, DEPTH), (a, k), &mut work.b, columns, &mut Planes::matrix(c, n, accumulate));
    }
    let band = (MAX_PACKED / k.max(1) / ROWS * ROWS).max(ROWS);
    for i0 in (0..m).step_by(band) {
        let rows = band.min(m - i0);
        let (values, stride) = if trans_a { (&a[i0..], m) } else { (&a[i0 * k..], k) };
        let mut sink = Planes::matrix(&mut c[i0 * n..(i0 + rows) * n], n, accumulate);
        // A block that few columns read is packed when it is needed: it is in a cache then.
        let at_once = if n <= ONCE_COLS { DEPTH } else { k.max(1) };
        for k0 in (0..k.max(1)).step_by(at_once) {
            let k1 = k.min(k0 + at_once);
            let packed = grown(&mut work.a, rows * (k1 - k0));
            let values = &values[if trans_a { k0 * m } else { k0 }..];
            Matrix { values, stride, transposed: trans_a }.pack_rows(rows, k1 - k0, packed, PANELS);
            multiply_terms(Shape { m: rows, n, k: k1 }, (k0, DEPTH), packed, &mut work.b, columns, &mut sink);
        }
    }
}

#[cfg(test)]
#[path = "gemm_tests.rs"]
pub(crate) mod tests;
