//! Cells that hold weights: what is written to them, how they age, and what they add up to.
//!
//! Conductances are relative to full scale. Arithmetic is in doubles, in the order of the formulas, and each result is rounded to `f32` once.
//! Arrays are parts of a parameter's cells: what has random numbers takes the noise block that a part begins at.
//!
//! Must not know: devices, units, how cells stand for weights beyond the numbers it is given.

mod age;
mod mapping;
mod sigma;
mod steps;
mod writing;

pub use age::{add_noise, drift, flicker, Drift, Flicker, Line};
pub use mapping::{map_codes, map_fractions, recombine, Arm, Codes, Scales};
pub use sigma::Sigma;
pub use writing::{write, Writing};

#[cfg(test)]
mod tests;
