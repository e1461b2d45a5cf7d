//! Convolutions of few outputs at stride 1 with fewer multiplications: Winograd's F(T, N) along rows.
//!
//! T neighbouring outputs of a row take N + T − 1 multiplications instead of T·N: y = Aᵀ[(G·g) ∘ (Bᵀ·d)] for patches d of N + T − 1
//! inputs (`filters.rs`). Summed over channels and kernel rows, each of the points is a product of its own, whose kernel is a column.
//!
//! Errors are two to five times the direct sum's, largest for one channel, whose sums are short, and for patches of five outputs: 4e-7
//! and 1e-6 of an output's size in LeNet-5 (bench/topics/convolution.mjs; `conv/tests.rs` holds all algorithms to the same bound).
//!
//! Four images are interleaved, so that a patch is a few vectors and no value is shuffled.

mod filters;
mod forward;
mod functions;
mod outputs;
mod products;
mod transforms;
mod weight;

pub(super) use forward::forward;
pub(super) use weight::backward_weight;
