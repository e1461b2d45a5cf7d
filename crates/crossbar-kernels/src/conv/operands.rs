//! Inputs and outputs of a forward pass.

/// The inputs of a forward pass.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// [n, c, h, w]
    pub x: &'a [f32],
    /// Empty or [oc].
    pub bias: &'a [f32],
}

/// The outputs of a convolution, and its epilogue.
pub struct Output<'a> {
    /// [n, oc, oh, ow], or [n, oc, oh/2, ow/2] if `pooled`.
    pub y: &'a mut [f32],
    /// Whether it is max(outputs, 0), after any pool.
    pub is_rectified: bool,
    /// For the largest of each 2×2 outputs, if the convolution [`super::Conv::pools`]: empty, or as large as y to receive their positions,
    /// 0 to 3, as [`crate::nn::pool::max`] writes them.
    pub pooled: Option<&'a mut [f32]>,
}

impl<'a> Output<'a> {
    /// No epilogue.
    pub fn plain(y: &'a mut [f32]) -> Self {
        Self { y, is_rectified: false, pooled: None }
    }
}
