//! Converters: codes of values over a range, and their digits. Functions return how many values are beyond their range.

use crate::calls;
use crate::descriptor::read;
use crate::view::{floats, floats_mut};
use crossbar_kernels::arrays::converters::{self, Codes, Columns};
use wasm_bindgen::prelude::wasm_bindgen;

/// y = scale·step·code(x), or y + that.
#[wasm_bindgen]
pub fn convert(count: usize) -> u32 {
    let calls::Convert { x, y, n, columns, inner, bits, signed, range, scale, accumulate } = read(count);
    let columns = Columns { range: floats(range, columns), scale: floats(scale, columns), inner };
    converters::convert(Codes::new(bits, signed), columns, floats(x, n), floats_mut(y, n), accumulate)
}

/// y = scale·digit(x).
#[wasm_bindgen]
pub fn digits(count: usize) -> u32 {
    let calls::Digits { x, y, n, columns, inner, bits, signed, range, scale, shift, width } = read(count);
    let columns = Columns { range: floats(range, columns), scale: floats(scale, columns), inner };
    converters::digits(Codes::new(bits, signed), columns, shift, width, floats(x, n), floats_mut(y, n))
}
