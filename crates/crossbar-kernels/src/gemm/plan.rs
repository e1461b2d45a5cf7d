//! Which algorithm computes a product: a function of its shape and layouts alone.

use super::panels::{panels, Shape};
use crate::tuning::{A_IN_PLACE_COLS, CACHE_WAYS, COLS, FEW_COLS, FEW_ROWS, FEW_TERMS, PAGE_VALUES};

/// How a product is computed. All algorithms add the terms of a sum in the same order: they give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// Nothing to multiply: sums are zero.
    Empty,
    /// 5 to [`FEW_COLS`] columns: rows of A in place, B packed, all of a row's columns in one register block.
    Narrow,
    /// A packed, B in place: for few rows, or few terms, packing B would cost more than it saves.
    BInPlace,
    /// A in place, B packed: for few columns, packing A would cost more than it saves.
    AInPlace,
    /// A and B packed.
    Packed,
}

/// What the choice depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Problem {
    pub shape: Shape,
    /// Whether A is stored [k, m].
    pub is_a_transposed: bool,
    /// Leading dimension of B, if it is stored [k, n] and can be read in place.
    pub b_stride: Option<usize>,
    /// Whether sums are added to C.
    pub accumulate: bool,
}

/// The algorithm for a product.
pub(crate) fn plan(problem: &Problem) -> Algorithm {
    let Problem { shape: Shape { m, n, k }, is_a_transposed, b_stride, accumulate } = *problem;
    if m == 0 || n == 0 || k == 0 {
        return Algorithm::Empty;
    }
    if !is_a_transposed && (COLS / 2 + 1..=FEW_COLS).contains(&n) {
        return Algorithm::Narrow;
    }
    let has_near_rows = b_stride.is_some_and(|stride| k <= CACHE_WAYS || stride % PAGE_VALUES > 0);
    // Whole panels only, of which the last may overlap the one before it unless sums are added to C.
    let has_few_terms = !is_a_transposed && k <= FEW_TERMS && (n % COLS == 0 || n > COLS && !accumulate);
    let has_few_rows = m <= FEW_ROWS && panels(m).all(|(_, rows)| rows > 2);
    if has_near_rows && has_few_terms {
        return Algorithm::BInPlace;
    }
    if !is_a_transposed && m > FEW_ROWS && n <= A_IN_PLACE_COLS {
        return Algorithm::AInPlace;
    }
    if has_near_rows && has_few_rows {
        return Algorithm::BInPlace;
    }
    Algorithm::Packed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tuning::FUSED;

    fn problem(m: usize, n: usize, k: usize) -> Problem {
        Problem { shape: Shape { m, n, k }, is_a_transposed: false, b_stride: Some(n), accumulate: false }
    }

    #[test]
    fn algorithms_follow_the_shape() {
        use Algorithm::*;
        let few_terms = if FUSED { BInPlace } else { AInPlace };
        for (shape, algorithm) in [
            ([0, 8, 8], Empty),
            ([8, 0, 8], Empty),
            ([8, 8, 0], Empty),
            ([128, 10, 84], Narrow),
            ([128, 5, 84], Narrow),
            ([128, 12, 84], Narrow),
            ([128, 4, 84], AInPlace),
            ([128, 13, 84], AInPlace),
            ([1000, 64, 16], few_terms),
            ([64, 257, 17], Packed),
            ([12, 784, 25], BInPlace),
            ([12, 1024, 25], Packed),
            ([12, 1024, 8], BInPlace),
            ([2, 784, 25], Packed),
            ([576, 576, 576], Packed),
        ] {
            let [m, n, k] = shape;
            assert_eq!(plan(&problem(m, n, k)), algorithm, "{shape:?}");
        }
    }

    #[test]
    fn layouts_count() {
        let few_columns = problem(128, 10, 84);
        assert_eq!(plan(&Problem { is_a_transposed: true, ..few_columns }), Algorithm::Packed);
        let few_rows = problem(12, 784, 25);
        assert_eq!(plan(&Problem { b_stride: None, ..few_rows }), Algorithm::Packed);
        assert_eq!(plan(&Problem { is_a_transposed: true, ..few_rows }), Algorithm::BInPlace);
        let few_terms = problem(1000, 60, 16);
        assert_eq!(plan(&Problem { accumulate: true, ..few_terms }), Algorithm::AInPlace);
    }
}
