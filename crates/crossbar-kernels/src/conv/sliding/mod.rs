//! Windows that slide over a batch of images: what the forward pass and the gradient of the input have in common.

mod depthwise;
mod in_place;
mod packed;
mod phases;
mod window;

pub(super) use window::SlidingWindow;
