//! WebAssembly surface of `crossbar-kernels`: thin functions on byte offsets into the linear memory.

mod elementwise;
mod memory;
mod norm;
mod optim;
mod pool;
mod products;
mod random;
mod reduce;
mod roofline;
mod softmax;
mod strided;
mod view;
