//! Packing: matrices and varied weights into panels.

mod interleave;
mod matrix;
mod spread;
mod weights;

pub(crate) use interleave::{interleave, interleave_four, interleave_some, separate};
pub use matrix::Matrix;
pub(crate) use spread::spread_rows;
pub(crate) use weights::{pack_weight_rows, WeightColumns};
