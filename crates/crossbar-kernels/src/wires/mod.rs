//! Networks of resistors that a matrix of cells makes with its wires: what the wires leave of each cell's conductance.
//!
//! Cells [rows, cols] join word lines, the rows, to bit lines, the columns. A word line is driven at its left end, a bit line is grounded at
//! its lower end. A segment of wire has resistance 1: between neighbouring cells, before the first cell of a word line and after the last
//! one of a bit line.
//!
//! ```text
//!  v0 ─/\/\─┬────/\/\─┬────         one word line and its cells g;
//!           g         g             bit lines run downwards:
//!           └─┬       └─┬
//!             /         /
//!             \         \
//!  v1 ─/\/\─┬─│──/\/\─┬─│──
//!           g │       g │
//!           └─┤       └─┤
//!             /         /
//!             \         \
//!             ⏚         ⏚  ──► i0, i1
//! ```
//!
//! Currents are linear in the voltages that drive the word lines: i_j = Σ_k effective[k, j]·v_k. Conductances are in units of a segment's
//! conductance, so they have no unit.
//!
//! Must not know: devices, units, products.

mod approximation;
mod elimination;
mod sweep;
mod word_line;

pub use approximation::approximate;
pub use elimination::{eliminate_row, solution, Size};

#[cfg(test)]
mod tests;
