//! Counter-based random streams.
//!
//! Philox4x32-10 derives the key of a stream from (seed, purpose, name, index, step). The numbers of a stream come in *noise blocks* of
//! [`NOISE_BLOCK`] values at the coordinates (row, block, sample): Philox turns key and coordinates into the state of a 4-lane
//! xoshiro128++ generator, which fills the block. So any block can be drawn alone, in any order.
//! The layout is frozen (version 1): changing it changes every seeded number and is a changelog entry.
//!
//! Must not know: weights, matrices, what a number is for.
//!
//! Sources: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011; Blackman & Vigna, "Scrambled linear pseudorandom
//! number generators", ACM TOMS 2021; Box & Muller, Ann. Math. Stat. 1958.

mod fill;
mod noise_block;
mod philox;

pub use fill::{fill_bits, fill_normal, fill_normal_from, fill_uniform, fill_uniform_from};
pub use noise_block::{NoiseBlock, NOISE_BLOCK};
pub use philox::{derive_key, philox};

#[cfg(test)]
mod tests;
