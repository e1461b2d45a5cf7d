//! Vectors of four `f32` and of four `u32`; slices in steps of four; elementary functions. `doubles` has vectors of four `f64`.
//!
//! On wasm32 a vector is one `v128`; elsewhere it is an array, so that native tests run the same kernels with the same rounding.
//! Every operation rounds once, except [`F32x4::mul_add`] of the relaxed build. Loads and stores take arrays, not slices: lengths
//! are checked once, where a slice is split.
//!
//! Must not know: matrices, images, random streams, weights.

#[cfg(target_arch = "wasm32")]
#[path = "wasm32.rs"]
mod vectors;

#[cfg(not(target_arch = "wasm32"))]
#[path = "portable.rs"]
mod vectors;

pub mod doubles;
pub mod math;
mod slices;
mod sums;

pub use slices::{copy, set};
pub(crate) use slices::{four, four_mut, load_at, load_tail, store_at, store_tail};
pub(crate) use sums::max_or_nan;
pub use vectors::{F32x4, U32x4};
