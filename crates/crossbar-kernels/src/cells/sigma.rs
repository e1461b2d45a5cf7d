//! Standard deviations of written cells.

use crate::lanes::doubles::F64x4;

/// The standard deviation of a cell as a function of a conductance x, both relative to full scale.
#[derive(Clone, Copy)]
pub enum Sigma<'a> {
    /// Σ cᵢ·xⁱ of x bounded to [least, most], lowest order first; never below 0.
    Polynomial {
        /// c
        coefficients: &'a [f64],
        /// Lower bound of x.
        least: f64,
        /// Upper bound of x.
        most: f64,
    },
    /// `middle` where ¼ < (x − off)/(1 − off) < ¾, else `outer`.
    Levels {
        /// Conductance of a cell that is off.
        off: f64,
        /// σ of the outer levels.
        outer: f64,
        /// σ of the middle levels.
        middle: f64,
    },
    /// unit·(the line through points at scale·x); beyond them the nearest one.
    Points {
        /// Factor of x.
        scale: f64,
        /// Factor of the line's values.
        unit: f64,
        /// Places of the points, increasing.
        xs: &'a [f64],
        /// Values at the points.
        ys: &'a [f64],
    },
}

impl<'a> Sigma<'a> {
    /// Reads one from numbers: what kind it is, then its fields in order; points as all places, then all values.
    ///
    /// # Panics
    /// For numbers of no kind.
    pub fn of(numbers: &'a [f64]) -> Self {
        match numbers {
            [0.0, least, most, coefficients @ ..] => Self::Polynomial { coefficients, least: *least, most: *most },
            [1.0, off, outer, middle] => Self::Levels { off: *off, outer: *outer, middle: *middle },
            [2.0, scale, unit, points @ ..] => {
                let (xs, ys) = points.split_at(points.len() / 2);
                Self::Points { scale: *scale, unit: *unit, xs, ys }
            }
            _ => panic!("numbers of a kind"),
        }
    }

    /// σ at four conductances. Not inlined: its kinds are several, and a write asks twice.
    #[inline(never)]
    pub fn at(&self, x: F64x4) -> F64x4 {
        let zero = F64x4::splat(0.0);
        match *self {
            Self::Polynomial { coefficients, least, most } => {
                let x = x.max(F64x4::splat(least)).min(F64x4::splat(most));
                zero.max(coefficients.iter().rev().fold(zero, |sum, &c| sum.mul(x).add(F64x4::splat(c))))
            }
            Self::Levels { off, outer, middle } => {
                let fraction = x.sub(F64x4::splat(off)).div(F64x4::splat(1.0 - off));
                let is_middle = F64x4::splat(0.25).lt(fraction).and(fraction.lt(F64x4::splat(0.75)));
                is_middle.select(F64x4::splat(middle), F64x4::splat(outer))
            }
            Self::Points { scale, unit, xs, ys } => F64x4::new(x.to_array().map(|x| unit * on_line(xs, ys, scale * x))),
        }
    }
}

/// The value at x of the line through points.
fn on_line(xs: &[f64], ys: &[f64], x: f64) -> f64 {
    match xs.partition_point(|&one| one < x) {
        0 => ys[0],
        above if above == xs.len() => ys[above - 1],
        above => {
            let share = (x - xs[above - 1]) / (xs[above] - xs[above - 1]);
            ys[above - 1] + share * (ys[above] - ys[above - 1])
        }
    }
}
