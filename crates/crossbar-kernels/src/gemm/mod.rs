//! Matrix products: C [m, n] = Σ_k A[m, k]·B[k, n].
//!
//! A is packed into panels of a few rows or read in place, B into panels of eight columns, both k-major, so that the microkernel reads
//! contiguous streams and keeps its register block of C in registers (`crates/README.md` has drawings). Every element of C is the sum
//! over k in ascending order, in blocks of [`DEPTH`](crate::tuning::DEPTH) that depend on k alone (those of a weight gradient on an image's
//! pixels and columns too): edges, batch splits and call order don't change a bit.
//!
//! Must not know: images, layers; of weights it knows how to pack them.

mod destination;
mod in_place;
pub(crate) mod micro;
mod narrow;
pub(crate) mod pack;
mod packed;
mod panels;
mod plan;
mod product;
mod register_blocks;

pub(crate) use destination::Destination;
pub(crate) use in_place::{multiply_a_in_place, RowsOfA};
pub use pack::Matrix;
pub(crate) use packed::{multiply, CacheBlock};
pub use panels::Shape;
pub(crate) use panels::{panel_size, panel_width, panels, panels_of, PackColumns, RowSplit};
pub(crate) use product::product;
pub use product::{gemm, Initial};

#[cfg(test)]
mod tests;
