//! Parameter updates, one pass over memory each.

use crate::lanes::{load_tail, store_tail, F32x4};

/// Settings of one Adam step. `bias1` and `bias2` are 1 − beta1ᵗ and 1 − beta2ᵗ at step t ≥ 1.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// Learning rate.
    pub rate: f64,
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root.
    pub epsilon: f64,
    /// Correction of the first mean.
    pub bias1: f64,
    /// Correction of the second mean.
    pub bias2: f64,
    /// L2 penalty: added to the gradient as weight_decay·w.
    pub weight_decay: f64,
}

/// One step of Adam (Kingma & Ba, ICLR 2015) on weights `w` with gradient `g` and running means `m`, `v`.
///
/// m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², w ← w − rate/bias1 · m / (√v/√bias2 + ε), both sides of the fraction times √bias2: a division
/// less, which is what takes the time.
pub fn adam(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], settings: Adam) {
    assert!(w.len() == g.len() && w.len() == m.len() && w.len() == v.len());
    let splat = |value: f64| F32x4::splat(value as f32);
    // 1 − β in f64: in f32 its relative error would be 5e-5 for β = 0.999.
    let (beta1, rest1) = (splat(settings.beta1), splat(1.0 - settings.beta1));
    let (beta2, rest2) = (splat(settings.beta2), splat(1.0 - settings.beta2));
    let root = settings.bias2.sqrt();
    let (step, epsilon, decay) =
        (splat(settings.rate / settings.bias1 * root), splat(settings.epsilon * root), splat(settings.weight_decay));
    let update = |w: F32x4, g: F32x4, m: F32x4, v: F32x4| {
        let g = w.mul(decay).add(g);
        let m = settled(m.mul(beta1).add(g.mul(rest1)));
        let v = settled(v.mul(beta2).add(g.mul(g).mul(rest2)));
        (w.sub(step.mul(m).div(v.sqrt().add(epsilon))), m, v)
    };
    let (ws, w_tail) = w.as_chunks_mut::<4>();
    let (gs, g_tail) = g.as_chunks::<4>();
    let (ms, m_tail) = m.as_chunks_mut::<4>();
    let (vs, v_tail) = v.as_chunks_mut::<4>();
    for (((w, g), m), v) in ws.iter_mut().zip(gs).zip(ms).zip(vs) {
        let (w4, m4, v4) = update(F32x4::load(w), F32x4::load(g), F32x4::load(m), F32x4::load(v));
        w4.store(w);
        m4.store(m);
        v4.store(v);
    }
    if !g_tail.is_empty() {
        let (w4, m4, v4) = update(load_tail(w_tail), load_tail(g_tail), load_tail(m_tail), load_tail(v_tail));
        store_tail(w4, w_tail);
        store_tail(m4, m_tail);
        store_tail(v4, v_tail);
    }
}

/// What has decayed below the normal numbers is zero. Rounding would keep it there for ever (0.9 of the smallest number is that number
/// again), and each step of a weight whose gradient has ended would cost a hundred times as much.
#[inline(always)]
fn settled(value: F32x4) -> F32x4 {
    value.abs().lt(F32x4::splat(f32::MIN_POSITIVE)).select(F32x4::splat(0.0), value)
}

/// One step of gradient descent: g ← g + weight_decay·w; with a buffer, buffer ← momentum·buffer + g is used in its
/// place; w ← w − rate·g. A buffer starts at zero.
pub fn sgd(w: &mut [f32], g: &[f32], buffer: Option<&mut [f32]>, rate: f64, momentum: f64, weight_decay: f64) {
    assert_eq!(w.len(), g.len());
    let splat = |value: f64| F32x4::splat(value as f32);
    let (rate, momentum, decay) = (splat(rate), splat(momentum), splat(weight_decay));
    let (ws, w_tail) = w.as_chunks_mut::<4>();
    let (gs, g_tail) = g.as_chunks::<4>();
    let Some(buffer) = buffer else {
        let update = |w: F32x4, g: F32x4| w.sub(rate.mul(w.mul(decay).add(g)));
        for (w, g) in ws.iter_mut().zip(gs) {
            update(F32x4::load(w), F32x4::load(g)).store(w);
        }
        if !g_tail.is_empty() {
            store_tail(update(load_tail(w_tail), load_tail(g_tail)), w_tail);
        }
        return;
    };
    assert_eq!(buffer.len(), g.len());
    let update = |w: F32x4, g: F32x4, b: F32x4| {
        let b = settled(b.mul(momentum).add(w.mul(decay).add(g)));
        (w.sub(rate.mul(b)), b)
    };
    let (bs, b_tail) = buffer.as_chunks_mut::<4>();
    for ((w, g), b) in ws.iter_mut().zip(gs).zip(bs) {
        let (w4, b4) = update(F32x4::load(w), F32x4::load(g), F32x4::load(b));
        w4.store(w);
        b4.store(b);
    }
    if !g_tail.is_empty() {
        let (w4, b4) = update(load_tail(w_tail), load_tail(g_tail), load_tail(b_tail));
        store_tail(w4, w_tail);
        store_tail(b4, b_tail);
    }
}
