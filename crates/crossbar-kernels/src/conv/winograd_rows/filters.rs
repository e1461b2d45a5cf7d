//! The transforms of Winograd's F(T, N) along rows (Winograd 1980; Toom and Cook): y = Aᵀ[(G·g) ∘ (Bᵀ·d)].
//!
//! The points of F(4, 3) are 0, ±1, ½, −2 and ∞, those of F(4, 5) 0, ±1, ±2, ±½ and ∞: of all small points with as few operations these lose
//! least to rounding.

use crate::lanes::F32x4;

/// F(T, N): T outputs of a patch by N taps, evaluated at P = N + T − 1 points.
pub(super) trait Filter<const N: usize, const P: usize, const T: usize> {
    /// Bᵀd
    fn of_input(d: [F32x4; P]) -> [F32x4; P];
    /// Gg
    fn of_kernel(taps: &[f32]) -> [f32; P];
    /// Aᵀm
    fn to_output(m: [F32x4; P]) -> [F32x4; T];
}

/// The transposed transforms, for the gradient of the taps.
pub(super) trait Transposed<const N: usize, const P: usize, const T: usize>: Filter<N, P, T> {
    /// A·dy
    fn of_gradient(dy: [F32x4; T]) -> [F32x4; P];
    /// Gᵀm
    fn to_taps(m: [f32; P]) -> [f32; N];
}

#[inline(always)]
fn times(factor: f32, x: F32x4) -> F32x4 {
    F32x4::splat(factor).mul(x)
}

#[inline(always)]
fn twice(x: F32x4) -> F32x4 {
    x.add(x)
}

/// F(4, 3)
pub(super) struct F43;

impl Filter<3, 6, 4> for F43 {
    /// The rows of Bᵀ: (2, −3, −4, 3, 2, 0), (0, −2, 1, 5, 2, 0), (0, −2, 5, −1, −2, 0), (0, 2, 1, −2, −1, 0), (0, 1, −2, −1, 2, 0)
    /// and (0, 2, −3, −4, 3, 2).
    #[inline(always)]
    fn of_input([a, b, c, d, e, f]: [F32x4; 6]) -> [F32x4; 6] {
        let (bd, ce) = (b.sub(d), c.sub(e));
        [
            twice(a.sub(c).sub(ce)).sub(times(3.0, bd)),
            times(3.0, c.add(d)).sub(twice(bd.add(ce))),
            times(3.0, c.sub(d)).sub(twice(bd.sub(ce))),
            twice(bd).add(ce),
            bd.sub(twice(ce)),
            twice(bd.sub(d).add(f)).sub(times(3.0, ce)),
        ]
    }
    #[inline(always)]
    fn of_kernel(taps: &[f32]) -> [f32; 6] {
        let [a, b, c] = [taps[0], taps[1], taps[2]];
        let sixth = 1.0 / 6.0;
        [
            0.5 * a,
            sixth * (a + c + b),
            sixth * (a + c - b),
            (4.0 / 15.0) * (4.0 * a + c + 2.0 * b),
            (1.0 / 30.0) * (a + 4.0 * c - 2.0 * b),
            0.5 * c,
        ]
    }
    #[inline(always)]
    fn to_output([a, b, c, d, e, f]: [F32x4; 6]) -> [F32x4; 4] {
        let (sum, difference) = (b.add(c), b.sub(c));
        [
            a.add(sum).add(d).add(e),
            difference.add(times(0.5, d)).sub(twice(e)),
            sum.add(times(0.25, d)).add(times(4.0, e)),
            difference.add(times(0.125, d)).sub(times(8.0, e)).add(f),
        ]
    }
}

impl Transposed<3, 6, 4> for F43 {
    #[inline(always)]
    fn of_gradient([a, b, c, d]: [F32x4; 4]) -> [F32x4; 6] {
        let (even, odd) = (a.add(c), b.add(d));
        let half = a.add(times(0.25, c)).add(times(0.5, b).add(times(0.125, d)));
        let two = a.add(times(4.0, c)).sub(twice(b).add(times(8.0, d)));
        [a, even.add(odd), even.sub(odd), half, two, d]
    }
    #[inline(always)]
    fn to_taps([a, b, c, d, e, f]: [f32; 6]) -> [f32; 3] {
        let (sum, difference) = ((b + c) / 6.0, (b - c) / 6.0);
        [
            0.5 * a + sum + (16.0 / 15.0) * d + e / 30.0,
            difference + (8.0 / 15.0) * d - e / 15.0,
            sum + (4.0 / 15.0) * d + (2.0 / 15.0) * e + 0.5 * f,
        ]
    }
}

/// F(4, 5)
pub(super) struct F45;

impl Filter<5, 8, 4> for F45 {
    /// The rows of Bᵀ at 0, ±1, ±2, ±½ and ∞: (4, 0, −21, 0, 21, 0, −4, 0), (0, ∓4, −4, ±17, 17, ∓4, −4, 0), (0, ±2, 1, ∓10, −5, ±8, 4, 0),
    /// (0, ±4, 8, ∓5, −10, ±1, 2, 0) and (0, −4, 0, 21, 0, −21, 0, 4).
    #[inline(always)]
    fn of_input([a, b, c, d, e, f, g, h]: [F32x4; 8]) -> [F32x4; 8] {
        let ones = [times(17.0, e).sub(times(4.0, c.add(g))), times(17.0, d).sub(times(4.0, b.add(f)))];
        let twos = [c.sub(times(5.0, e)).add(times(4.0, g)), twice(b.sub(times(5.0, d)).add(times(4.0, f)))];
        let halves = [twice(times(4.0, c).sub(times(5.0, e)).add(g)), times(4.0, b).sub(times(5.0, d)).add(f)];
        let both = |[even, odd]: [F32x4; 2]| [even.add(odd), even.sub(odd)];
        let ([p, q], [r, s], [t, u]) = (both(ones), both(twos), both(halves));
        let ends = |x: F32x4, y: F32x4| times(4.0, x).add(times(21.0, y));
        [ends(a.sub(g), e.sub(c)), p, q, r, s, t, u, ends(h.sub(b), d.sub(f))]
    }
    #[inline(always)]
    fn of_kernel(taps: &[f32]) -> [f32; 8] {
        let [a, b, c, d, e] = [taps[0], taps[1], taps[2], taps[3], taps[4]];
        let both = |factor: f32, even: f32, odd: f32| [factor * (even + odd), factor * (even - odd)];
        let [p, q] = both(1.0 / 18.0, a + c + e, b + d);
        let [r, s] = both(1.0 / 360.0, a + 4.0 * c + 16.0 * e, 2.0 * b + 8.0 * d);
        let [t, u] = both(1.0 / 360.0, 16.0 * a + 4.0 * c + e, 8.0 * b + 2.0 * d);
        [0.25 * a, p, q, r, s, t, u, 0.25 * e]
    }
    /// At ±½ the kernel is an eighth, so that its part of the outputs is 8, ±4, 2 and ±1 times a point's.
    #[inline(always)]
    fn to_output([a, b, c, d, e, f, g, h]: [F32x4; 8]) -> [F32x4; 4] {
        let both = |x: F32x4, y: F32x4| (x.add(y), x.sub(y));
        let ((ones, one), (twos, two), (halves, half)) = (both(b, c), both(d, e), both(f, g));
        [
            a.add(ones).add(twos).add(times(8.0, halves)),
            one.add(twice(two)).add(times(4.0, half)),
            ones.add(times(4.0, twos)).add(twice(halves)),
            one.add(times(8.0, two)).add(half).add(h),
        ]
    }
}

impl Transposed<5, 8, 4> for F45 {
    #[inline(always)]
    fn of_gradient([a, b, c, d]: [F32x4; 4]) -> [F32x4; 8] {
        let both = |even: F32x4, odd: F32x4| (even.add(odd), even.sub(odd));
        let (p, q) = both(a.add(c), b.add(d));
        let (r, s) = both(a.add(times(4.0, c)), twice(b.add(times(4.0, d))));
        let (t, u) = both(twice(times(4.0, a).add(c)), times(4.0, b).add(d));
        [a, p, q, r, s, t, u, d]
    }
    #[inline(always)]
    fn to_taps([a, b, c, d, e, f, g, h]: [f32; 8]) -> [f32; 5] {
        let both = |factor: f32, x: f32, y: f32| (factor * (x + y), factor * (x - y));
        let ((ones, one), (twos, two), (halves, half)) =
            (both(1.0 / 18.0, b, c), both(1.0 / 360.0, d, e), both(1.0 / 360.0, f, g));
        [
            0.25 * a + ones + twos + 16.0 * halves,
            one + 2.0 * two + 8.0 * half,
            ones + 4.0 * (twos + halves),
            one + 8.0 * two + 2.0 * half,
            ones + 16.0 * twos + halves + 0.25 * h,
        ]
    }
}

/// F(5, 5) at 0, ±1, ±3/2, ±2/5, 4 and ∞: a quarter fewer products than [`F45`] for rows of ten outputs, at about twice its errors.
pub(super) struct F55;

impl F55 {
    /// Coefficients of (x² − 1)(x² − 9/4)(x² − 4/25), from the constant on, but the last, which is 1.
    const OF_ALL: [f32; 3] = [-0.36, 2.77, -3.41];

    #[inline(always)]
    fn all([a, b, c, d]: [F32x4; 4]) -> F32x4 {
        let [r, s, t] = Self::OF_ALL;
        d.add(times(t, c)).add(times(s, b)).add(times(r, a))
    }
}

impl Filter<5, 9, 5> for F55 {
    /// The row of a point is the product of x − q over the other points q. All but that of 4 have the factor x − 4, which is taken first: e.
    #[inline(always)]
    fn of_input(d: [F32x4; 9]) -> [F32x4; 9] {
        let e: [F32x4; 8] = core::array::from_fn(|i| d[i + 1].sub(times(4.0, d[i])));
        // x²(x² − a²)(x² − b²) of even and of odd positions, by −(a² + b²) and a²b².
        let pair = |sum: f32, product: f32, point: f32| {
            let part = |i: usize| e[i + 4].add(times(sum, e[i + 2])).add(times(product, e[i]));
            let (even, odd) = (part(2), times(point, part(1)));
            [even.add(odd), even.sub(odd)]
        };
        let ([p, q], [r, s], [t, u]) = (pair(-2.41, 0.36, 1.0), pair(-1.16, 0.16, 1.5), pair(-3.25, 2.25, 0.4));
        [
            Self::all([e[0], e[2], e[4], e[6]]),
            p,
            q,
            r,
            s,
            t,
            u,
            Self::all([d[1], d[3], d[5], d[7]]),
            Self::all([e[1], e[3], e[5], e[7]]),
        ]
    }
    /// Divided by the product of each point's distances from the others.
    #[inline(always)]
    fn of_kernel(taps: &[f32]) -> [f32; 9] {
        let [a, b, c, d, e] = [taps[0], taps[1], taps[2], taps[3], taps[4]];
        let pair = |x: f32, plus: f32, minus: f32| {
            let (even, odd) = (a + x * x * (c + x * x * e), x * (b + x * x * d));
            [plus * (even + odd), minus * (even - odd)]
        };
        let [p, q] = pair(1.0, 1.0 / 6.3, 1.0 / 10.5);
        let [r, s] = pair(1.5, -1.0 / 29.390_625, -1.0 / 64.659_38);
        let [t, u] = pair(0.4, -1.0 / 2.022_451_2, -1.0 / 2.471_884_8);
        [a / 1.44, p, q, r, s, t, u, (a + 4.0 * (b + 4.0 * (c + 4.0 * (d + 4.0 * e)))) / 13_068.0, e]
    }
    #[inline(always)]
    fn to_output([a, b, c, d, e, f, g, h, i]: [F32x4; 9]) -> [F32x4; 5] {
        let both = |x: F32x4, y: F32x4| (x.add(y), x.sub(y));
        let ((ones, one), (wides, wide), (nears, near)) = (both(b, c), both(d, e), both(f, g));
        let sum = |ones: F32x4, (wide, x): (f32, F32x4), (near, y): (f32, F32x4), far: f32| {
            ones.add(times(near, y)).add(times(wide, x)).add(times(far, h))
        };
        [
            a.add(ones).add(wides).add(nears).add(h),
            sum(one, (1.5, wide), (0.4, near), 4.0),
            sum(ones, (2.25, wides), (0.16, nears), 16.0),
            sum(one, (3.375, wide), (0.064, near), 64.0),
            sum(ones, (5.0625, wides), (0.0256, nears), 256.0).add(i),
        ]
    }
}
