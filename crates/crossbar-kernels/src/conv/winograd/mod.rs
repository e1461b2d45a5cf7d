//! 3×3 convolutions at stride 1 with 16 multiplications for four outputs instead of 36.
//!
//! F(2×2, 3×3) of Winograd (Lavin & Gray, CVPR 2016): y = Aᵀ[(G·g·Gᵀ) ∘ (Bᵀ·d·B)]A for patches d of 4×4 inputs, y of 2×2 outputs. Summed
//! over channels, each of the 16 points of the Winograd domain is a product of its own: [outputs, channels]·[channels, patches]. Little is
//! lost to rounding: errors are 0.9 to 2.4 times the direct sum's (bench/topics/convolution.mjs; `conv/tests.rs` holds all algorithms to
//! the same bound).

mod kernels;
mod sliding;
mod transforms;
mod weight;

pub(super) use sliding::slide;
pub(super) use weight::backward_weight;
