//! Stored bytes as normalised floats.

use crate::view::{bytes, floats, floats_mut};
use crossbar_kernels::arrays::look_up as look_up_kernel;
use wasm_bindgen::prelude::wasm_bindgen;

/// out = tables[channel][byte] for bytes [samples, channels, pixels]; `tables` [channels, 256].
#[wasm_bindgen(js_name = lookUp)]
pub fn look_up(from: u32, tables: u32, out: u32, samples: usize, channels: usize, pixels: usize) {
    let n = samples * channels * pixels;
    look_up_kernel(bytes(from, n), floats(tables, 256 * channels), pixels, floats_mut(out, n));
}
