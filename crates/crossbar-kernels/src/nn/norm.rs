//! Batch normalisation over [n, c, spatial], with the batch's own statistics or with frozen ones.
//!
//! Channels are walked outermost: a channel's values stay in the second cache between the passes over them.

use crate::arrays::elementwise::{map, zip};
use crate::arrays::reduce::{sum, sum_of, sum_of_pairs};
use crate::lanes::{load_at, store_tail, F32x4};

/// Size of the normalised array: samples, channels, values of a channel in one sample.
#[derive(Clone, Copy, Debug)]
pub struct NormSize {
    /// Samples.
    pub n: usize,
    /// Channels.
    pub c: usize,
    /// Values of one channel in one sample.
    pub spatial: usize,
}

impl NormSize {
    /// The plane of channel `c` in every sample.
    fn planes(self, c: usize) -> impl Iterator<Item = core::ops::Range<usize>> {
        (0..self.n).map(move |n| {
            let start = (n * self.c + c) * self.spatial;
            start..start + self.spatial
        })
    }

    fn check(self, len: usize, channels: [usize; 2]) {
        assert!(len == self.n * self.c * self.spatial && channels == [self.c; 2]);
    }
}

/// y = x·scale + shift over the planes of a channel. With spatial 1 the planes are single numbers.
fn scale_shift(x: &[f32], y: &mut [f32], size: NormSize, c: usize, scale: f32, shift: f32) {
    let (scale, shift) = (F32x4::splat(scale), F32x4::splat(shift));
    for plane in size.planes(c) {
        map(&x[plane.clone()], &mut y[plane], |x| x.mul(scale).add(shift));
    }
}

/// Mean and biased variance of every channel, in two passes.
pub fn statistics(x: &[f32], mean: &mut [f32], variance: &mut [f32], size: NormSize) {
    size.check(x.len(), [mean.len(), variance.len()]);
    if size.spatial == 1 {
        return column_statistics(x, mean, variance, size);
    }
    for c in 0..size.c {
        channel_statistics(x, &mut mean[c], &mut variance[c], size, c);
    }
}

fn channel_statistics(x: &[f32], mean: &mut f32, variance: &mut f32, size: NormSize, c: usize) {
    let count = (size.n * size.spatial) as f64;
    let exact = size.planes(c).map(|plane| sum(&x[plane])).sum::<f64>() / count;
    *mean = exact as f32;
    let centre = F32x4::splat(*mean);
    let square = |x: F32x4| x.sub(centre).mul(x.sub(centre));
    let second = size.planes(c).map(|plane| sum_of(&x[plane], square)).sum::<f64>() / count;
    // The centre was rounded: its error's square comes off again.
    *variance = (second - (exact - f64::from(*mean)).powi(2)).max(0.0) as f32;
}

/// The same for planes of one value, x [n, c]: row after row, in f64.
fn column_statistics(x: &[f32], mean: &mut [f32], variance: &mut [f32], size: NormSize) {
    let (mut m, mut v) = (vec![0.0f64; size.c], vec![0.0f64; size.c]);
    for row in x.chunks_exact(size.c.max(1)) {
        m.iter_mut().zip(row).for_each(|(m, &x)| *m += f64::from(x));
    }
    m.iter_mut().for_each(|m| *m /= size.n as f64);
    for row in x.chunks_exact(size.c.max(1)) {
        v.iter_mut().zip(&m).zip(row).for_each(|((v, m), &x)| *v += (f64::from(x) - m).powi(2));
    }
    for c in 0..size.c {
        mean[c] = m[c] as f32;
        variance[c] = (v[c] / size.n as f64) as f32;
    }
}

/// 1/√(variance + epsilon).
fn inverse_deviation(variance: f32, epsilon: f32) -> f32 {
    1.0 / (variance + epsilon).sqrt()
}

/// Scale and shift of every channel, [c] each.
#[derive(Clone, Copy)]
pub struct Affine<'a> {
    /// Scale.
    pub gamma: &'a [f32],
    /// Shift.
    pub beta: &'a [f32],
}

/// Statistics of every channel, [c] each.
#[derive(Clone, Copy)]
pub struct Statistics<'a> {
    /// Mean.
    pub mean: &'a [f32],
    /// Biased variance.
    pub variance: &'a [f32],
}

/// y = (x − mean)/√(variance + epsilon)·gamma + beta with given statistics.
pub fn normalise(x: &[f32], affine: Affine, statistics: Statistics, y: &mut [f32], size: NormSize, epsilon: f32) {
    let (Affine { gamma, beta }, Statistics { mean, variance }) = (affine, statistics);
    size.check(x.len(), [gamma.len(), beta.len()]);
    size.check(y.len(), [mean.len(), variance.len()]);
    let scales: Vec<f32> = (0..size.c).map(|c| gamma[c] * inverse_deviation(variance[c], epsilon)).collect();
    let shifts: Vec<f32> = (0..size.c).map(|c| beta[c] - mean[c] * scales[c]).collect();
    if size.spatial == 1 {
        for (x, y) in x.chunks_exact(size.c.max(1)).zip(y.chunks_exact_mut(size.c.max(1))) {
            rows3(x, &scales, &shifts, y, |x, scale, shift| x.mul(scale).add(shift));
        }
        return;
    }
    for c in 0..size.c {
        scale_shift(x, y, size, c, scales[c], shifts[c]);
    }
}

/// y[i] = f(a[i], b[i], c[i]).
#[inline(always)]
fn rows3(a: &[f32], b: &[f32], c: &[f32], y: &mut [f32], f: impl Fn(F32x4, F32x4, F32x4) -> F32x4) {
    for (strip, y) in y.chunks_mut(4).enumerate() {
        let at = strip * 4;
        store_tail(f(load_at(a, at), load_at(b, at), load_at(c, at)), y);
    }
}

/// Statistics to be written, [c] each.
pub struct StatisticsMut<'a> {
    /// Mean.
    pub mean: &'a mut [f32],
    /// Biased variance.
    pub variance: &'a mut [f32],
}

/// Statistics of the batch, then [`normalise`] with them: one pass over memory for arrays beyond the cache.
pub fn normalise_batch(
    x: &[f32],
    affine: Affine,
    y: &mut [f32],
    statistics_out: StatisticsMut,
    size: NormSize,
    epsilon: f32,
) {
    let (Affine { gamma, beta }, StatisticsMut { mean, variance }) = (affine, statistics_out);
    size.check(x.len(), [gamma.len(), beta.len()]);
    if size.spatial == 1 {
        statistics(x, mean, variance, size);
        return normalise(x, affine, Statistics { mean, variance }, y, size, epsilon);
    }
    for c in 0..size.c {
        channel_statistics(x, &mut mean[c], &mut variance[c], size, c);
        let scale = gamma[c] * inverse_deviation(variance[c], epsilon);
        scale_shift(x, y, size, c, scale, beta[c] - mean[c] * scale);
    }
}

/// What the forward pass normalised with.
#[derive(Clone, Copy)]
pub struct Normalised<'a> {
    /// Size of x.
    pub size: NormSize,
    /// Scale of every channel.
    pub gamma: &'a [f32],
    /// Statistics of every channel.
    pub statistics: Statistics<'a>,
    /// Added to the variance.
    pub epsilon: f32,
    /// Whether the statistics were given: no gradient flows through them.
    pub is_frozen: bool,
}

/// Gradients to be written.
pub struct Gradients<'a> {
    /// Like x; `None` if it isn't needed.
    pub dx: Option<&'a mut [f32]>,
    /// [c]
    pub dgamma: &'a mut [f32],
    /// [c]
    pub dbeta: &'a mut [f32],
}

/// Gradients of both forms.
///
/// With x̂ = (x − mean)/√(variance + epsilon): dbeta = Σ dy, dgamma = Σ dy·x̂, and dx = gamma/√(variance + epsilon)·dy for frozen
/// statistics, ·(dy − dbeta/m − x̂·dgamma/m) for the batch's own, m = n·spatial.
pub fn gradient(layer: &Normalised, x: &[f32], dy: &[f32], out: Gradients) {
    let Normalised { size, gamma, statistics: Statistics { mean, variance }, epsilon, is_frozen } = *layer;
    let Gradients { mut dx, dgamma, dbeta } = out;
    size.check(x.len(), [gamma.len(), mean.len()]);
    size.check(dy.len(), [dgamma.len(), dbeta.len()]);
    let count = (size.n * size.spatial) as f32;
    for c in 0..size.c {
        let inverse = inverse_deviation(variance[c], epsilon);
        let centre = F32x4::splat(mean[c]);
        let (mut total, mut product) = (0.0f64, 0.0f64);
        for plane in size.planes(c) {
            total += sum(&dy[plane.clone()]);
            product += sum_of_pairs(&x[plane.clone()], &dy[plane], |x, dy| x.sub(centre).mul(dy));
        }
        dbeta[c] = total as f32;
        dgamma[c] = product as f32 * inverse;
        let Some(dx) = dx.as_deref_mut() else { continue };
        let scale = F32x4::splat(gamma[c] * inverse);
        if is_frozen {
            for plane in size.planes(c) {
                map(&dy[plane.clone()], &mut dx[plane], |dy| dy.mul(scale));
            }
            continue;
        }
        let offset = F32x4::splat(dbeta[c] / count);
        let slope = F32x4::splat(dgamma[c] / count * inverse);
        for plane in size.planes(c) {
            zip(&x[plane.clone()], &dy[plane.clone()], &mut dx[plane], |x, dy| {
                dy.sub(offset).sub(x.sub(centre).mul(slope)).mul(scale)
            });
        }
    }
}
