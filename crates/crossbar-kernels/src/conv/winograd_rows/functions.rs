//! The functions of each filter, in tables: they depend on its taps N, points P and outputs T of a patch.

use super::filters::{Filter, Transposed, F43, F45, F55};
use super::outputs::Sums;
use super::products::{multiply, multiply_single_channel, Filters, Rows};
use super::transforms::{to_taps, transform_gradient, transform_kernels, transform_rows, Patches};
use crate::conv::plan::RowFilter;
use crate::gemm::micro::Column;
use crate::tuning::FUSED;
use crate::variation::Weights;

/// Filters and values in the Winograd domain, where the terms of a sum are, what to compute, and where it goes.
type Multiply = fn(&Filters, &[f32], Column, Rows, &mut [[f32; 4]]);

/// The same for one kernel.
type MultiplySingleChannel = fn(&Filters, usize, &[f32], Column, Rows, &mut [[f32; 4]]);

/// Functions of the forward pass.
pub(super) struct Functions {
    pub taps: usize,
    pub points: usize,
    /// Outputs of a patch.
    pub patch: usize,
    pub transform_kernels: fn(&Weights, usize, &mut [f32]),
    pub transform_rows: fn(&[f32], Patches, &mut [f32]),
    pub multiply: Multiply,
    pub multiply_single_channel: MultiplySingleChannel,
    pub write: fn(&Sums, &mut [f32], usize),
    pub write_pooled: fn(&Sums, &mut [f32], Option<&mut [f32]>, usize),
}

/// Functions of the gradient of the taps.
pub(super) struct GradientFunctions {
    pub forward: &'static Functions,
    pub transform_gradient: fn(&[f32], Patches, &mut [f32], usize),
    pub to_taps: fn(&[f32], &mut [f32]),
}

const fn functions<const N: usize, const P: usize, const T: usize, F: Filter<N, P, T>>() -> Functions {
    Functions {
        taps: N,
        points: P,
        patch: T,
        transform_kernels: transform_kernels::<N, P, T, F>,
        transform_rows: transform_rows::<N, P, T, F>,
        multiply: multiply::<N>,
        multiply_single_channel: multiply_single_channel::<N, P>,
        write: |sums, out, plane| sums.write::<N, P, T, F>(out, plane),
        write_pooled: |sums, out, positions, plane| sums.write_pooled::<N, P, T, F>(out, positions, plane),
    }
}

const fn gradient<const N: usize, const P: usize, const T: usize, F: Transposed<N, P, T>>(
    forward: &'static Functions,
) -> GradientFunctions {
    GradientFunctions { forward, transform_gradient: transform_gradient::<N, P, T, F>, to_taps: to_taps::<N, P, T, F> }
}

static F43_FUNCTIONS: Functions = functions::<3, 6, 4, F43>();
static F45_FUNCTIONS: Functions = functions::<5, 8, 4, F45>();
static F55_FUNCTIONS: Functions = functions::<5, 9, 5, F55>();
static F43_GRADIENT: GradientFunctions = gradient::<3, 6, 4, F43>(&F43_FUNCTIONS);
static F45_GRADIENT: GradientFunctions = gradient::<5, 8, 4, F45>(&F45_FUNCTIONS);

impl Functions {
    pub fn of(filter: RowFilter) -> &'static Self {
        match filter {
            RowFilter::F43 => &F43_FUNCTIONS,
            RowFilter::F45 => &F45_FUNCTIONS,
            // The relaxed build is linked without them.
            RowFilter::F55 if FUSED => unreachable!("patches of five are for the default build"),
            RowFilter::F55 => &F55_FUNCTIONS,
        }
    }
}

impl GradientFunctions {
    pub fn of(filter: RowFilter) -> &'static Self {
        match filter {
            RowFilter::F43 => &F43_GRADIENT,
            RowFilter::F45 => &F45_GRADIENT,
            RowFilter::F55 => unreachable!("gradients have patches of four"),
        }
    }
}
