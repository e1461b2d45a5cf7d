//! What maximum and average pooling share: the geometry of one axis, and rows of windows of two places side by side.

use crate::lanes::{copy, F32x4};
use core::ops::Range;

/// One axis of a pooling: sizes, window, and the padding before the first value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolAxis {
    /// Input size.
    pub size: usize,
    /// Output size.
    pub out: usize,
    /// Window size.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// Padding before.
    pub before: usize,
    /// Padding after: only an average that counts its padding reads it.
    pub after: usize,
    /// Step inside the window.
    pub dilation: usize,
}

impl PoolAxis {
    /// The places of window `o` inside the input, as a range of window indices.
    pub(crate) fn inside(&self, o: usize) -> Range<usize> {
        let start = o * self.stride;
        let first = self.before.saturating_sub(start).div_ceil(self.dilation);
        let end = (self.size + self.before).saturating_sub(start).div_ceil(self.dilation).min(self.kernel);
        first.min(end)..end
    }

    /// The input place of window index `k` of window `o`.
    pub(crate) fn place(&self, o: usize, k: usize) -> usize {
        o * self.stride + k * self.dilation - self.before
    }

    pub(crate) fn is_halving(&self) -> bool {
        let Self { kernel, stride, before, dilation, .. } = *self;
        (kernel, stride, before, dilation) == (2, 2, 0, 1) && self.out * 2 <= self.size
    }
}

/// Where groups of four of `count` ≥ 4 places start; the last one overlaps, so that no tail is left.
#[inline(always)]
pub(crate) fn groups(count: usize) -> impl Iterator<Item = usize> {
    (0..count / 4).map(|i| 4 * i).chain((count % 4 != 0).then(|| count - 4))
}

/// The left and the right places of the four pairs from pair `i` on.
#[inline(always)]
pub(crate) fn pairs(row: &[f32], i: usize) -> (F32x4, F32x4) {
    let [low, high] = halves(row[2 * i..].first_chunk().expect("four pairs inside"));
    F32x4::unzip(low, high)
}

#[inline(always)]
pub(crate) fn halves(eight: &[f32; 8]) -> [F32x4; 2] {
    let (fours, _) = eight.as_chunks::<4>();
    [F32x4::load(&fours[0]), F32x4::load(&fours[1])]
}

/// Up to eight values, zeros above.
pub(crate) fn padded(row: &[f32]) -> [f32; 8] {
    let mut eight = [0.0; 8];
    copy(row, &mut eight[..row.len()]);
    eight
}

#[inline(always)]
pub(crate) fn store_row(value: F32x4, row: &mut [f32]) {
    value.store(row.first_chunk_mut().expect("four places are left"));
}
