//! The values along an axis, one by one, in doubles: products, norms and log-sums of exponentials, cumulative sums and products.

use super::codes::codes;
use crate::lanes::doubles::{math, F64x4};
use crate::lanes::{max_or_nan, F32x4};

/// The values of x [outer, len, inner] for one o and i.
pub(super) struct Line {
    start: usize,
    step: usize,
    len: usize,
}

impl Line {
    /// All lines of an array, in the order of the array [outer, inner].
    fn all(size: usize, len: usize, inner: usize) -> impl Iterator<Item = Self> {
        (0..size / (len * inner).max(1))
            .flat_map(move |o| (0..inner).map(move |i| Self { start: o * len * inner + i, step: inner, len }))
    }

    #[inline(always)]
    fn at(&self, l: usize) -> usize {
        self.start + l * self.step
    }

    /// f over the line's values in four lanes; `neutral` fills the last vector.
    #[inline(always)]
    fn fold(&self, x: &[f32], start: f64, neutral: f32, f: impl Fn(F64x4, F64x4) -> F64x4) -> [f64; 4] {
        let mut result = F64x4::splat(start);
        for first in (0..self.len).step_by(4) {
            let at = |l: usize| if first + l < self.len { x[self.at(first + l)] } else { neutral };
            result = f(result, F64x4::from_f32(F32x4::load(&[at(0), at(1), at(2), at(3)])));
        }
        result.to_array()
    }

    fn max(&self, x: &[f32]) -> f32 {
        let mut best = F32x4::splat(f32::NEG_INFINITY);
        for l in 0..self.len {
            best = max_or_nan(best, F32x4::splat(x[self.at(l)]));
        }
        best.to_array()[0]
    }

    pub(super) fn product(&self, x: &[f32]) -> f64 {
        self.fold(x, 1.0, 1.0, F64x4::mul).iter().product()
    }

    /// √Σ x²
    pub(super) fn norm(&self, x: &[f32]) -> f64 {
        self.fold(x, 0.0, 0.0, |sum, x| sum.add(x.mul(x))).iter().sum::<f64>().sqrt()
    }

    /// ln Σ e^x
    pub(super) fn log_sum_exp(&self, x: &[f32]) -> f64 {
        let shift = f64::from(self.max(x));
        if !shift.is_finite() {
            return shift;
        }
        let shift4 = F64x4::splat(shift);
        let sums = self.fold(x, 0.0, f32::NEG_INFINITY, |sum, x| sum.add(math::exp(x.sub(shift4))));
        math::ln(F64x4::splat(sums.iter().sum())).to_array()[0] + shift
    }
}

/// y[o, i] = f of a line of x [outer, len, inner], len ≥ 1.
#[inline(always)]
pub(super) fn reduce(x: &[f32], y: &mut [f32], len: usize, inner: usize, f: impl Fn(&Line, &[f32]) -> f64) {
    for (line, y) in Line::all(x.len(), len, inner).zip(y) {
        *y = f(&line, x) as f32;
    }
}

/// dx *= slope(x, y) for x and dx [outer, len, inner] and y [outer, inner].
#[inline(always)]
pub(super) fn scale(x: &[f32], y: &[f32], dx: &mut [f32], len: usize, inner: usize, slope: impl Fn(f64, f64) -> f64) {
    for (line, &y) in Line::all(x.len(), len, inner).zip(y) {
        for l in 0..len {
            let at = line.at(l);
            dx[at] = (f64::from(dx[at]) * slope(x[at].into(), y.into())) as f32;
        }
    }
}

codes! {
    /// A cumulative function, by its index in the code table of the wasm surface.
    Scan, SCANS:
    /// Σ of the values so far.
    Sum,
    /// Their product.
    Product,
}

/// Which values a cumulative function has taken at a place.
#[derive(Clone, Copy)]
pub struct Order {
    /// Without the value of the place itself.
    pub is_exclusive: bool,
    /// From the end.
    pub is_reverse: bool,
}

impl Order {
    /// The place that comes l-th.
    #[inline(always)]
    fn place(self, line: &Line, l: usize) -> usize {
        line.at(if self.is_reverse { line.len - 1 - l } else { l })
    }
}

/// y[o, l, i] = f of x[o, 0..=l, i]; both [outer, len, inner].
pub fn scan(op: Scan, order: Order, x: &[f32], y: &mut [f32], len: usize, inner: usize) {
    for line in Line::all(x.len(), len, inner) {
        let mut total = if op == Scan::Sum { 0.0 } else { 1.0f64 };
        for l in 0..len {
            let at = order.place(&line, l);
            let value = f64::from(x[at]);
            let next = if op == Scan::Sum { total + value } else { total * value };
            y[at] = if order.is_exclusive { total } else { next } as f32;
            total = next;
        }
    }
}

/// Gradient of a cumulative product, exact where values are 0. All [outer, len, inner].
pub fn scan_product_gradient(order: Order, x: &[f32], dy: &[f32], dx: &mut [f32], len: usize, inner: usize) {
    let mut before = vec![0.0; len];
    for line in Line::all(x.len(), len, inner) {
        line_gradient(order, &line, x, dx, &mut before, |_, at| dy[at]);
    }
}

/// Gradient of a product over l, the last value of the cumulative one. x and dx [outer, len, inner], dy [outer, inner].
pub fn product_gradient(x: &[f32], dy: &[f32], dx: &mut [f32], len: usize, inner: usize) {
    let mut before = vec![0.0; len];
    let order = Order { is_exclusive: false, is_reverse: false };
    for (line, &dy) in Line::all(x.len(), len, inner).zip(dy) {
        line_gradient(order, &line, x, dx, &mut before, |l, _| if l + 1 == len { dy } else { 0.0 });
    }
}

/// dx[k] = Π_{j<k} x[j] · Σ_{l≥k} dy[l]·Π_{k<j≤l} x[j], the sum by Horner's scheme from the end; exclusive: l > k and j < l.
///
/// `before` is scratch memory of a line's length; `dy` is given l and its place.
#[inline(never)]
fn line_gradient(
    order: Order,
    line: &Line,
    x: &[f32],
    dx: &mut [f32],
    before: &mut [f64],
    dy: impl Fn(usize, usize) -> f32,
) {
    let mut product = 1.0;
    for (l, before) in before.iter_mut().enumerate() {
        *before = product;
        product *= f64::from(x[order.place(line, l)]);
    }
    let mut sum = 0.0;
    for (l, before) in before.iter().enumerate().rev() {
        let at = order.place(line, l);
        let (x, dy) = (f64::from(x[at]), f64::from(dy(l, at)));
        if !order.is_exclusive {
            sum += dy;
        }
        dx[at] = (before * sum) as f32;
        sum *= x;
        if order.is_exclusive {
            sum += dy;
        }
    }
}
