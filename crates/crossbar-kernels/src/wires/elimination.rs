//! The exact solution, by elimination.
//!
//! Word lines are eliminated one by one (`word_line.rs`), which leaves equations of the bit lines' voltages d, a vector for each row:
//!
//! ```text
//! (D_i + S_i)·d_i − d_{i−1} − d_{i+1} = b_i·v_i      D_0 = 1, else 2; d beyond the last row is the ground
//! ```
//!
//! Elimination from the first row on, of symmetric positive definite blocks: A_i = D_i + S_i − A_{i−1}⁻¹, and P_i = A_i⁻¹·[P_{i−1}, b_i], the
//! voltages of row i for each of the drivers up to it, if the row below is at 0. After the last row these are the transfers to the ground.
//! A row costs about cols³/2 + cols²·i multiply-adds: the caller takes the array such that cols ≤ rows.

use super::sweep::sweep;
use super::word_line::WordLine;

/// Size of an array of cells.
#[derive(Clone, Copy)]
pub struct Size {
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub cols: usize,
}

impl Size {
    /// Columns, and zeros up to a multiple of four.
    pub fn padded_cols(&self) -> usize {
        self.cols.next_multiple_of(4)
    }

    /// Values in a row of the state.
    pub fn state_width(&self) -> usize {
        self.padded_cols() + self.rows.next_multiple_of(4)
    }

    /// Values of the state.
    pub fn state(&self) -> usize {
        self.padded_cols() * self.state_width()
    }
}

/// Adds word line `row` with conductances `g` [cols] to what the state knows of the rows above; rows come in order. A state
/// [padded cols, padded cols + padded rows] is −A⁻¹ on and above the diagonal, and P.
pub fn eliminate_row(size: Size, row: usize, g: &[f64], state: &mut [f64]) {
    let (n, width) = (size.padded_cols(), size.state_width());
    if row == 0 {
        state.fill(0.0);
    }
    let line = WordLine::new(g);
    line.between_bit_lines(|j, k, conductance| state[j * width + k] += conductance);
    for (j, feed) in line.feed().enumerate() {
        state[j * width + j] += if row == 0 { 1.0 } else { 2.0 };
        state[j * width + n + row] = feed;
    }
    for j in size.cols..n {
        state[j * width + j] = 1.0;
    }
    let used = n + (row + 1).next_multiple_of(4);
    for pivot in (0..n).step_by(4) {
        sweep(state, width, used, pivot);
    }
}

/// Effective conductances [rows, cols] from the state after the last row.
pub fn solution(size: Size, state: &[f64], effective: &mut [f64]) {
    let (n, width) = (size.padded_cols(), size.state_width());
    for (row, effective) in effective.chunks_exact_mut(size.cols.max(1)).enumerate() {
        for (col, effective) in effective.iter_mut().enumerate() {
            *effective = state[col * width + n + row];
        }
    }
}
