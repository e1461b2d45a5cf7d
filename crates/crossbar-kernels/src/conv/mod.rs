//! Convolutions with varied weights, and their gradients.
//!
//! Layouts: x [n, c, h, w], W [oc, c/groups, kh, kw], y [n, oc, oh, ow]. As a matrix, W is [oc, c/groups·kh·kw].
//!
//! `plan.rs` says which algorithm a geometry takes; `crates/README.md` has it as a decision tree. `sliding/` computes directly, `winograd/` and
//! `winograd_rows/` with fewer multiplications.
//!
//! Must not know: other layers; of weights it knows how to pack them.

mod backward_input;
mod backward_weight;
mod batch;
mod columns;
mod dots;
mod forward;
mod geometry;
mod gradient_planes;
mod layout;
mod operands;
mod phases;
mod plan;
mod sliding;
mod sums;
mod winograd;
mod winograd_rows;

pub use backward_input::backward_input;
pub use backward_weight::backward_weight;
pub use forward::{forward, forward_each};
pub use geometry::{Axis, Conv};
pub use gradient_planes::OutputGradient;
pub use operands::{Inputs, Output};
pub use sums::channel_sum;

#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod tests;
