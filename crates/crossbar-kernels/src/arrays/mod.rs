//! Passes over arrays: elementwise functions, reductions, strided copies, table look-ups.
//!
//! Must not know: products, layers, weights.

mod broadcast;
mod bytes;
mod codes;
pub mod converters;
pub mod elementwise;
pub mod lines;
pub mod reduce;
pub mod strided;
mod strides;

pub use broadcast::{binary_broadcast, select_broadcast};
pub use bytes::look_up;
