//! Effective conductances of arrays with wires; all arrays are f64, conductances in units of a wire segment's.

use crate::view::{doubles, doubles_mut};
use crossbar_kernels::wires::{self, Size};
use wasm_bindgen::prelude::wasm_bindgen;

/// Values of the state of an elimination.
#[wasm_bindgen(js_name = wireStateSize)]
pub fn wire_state_size(rows: usize, cols: usize) -> usize {
    Size { rows, cols }.state()
}

/// Adds word line `row` of conductances g [cols] to the state; rows come in order.
#[wasm_bindgen(js_name = wireRow)]
pub fn wire_row(state: u32, g: u32, rows: usize, cols: usize, row: usize) {
    let size = Size { rows, cols };
    wires::eliminate_row(size, row, doubles(g, cols), doubles_mut(state, size.state()));
}

/// Effective conductances [rows, cols] from the state after the last row.
#[wasm_bindgen(js_name = wireSolution)]
pub fn wire_solution(state: u32, effective: u32, rows: usize, cols: usize) {
    let size = Size { rows, cols };
    wires::solution(size, doubles(state, size.state()), doubles_mut(effective, rows * cols));
}

/// The same approximately, in one pass over g [rows, cols].
#[wasm_bindgen(js_name = wireApproximation)]
pub fn wire_approximation(g: u32, effective: u32, rows: usize, cols: usize) {
    wires::approximate(Size { rows, cols }, doubles(g, rows * cols), doubles_mut(effective, rows * cols));
}
