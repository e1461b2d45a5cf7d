//! Counter-based random streams.
//!
//! A stream's key is derived with Philox4x32-10 from (seed, purpose, name, index, step). Inside a stream, numbers come
//! in *tiles* of [`TILE`] values at the coordinates (row, tile, sample): Philox turns key and coordinates into the state
//! of a four-lane xoshiro128++ generator, which fills the tile. So any tile can be made alone, in any order.
//! The layout is frozen (version 1): changing it changes every seeded number and is a changelog entry.
//!
//! Sources: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011; Blackman & Vigna, "Scrambled linear
//! pseudorandom number generators", ACM TOMS 2021; Box & Muller, Ann. Math. Stat. 1958.

use crate::lanes::{copy, F32x4, U32x4};
use crate::math::{cos_sin_pi, minus_two_ln};

/// Values in one tile: long enough to hide its seeding, and the depth of a packed panel.
pub const TILE: usize = 256;

/// Ten rounds of Philox on four counters at once, lane by lane.
#[inline(always)]
fn philox_lanes(key: [u32; 2], mut counter: [U32x4; 4]) -> [U32x4; 4] {
    let factors = [U32x4::splat(0xD251_1F53), U32x4::splat(0xCD9E_8D57)];
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let (high0, low0) = counter[0].widening_mul(factors[0]);
        let (high1, low1) = counter[2].widening_mul(factors[1]);
        counter = [
            high1.xor(counter[1]).xor(U32x4::splat(k0)),
            low1,
            high0.xor(counter[3]).xor(U32x4::splat(k1)),
            low0,
        ];
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
fn words(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

/// The key of the stream (seed, purpose, name, index, step).
pub fn derive_key(seed: u64, purpose: &str, name: &str, index: u32, step: u32) -> u64 {
    let [h0, h1] = words(hash(purpose, name));
    let [k0, k1, ..] = philox(words(seed), [h0, h1, index, step]);
    u64::from(k1) << 32 | u64::from(k0)
}

/// Four xoshiro128++ generators, one a lane, for one tile.
pub struct Tile {
    state: [U32x4; 4],
}

impl Tile {
    /// The generator of the tile at (row, tile, sample) of a stream.
    #[inline(always)]
    pub fn new(key: u64, row: u32, tile: u32, sample: u32) -> Self {
        let counter = [U32x4::splat(row), U32x4::splat(tile), U32x4::new([0, 1, 2, 3]), U32x4::splat(sample)];
        Self { state: philox_lanes(words(key), counter) }
    }

    /// The next four words, one a lane.
    #[inline(always)]
    pub fn bits(&mut self) -> U32x4 {
        let [mut s0, mut s1, mut s2, mut s3] = self.state;
        let result = s0.add(s3).rotate_left(7).add(s0);
        let t = s1.shl(9);
        s2 = s2.xor(s0);
        s3 = s3.xor(s1);
        s1 = s1.xor(s2);
        s0 = s0.xor(s3);
        s2 = s2.xor(t);
        s3 = s3.rotate_left(11);
        self.state = [s0, s1, s2, s3];
        result
    }

    /// Eight standard normals by Box–Muller on half turns: the angle covers (−π/2, π/2), a spare bit turns it by π.
    /// |z| ≤ 5.77, since the radius is drawn from 24 bits.
    #[inline(always)]
    pub fn normals(&mut self) -> [F32x4; 2] {
        let radius_bits = self.bits();
        let angle_bits = self.bits();
        let one = U32x4::splat(1);
        let uniform = radius_bits.shr(8).add(one).to_f32_signed().mul(F32x4::splat(1.0 / 16_777_216.0));
        let radius = minus_two_ln(uniform).sqrt();
        let radius = radius.to_bits().xor(angle_bits.shl(31)).to_float_bits();
        let turn = angle_bits.shr_signed(8).to_f32_signed().mul(F32x4::splat(1.0 / 16_777_216.0));
        let (cos, sin) = cos_sin_pi(turn);
        [radius.mul(cos), radius.mul(sin)]
    }
}

/// Fills a stream's numbers: tile t of row 0 holds values t·256 ….
#[inline(always)]
fn fill<T: Copy, const N: usize>(key: u64, out: &mut [T], mut draw: impl FnMut(&mut Tile) -> [T; N]) {
    for (t, values) in out.chunks_mut(TILE).enumerate() {
        let mut tile = Tile::new(key, 0, t as u32, 0);
        let (whole, rest) = values.as_chunks_mut::<N>();
        for part in whole {
            *part = draw(&mut tile);
        }
        if !rest.is_empty() {
            copy(&draw(&mut tile)[..rest.len()], rest);
        }
    }
}

/// Standard normals of a stream.
pub fn fill_normal(key: u64, out: &mut [f32]) {
    fill(key, out, |tile| {
        let [[a, b, c, d], [e, f, g, h]] = tile.normals().map(F32x4::to_array);
        [a, b, c, d, e, f, g, h]
    });
}

/// Uniform numbers in [0, 1), 24 bits each.
pub fn fill_uniform(key: u64, out: &mut [f32]) {
    fill(key, out, |tile| tile.bits().shr(8).to_f32_signed().mul(F32x4::splat(1.0 / 16_777_216.0)).to_array());
}

/// Uniform 32-bit words.
pub fn fill_bits(key: u64, out: &mut [u32]) {
    fill(key, out, |tile| tile.bits().to_array());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of Random123's kat_vectors for philox4x32-10.
    #[test]
    fn philox_known_answers() {
        assert_eq!(philox([0, 0], [0; 4]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 2], [u32::MAX; 4]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0xa409_3822, 0x299f_31d0], [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    /// xoshiro128++ written out for one lane, as its authors give it.
    #[test]
    fn lanes_are_xoshiro() {
        let mut tile = Tile::new(7, 1, 2, 3);
        let mut lanes: Vec<[u32; 4]> = (0..4).map(|l| philox([7, 0], [1, 2, l, 3])).collect();
        for _ in 0..100 {
            let words = tile.bits().to_array();
            for (s, word) in lanes.iter_mut().zip(words) {
                assert_eq!(word, s[0].wrapping_add(s[3]).rotate_left(7).wrapping_add(s[0]));
                let t = s[1] << 9;
                s[2] ^= s[0];
                s[3] ^= s[1];
                s[1] ^= s[2];
                s[0] ^= s[3];
                s[2] ^= t;
                s[3] = s[3].rotate_left(11);
            }
        }
    }

    #[test]
    fn keys_differ_in_every_part() {
        let base = derive_key(1, "chip", "conv1", 0, 0);
        for other in [
            derive_key(2, "chip", "conv1", 0, 0),
            derive_key(1, "train", "conv1", 0, 0),
            derive_key(1, "chip", "conv2", 0, 0),
            derive_key(1, "chip", "conv1", 1, 0),
            derive_key(1, "chip", "conv1", 0, 1),
            derive_key(1 << 32, "chip", "conv1", 0, 0),
        ] {
            assert_ne!(base, other);
        }
    }

    /// Moments and Kolmogorov–Smirnov distance of a million normals; α = 1e-4 at this fixed seed.
    #[test]
    fn normals_are_normal() {
        let n = 1 << 20;
        let mut values = vec![0.0; n];
        fill_normal(derive_key(3, "test", "", 0, 0), &mut values);
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n as f64;
        let moment = |p: i32| values.iter().map(|&v| (f64::from(v) - mean).powi(p)).sum::<f64>() / n as f64;
        let root = (n as f64).sqrt();
        assert!(mean.abs() < 3.9 / root);
        assert!((moment(2) - 1.0).abs() < 3.9 * 2f64.sqrt() / root);
        assert!(moment(3).abs() < 3.9 * 6f64.sqrt() / root);
        assert!((moment(4) - 3.0).abs() < 3.9 * 96f64.sqrt() / root);
        values.sort_by(f32::total_cmp);
        let distance = values
            .iter()
            .enumerate()
            .map(|(i, &v)| (cumulative(f64::from(v)) - (i as f64 + 0.5) / n as f64).abs())
            .fold(0.0, f64::max);
        assert!(distance * root < 2.23, "KS statistic {}", distance * root);
    }

    /// Φ(x) by Simpson's rule from 0: accurate to 1e-9 on ±6.
    fn cumulative(x: f64) -> f64 {
        let steps = 64;
        let h = x / f64::from(steps);
        let density = |t: f64| (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let sum: f64 = (0..=steps)
            .map(|i| density(f64::from(i) * h) * if i == 0 || i == steps { 1.0 } else if i % 2 == 1 { 4.0 } else { 2.0 })
            .sum();
        0.5 + sum * h / 3.0
    }

    #[test]
    fn neighbours_and_lanes_are_uncorrelated() {
        let n = 1 << 18;
        let mut values = vec![0.0; n];
        fill_normal(derive_key(4, "test", "", 0, 0), &mut values);
        for lag in [1usize, 4, 8, 256] {
            let sum: f64 = values.iter().zip(&values[lag..]).map(|(&a, &b)| f64::from(a * b)).sum();
            assert!((sum / n as f64).abs() < 3.9 / (n as f64).sqrt(), "lag {lag}");
        }
    }

    #[test]
    fn a_prefix_is_a_prefix() {
        let mut long = vec![0.0; 700];
        let mut short = vec![0.0; 301];
        fill_normal(9, &mut long);
        fill_normal(9, &mut short);
        assert_eq!(long[..301], short[..]);
    }
}
