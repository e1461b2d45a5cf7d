//! Arithmetic of compute-in-memory crossbars and of the networks mapped onto them.
//!
//! Pure functions on `f32` slices: no units, no device names, no JavaScript. Every fast kernel is tested against a naive reference.
//! A folder is a topic; it imports from the topics above it in the list below only (`npm run check layers`). `crates/README.md` explains
//! the algorithms and how to tune them.
#![deny(missing_docs)]
// Keeps the compiler from turning the short loops of `lanes::copy` back into calls of memory.copy.
#![no_builtins]

pub mod tuning;

pub mod lanes;

pub mod random;
pub mod scratch;

pub mod arrays;
pub mod cells;
pub mod variation;
pub mod wires;

pub mod gemm;

pub mod conv;
pub mod nn;

#[cfg(test)]
mod testing;
