//! Arithmetic of compute-in-memory crossbars and of the networks mapped onto them.
//!
//! Pure functions on `f32` slices: no units, no device names, no JavaScript. Every fast kernel has a naive reference
//! beside it, in the tests.
#![deny(missing_docs)]
// Keeps the compiler from turning the short loops of `lanes::copy` back into calls of memory.copy.
#![no_builtins]

pub mod elementwise;
pub mod bytes;
pub mod conv;
pub mod conv_input;
pub mod conv_weight;
mod direct;
pub mod gemm;
pub mod image;
pub mod lanes;
pub mod linear;
pub mod math;
mod micro;
pub mod norm;
pub mod optim;
mod pack;
pub mod pool;
pub mod random;
pub mod reduce;
pub mod roofline;
pub mod scores;
mod slide;
pub mod softmax;
pub mod strided;
mod tiles;
pub mod tuning;
pub mod variation;
mod winograd;
mod winograd_filters;
mod winograd_rows;
mod winograd_rows_weight;
