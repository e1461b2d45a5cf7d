//! Converters between numbers and whole codes: those of inputs (quantisation, digits) and those of sums.
//!
//! A signed converter of b bits has the codes −h..=h with h = 2^(b−1) − 1; an unsigned one 0..=h with h = 2^b − 1. Code h stands for the
//! end of the range: a step is range/h. Values beyond the range clip; NaN stays NaN. A range of 0 clips all but 0.

use crate::lanes::{load_at, store_at, F32x4, U32x4};

/// The codes of a converter.
#[derive(Clone, Copy)]
pub struct Codes {
    highest: f32,
    is_signed: bool,
}

impl Codes {
    /// Bits that `f32` counts exactly, the sign included.
    const MOST_BITS: u32 = 24;

    /// Codes of 1 to 24 bits, 2 at least if they are signed.
    pub fn new(bits: u32, is_signed: bool) -> Self {
        assert!(bits > u32::from(is_signed) && bits <= Self::MOST_BITS, "bits that f32 counts exactly");
        Self { highest: ((1 << (bits - u32::from(is_signed))) - 1) as f32, is_signed }
    }

    /// Width of a step.
    #[inline(always)]
    fn step(self, range: F32x4) -> F32x4 {
        range.div(F32x4::splat(self.highest))
    }

    /// The smallest value that doesn't clip.
    #[inline(always)]
    fn lowest(self, end: F32x4) -> F32x4 {
        if self.is_signed {
            end.neg()
        } else {
            F32x4::splat(0.0)
        }
    }

    /// Nearest codes, ties to even.
    #[inline(always)]
    fn of(self, x: F32x4, range: F32x4) -> F32x4 {
        let highest = F32x4::splat(self.highest);
        // Not 0, so that 0/0 is no NaN.
        let step = self.step(range).max(F32x4::splat(f32::MIN_POSITIVE));
        x.div(step).nearest().max(self.lowest(highest)).min(highest)
    }
}

/// An array [.., columns, inner] whose columns have their own range, and factor of the result.
#[derive(Clone, Copy)]
pub struct Columns<'a> {
    /// End of the range, ≥ 0, of each column.
    pub range: &'a [f32],
    /// Factor of each column.
    pub scale: &'a [f32],
    /// Consecutive values of a column.
    pub inner: usize,
}

impl Columns<'_> {
    /// y[i] = f(x[i], range, scale, y[i]) in lanes. Returns how many values of x are beyond their range.
    #[inline(always)]
    fn each(&self, codes: Codes, x: &[f32], y: &mut [f32], f: impl Fn([F32x4; 4]) -> F32x4) -> u32 {
        let columns = self.range.len();
        let mut clipped = U32x4::splat(0);
        let mut four = |x: F32x4, range: F32x4, scale: F32x4, y: F32x4| {
            // A mask is −1.
            clipped = clipped.sub(range.lt(x).or(x.lt(codes.lowest(range))));
            f([x, range, scale, y])
        };
        if self.inner == 1 && columns > 1 {
            for (x, y) in x.chunks(columns).zip(y.chunks_mut(columns)) {
                for at in (0..columns).step_by(4) {
                    let [x, range, scale] = [x, self.range, self.scale].map(|values| load_at(values, at));
                    store_at(four(x, range, scale, load_at(y, at)), y, at);
                }
            }
        } else {
            // A run is a column's consecutive values, or everything. What depends on the column alone is computed once for it.
            let run = if columns == 1 { x.len() } else { self.inner }.max(1);
            for (index, (x, y)) in x.chunks(run).zip(y.chunks_mut(run)).enumerate() {
                let [range, scale] = [self.range, self.scale].map(|values| F32x4::splat(values[index % columns]));
                let ((x, rest), (y, y_rest)) = (x.as_chunks::<4>(), y.as_chunks_mut::<4>());
                for (x, y) in x.iter().zip(y) {
                    four(F32x4::load(x), range, scale, F32x4::load(y)).store(y);
                }
                if !rest.is_empty() {
                    store_at(four(load_at(rest, 0), range, scale, load_at(y_rest, 0)), y_rest, 0);
                }
            }
        }
        clipped.to_array().iter().sum()
    }
}

/// y = scale·step·code(x), or y + that. Returns how many values clip.
pub fn convert(codes: Codes, columns: Columns, x: &[f32], y: &mut [f32], accumulate: bool) -> u32 {
    columns.each(codes, x, y, |[x, range, scale, y]| {
        let value = scale.mul(codes.step(range)).mul(codes.of(x, range));
        // 0 + −0 is 0.
        (if accumulate { y } else { F32x4::splat(0.0) }).add(value)
    })
}

/// y = scale·digit(x): the digits of the codes' magnitudes that have `width` bits from bit `shift` on, with the codes' signs; of one bit,
/// planes of −1, 0 and 1. Returns how many values clip.
pub fn digits(codes: Codes, columns: Columns, shift: u32, width: u32, x: &[f32], y: &mut [f32]) -> u32 {
    assert!(shift < Codes::MOST_BITS && width <= Codes::MOST_BITS, "bits of a code");
    let mask = U32x4::splat((1 << width) - 1);
    columns.each(codes, x, y, |[x, range, scale, _]| {
        let code = codes.of(x, range);
        let digit = U32x4::from_f32(code.abs()).shr(shift).and(mask).to_f32_signed();
        let signed = code.lt(F32x4::splat(0.0)).select(F32x4::splat(0.0).sub(digit), digit);
        // What has no code becomes no number.
        x.eq(x).select(signed.mul(scale), x)
    })
}

#[cfg(test)]
#[path = "converters_tests.rs"]
mod tests;
