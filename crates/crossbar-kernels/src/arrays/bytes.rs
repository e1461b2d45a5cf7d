//! Stored bytes as normalised floats.

/// out = tables[channel][byte] for bytes [sample][channel][pixel]; `tables` holds 256 values a channel.
///
/// # Panics
/// When `out` is not as long as `bytes`, or there isn't a table a channel.
pub fn look_up(bytes: &[u8], tables: &[f32], pixels: usize, out: &mut [f32]) {
    assert_eq!(bytes.len(), out.len());
    let (tables, _) = tables.as_chunks::<256>();
    let planes = bytes.chunks_exact(pixels.max(1)).zip(out.chunks_exact_mut(pixels.max(1)));
    for ((bytes, out), table) in planes.zip(tables.iter().cycle()) {
        for (out, byte) in out.iter_mut().zip(bytes) {
            *out = table[usize::from(*byte)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_have_their_own_tables() {
        let tables: Vec<f32> = (0..512).map(|i| i as f32).collect();
        let mut out = [f32::NAN; 8];
        look_up(&[0, 1, 255, 3, 7, 7, 8, 9], &tables, 2, &mut out);
        assert_eq!(out, [0.0, 1.0, 511.0, 259.0, 7.0, 7.0, 264.0, 265.0]);
    }
}
