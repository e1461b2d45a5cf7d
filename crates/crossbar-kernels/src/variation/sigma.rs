//! Standard deviation of a weight's variation, as a function of |w|/s_max.

use crate::lanes::{load_at, store_at, F32x4, U32x4};

/// σ of a weight w, in its units.
#[derive(Clone, Copy, Debug)]
pub enum Sigma<'a> {
    /// The same for all weights.
    Uniform(f32),
    /// `middle` where 0.25 < |w|/s_max < 0.75, `outer` elsewhere.
    Levels {
        /// Near 0 and near s_max.
        outer: f32,
        /// In between.
        middle: f32,
    },
    /// Piecewise linear through two values or more, at equal distances of |w|/s_max from 0 to 1; the last one above.
    Table(&'a [f32]),
}

impl Sigma<'_> {
    /// σ by level; [`Sigma::Uniform`], whose products are faster, where both are equal.
    pub fn levels(outer: f32, middle: f32) -> Self {
        if outer == middle {
            Self::Uniform(outer)
        } else {
            Self::Levels { outer, middle }
        }
    }

    /// Whether no weight varies.
    pub fn is_zero(&self) -> bool {
        match *self {
            Self::Uniform(sigma) => sigma == 0.0,
            Self::Levels { outer, middle } => outer == 0.0 && middle == 0.0,
            Self::Table(values) => values.iter().all(|&sigma| sigma == 0.0),
        }
    }

    /// σ of each weight.
    #[inline(never)]
    pub(super) fn write(&self, s_max: f32, w: &[f32], out: &mut [f32]) {
        for at in (0..w.len()).step_by(4) {
            store_at(self.of(s_max, load_at(w, at)), out, at);
        }
    }

    /// σ of four weights.
    #[inline(always)]
    fn of(&self, s_max: f32, w: F32x4) -> F32x4 {
        let magnitude = w.abs();
        match *self {
            Self::Uniform(sigma) => F32x4::splat(sigma),
            Self::Levels { outer, middle } => {
                let above = F32x4::splat(0.25 * s_max).lt(magnitude);
                let is_middle = above.and(magnitude.lt(F32x4::splat(0.75 * s_max)));
                is_middle.select(F32x4::splat(middle), F32x4::splat(outer))
            }
            Self::Table(values) => {
                let last = F32x4::splat((values.len() - 1) as f32);
                // Not 0, so that a weight of 0 is at the first value in any case.
                let full = F32x4::splat(if s_max > 0.0 { s_max } else { f32::MIN_POSITIVE });
                interpolate(values, magnitude.div(full).mul(last).min(last))
            }
        }
    }
}

/// Values at four positions, from 0 to the last index; NaN at NaN.
#[inline(always)]
fn interpolate(values: &[f32], at: F32x4) -> F32x4 {
    let left = at.min(F32x4::splat((values.len() - 2) as f32)).floor();
    let index = U32x4::from_f32(left).to_array();
    let value = |offset: usize| F32x4::load(&index.map(|i| values[i as usize + offset]));
    let share = at.sub(left);
    // Exact at both ends.
    value(0).mul(F32x4::splat(1.0).sub(share)).add(value(1).mul(share))
}
