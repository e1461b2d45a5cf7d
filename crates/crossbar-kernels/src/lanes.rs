//! Four lanes of `f32` and of `u32`: the only vector types the kernels use.
//!
//! On wasm32 they are one `v128`; elsewhere plain arrays, so that native tests run the same kernels with the
//! same rounding. Every operation rounds once, except [`F32x4::mul_add`] on the relaxed build.

/// `F32x4::load` and friends take arrays, not slices: lengths are checked where slices are split, once.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct F32x4(imp::F);

/// Four lanes of unsigned integers; arithmetic wraps.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U32x4(imp::U);

#[cfg_attr(target_arch = "wasm32", path = "lanes/wasm32.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "lanes/portable.rs")]
mod imp;

impl F32x4 {
    /// The lanes as an array.
    #[inline(always)]
    pub fn to_array(self) -> [f32; 4] {
        let mut lanes = [0.0; 4];
        self.store(&mut lanes);
        lanes
    }
    /// `(l0 + l1) + (l2 + l3)`.
    #[inline(always)]
    pub fn sum(self) -> f32 {
        let [a, b, c, d] = self.to_array();
        (a + b) + (c + d)
    }
}

impl U32x4 {
    /// Rotates each lane left by `bits` in 1..32.
    #[inline(always)]
    pub fn rotate_left(self, bits: u32) -> Self {
        self.shl(bits).or(self.shr(32 - bits))
    }
}

/// Values from which the engine's bulk copy is worth its call.
const BULK: usize = 256;

/// `to = from`, of equal length. Short copies stay inline: WebAssembly's memory.copy costs a call of some 60 ns in V8.
#[inline(always)]
pub fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    if from.len() >= BULK {
        return to.copy_from_slice(from);
    }
    let to = &mut to[..from.len()];
    let (from, from_rest) = from.as_chunks::<4>();
    let (to, to_rest) = to.as_chunks_mut::<4>();
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    for (to, from) in to_rest.iter_mut().zip(from_rest) {
        *to = *from;
    }
}

/// Sets all of `to`; the same reason as [`copy`].
#[inline(always)]
pub fn set(to: &mut [f32], value: f32) {
    if to.len() >= BULK {
        return to.fill(value);
    }
    let (to, rest) = to.as_chunks_mut::<4>();
    for to in to {
        *to = [value; 4];
    }
    for to in rest {
        *to = value;
    }
}
