//! Layers of networks other than convolutions: fully connected layers, pools, batch normalisation, softmax, scores, updates.
//!
//! Must not know: convolutions, graphs of networks, training loops.

pub mod linear;
pub mod norm;
pub mod optim;
pub mod pool;
pub mod scores;
pub mod softmax;
