//! Philox4x32-10, and the keys of streams that it derives.

use crate::lanes::U32x4;

/// Ten rounds of Philox on four counters at once, lane by lane.
#[inline(always)]
pub(super) fn philox_lanes(key: [u32; 2], mut counter: [U32x4; 4]) -> [U32x4; 4] {
    let factors = [U32x4::splat(0xD251_1F53), U32x4::splat(0xCD9E_8D57)];
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let (high0, low0) = counter[0].widening_mul(factors[0]);
        let (high1, low1) = counter[2].widening_mul(factors[1]);
        counter =
            [high1.xor(counter[1]).xor(U32x4::splat(k0)), low1, high0.xor(counter[3]).xor(U32x4::splat(k1)), low0];
        k0 = k0.wrapping_add(0x9E37_79B9);
        k1 = k1.wrapping_add(0xBB67_AE85);
    }
    counter
}

/// Philox4x32-10 of one counter.
pub fn philox(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
    philox_lanes(key, counter.map(U32x4::splat)).map(|word| word.to_array()[0])
}

/// FNV-1a of `purpose`, a zero byte and `name`: names a stream, no more.
fn hash(purpose: &str, name: &str) -> u64 {
    let bytes = purpose.bytes().chain([0]).chain(name.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[inline(always)]
pub(super) fn words(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

/// The key of the stream (seed, purpose, name, index, step).
pub fn derive_key(seed: u64, purpose: &str, name: &str, index: u32, step: u32) -> u64 {
    let [h0, h1] = words(hash(purpose, name));
    let [k0, k1, ..] = philox(words(seed), [h0, h1, index, step]);
    u64::from(k1) << 32 | u64::from(k0)
}
