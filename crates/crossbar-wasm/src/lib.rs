//! WebAssembly surface of `crossbar-kernels`: thin functions on byte offsets into the linear memory.
//!
//! A function of more than seven values takes a descriptor (`descriptor.rs`), whose fields `calls.rs` lists; its argument is their number.

mod bytes;
mod calls;
mod cells;
mod conv;
mod converters;
mod descriptor;
mod elementwise;
mod linear;
mod memory;
mod norm;
mod optim;
mod pool;
mod random;
mod reduce;
mod scores;
mod softmax;
mod strided;
mod variation;
mod view;
mod wires;
