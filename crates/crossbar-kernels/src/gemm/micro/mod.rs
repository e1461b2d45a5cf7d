//! Microkernels, the innermost loops of all products: a register block of sums stays in registers while two streams of operands pass.
//!
//! [`blocks`] is the microkernel of a build: 4×8 in the default build, 5×8 and 6×8 in the relaxed one. The others have operands that it
//! can't read; each has a row in crates/README.md that says what it saves.
//!
//! All bounds are tested once, before a loop, and its loads are unchecked: a test for each load costs a third of the loop's time. With
//! `lanes`, the only unsafe code of the crate.

mod blocks;
mod column;
mod common;
mod dots;
mod gathered;
mod narrow;
mod plane;
mod rows;

pub(crate) use blocks::{blocks, is_stepwise, Run, Strides};
pub(crate) use column::{column, single_channel, Column};
pub(crate) use common::{add_rows, Factor, Stride};
pub(crate) use dots::dots;
pub(crate) use gathered::{gathered, Offsets};
pub(crate) use narrow::{pair_by_ten, rows_by_eight, rows_by_twelve};
pub(crate) use plane::{plane, VECTORS};
pub(crate) use rows::blocks_of_rows;
