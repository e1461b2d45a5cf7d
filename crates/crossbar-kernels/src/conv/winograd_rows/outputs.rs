//! Sums in the Winograd domain to outputs, with bias, ReLU and 2×2 max pool.

use super::filters::Filter;
use crate::arrays::reduce::pick;
use crate::lanes::F32x4;

/// What is summed at a time before it becomes outputs: some rows of outputs of some kernels. With one channel, sums are so short
/// that only many rows are worth the start of the loop over them.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub kernels: usize,
    pub height: usize,
}

impl Block {
    pub fn of(channels: usize, kernels: usize, height: usize) -> Self {
        if channels == 1 {
            Self { kernels: 1, height: height.max(2) }
        } else {
            Self { kernels, height: 2 }
        }
    }

    /// Rows of all its kernels.
    pub fn size(self) -> usize {
        self.kernels * self.height
    }

    /// The first kernel and row of each block.
    pub fn starts(self, kernels: usize, height: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..height).step_by(self.height).flat_map(move |top| (0..kernels).step_by(self.kernels).map(move |i| (i, top)))
    }
}

/// The sums of a block, four images interleaved.
pub(super) struct Sums<'a> {
    /// [kernel][row][patch][point][image]
    pub values: &'a [[f32; 4]],
    pub block: Block,
    /// Rows of the block that exist.
    pub count: usize,
    /// Patches and outputs of a row.
    pub patches: usize,
    pub width: usize,
    /// From the block's first kernel on, or empty.
    pub bias: &'a [f32],
    pub is_rectified: bool,
}

impl Sums<'_> {
    /// Every kernel: its rows of patches, and its bias.
    fn kernels<const P: usize>(&self) -> impl Iterator<Item = (&[[[f32; 4]; P]], F32x4)> + '_ {
        let bias = |i: usize| if self.bias.is_empty() { 0.0 } else { self.bias[i] };
        let sums = self.values.as_chunks().0.chunks_exact(self.block.height * self.patches).enumerate();
        sums.map(move |(i, rows)| (&rows[..self.count * self.patches], F32x4::splat(bias(i))))
    }

    #[inline(always)]
    fn finished(&self, y: F32x4) -> F32x4 {
        if self.is_rectified {
            y.max(F32x4::splat(0.0))
        } else {
            y
        }
    }

    /// Writes the outputs; planes of kernels are `plane` apart.
    #[inline(never)]
    pub fn write<const N: usize, const P: usize, const T: usize, F: Filter<N, P, T>>(
        &self,
        out: &mut [f32],
        plane: usize,
    ) {
        for (i, (rows, bias)) in self.kernels::<P>().enumerate() {
            for (patches, out) in rows.chunks_exact(self.patches).zip(out[i * plane..].chunks_exact_mut(4 * self.width))
            {
                let out = out.as_chunks_mut::<4>().0.chunks_mut(T);
                for (points, out) in patches.iter().zip(out) {
                    for (to, value) in out.iter_mut().zip(outputs_of::<N, P, T, F>(points, bias)) {
                        self.finished(value).store(to);
                    }
                }
            }
        }
    }

    /// Writes the largest of each 2×2 outputs, and its position; planes of kernels are `plane` apart.
    #[inline(never)]
    pub fn write_pooled<const N: usize, const P: usize, const T: usize, F: Filter<N, P, T>>(
        &self,
        out: &mut [f32],
        mut positions: Option<&mut [f32]>,
        plane: usize,
    ) {
        let zero = F32x4::splat(0.0);
        let half = self.width / 2;
        for (i, (rows, bias)) in self.kernels::<P>().enumerate() {
            for (y, rows) in rows.chunks_exact(2 * self.patches).enumerate() {
                let (top, bottom) = rows.split_at(self.patches);
                let at = i * plane + 4 * y * half;
                // An odd patch and the next one have whole pairs of outputs.
                let together = 1 + T % 2;
                let count = together * T / 2;
                let out = out[at..][..4 * half].as_chunks_mut::<4>().0.chunks_mut(count);
                let mut positions =
                    positions.as_deref_mut().map(|positions| positions[at..][..4 * half].as_chunks_mut::<4>().0);
                for (first, out) in out.enumerate() {
                    let outputs = |row: &[[[f32; 4]; P]]| {
                        let mut all = [zero; 10];
                        for (i, all) in all.chunks_exact_mut(T).take(together).enumerate() {
                            let patch = (together * first + i).min(self.patches - 1);
                            all.copy_from_slice(&outputs_of::<N, P, T, F>(&row[patch], bias));
                        }
                        all
                    };
                    let y = outputs(top);
                    let best: [_; 5] = core::array::from_fn(|x| pick((y[2 * x], zero), y[2 * x + 1], 1.0));
                    let y = outputs(bottom);
                    let best: [_; 5] = core::array::from_fn(|x| pick(pick(best[x], y[2 * x], 2.0), y[2 * x + 1], 3.0));
                    for (x, (to, (value, position))) in out.iter_mut().zip(best).enumerate() {
                        self.finished(value).store(to);
                        if let Some(positions) = &mut positions {
                            position.store(&mut positions[count * first + x]);
                        }
                    }
                }
            }
        }
    }
}

/// The outputs of a patch.
#[inline(always)]
fn outputs_of<const N: usize, const P: usize, const T: usize, F: Filter<N, P, T>>(
    points: &[[f32; 4]; P],
    bias: F32x4,
) -> [F32x4; T] {
    F::to_output(core::array::from_fn(|p| F32x4::load(&points[p]))).map(|y| y.add(bias))
}
