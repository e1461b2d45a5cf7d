//! WebAssembly surface of `crossbar-kernels`: thin functions on byte offsets into the linear memory.

mod bytes;
mod elementwise;
mod memory;
mod norm;
mod optim;
mod pool;
mod products;
mod random;
mod reduce;
mod roofline;
mod scores;
mod softmax;
mod strided;
mod view;
