//! Slices of the linear memory, by byte offset. The only place that turns offsets into references.
//!
//! The caller in JavaScript owns the memory and guarantees: offsets come from `alloc`, lengths fit the allocation,
//! and a range that is written is not passed a second time in the same call. A null offset is an array that isn't given.

/// `n` floats to read.
pub fn floats<'a>(offset: u32, n: usize) -> &'a [f32] {
    if n == 0 {
        return &[];
    }
    // SAFETY: see the module's contract; offsets from `alloc` are aligned to 64 bytes, or such an offset plus whole floats.
    unsafe { core::slice::from_raw_parts(offset as usize as *const f32, n) }
}

/// `n` floats to write.
pub fn floats_mut<'a>(offset: u32, n: usize) -> &'a mut [f32] {
    if n == 0 {
        return &mut [];
    }
    // SAFETY: as for `floats`, and nothing else in the call refers to the range.
    unsafe { core::slice::from_raw_parts_mut(offset as usize as *mut f32, n) }
}

/// `n` signed integers to read.
pub fn integers<'a>(offset: u32, n: usize) -> &'a [i32] {
    if n == 0 {
        return &[];
    }
    // SAFETY: as for `floats`.
    unsafe { core::slice::from_raw_parts(offset as usize as *const i32, n) }
}

/// `n` doubles to read.
pub fn doubles<'a>(offset: u32, n: usize) -> &'a [f64] {
    if n == 0 {
        return &[];
    }
    // SAFETY: as for `floats`; offsets are those from `alloc`, or such an offset plus whole doubles.
    unsafe { core::slice::from_raw_parts(offset as usize as *const f64, n) }
}

/// `n` doubles to write.
pub fn doubles_mut<'a>(offset: u32, n: usize) -> &'a mut [f64] {
    if n == 0 {
        return &mut [];
    }
    // SAFETY: as for `doubles`, and nothing else in the call refers to the range.
    unsafe { core::slice::from_raw_parts_mut(offset as usize as *mut f64, n) }
}

/// `n` bytes to read.
pub fn bytes<'a>(offset: u32, n: usize) -> &'a [u8] {
    if n == 0 {
        return &[];
    }
    // SAFETY: see the module's contract.
    unsafe { core::slice::from_raw_parts(offset as usize as *const u8, n) }
}

/// `n` floats to write, unless the offset is null.
pub fn optional_floats_mut<'a>(offset: u32, n: usize) -> Option<&'a mut [f32]> {
    (offset != 0).then(|| floats_mut(offset, n))
}

/// `n` floats to read, or none where the offset is null.
pub fn optional_floats<'a>(offset: u32, n: usize) -> &'a [f32] {
    floats(offset, if offset == 0 { 0 } else { n })
}

/// `n` words to write.
pub fn words_mut<'a>(offset: u32, n: usize) -> &'a mut [u32] {
    if n == 0 {
        return &mut [];
    }
    // SAFETY: as for `floats_mut`.
    unsafe { core::slice::from_raw_parts_mut(offset as usize as *mut u32, n) }
}

/// `n` words to read.
pub fn words<'a>(offset: u32, n: usize) -> &'a [u32] {
    if n == 0 {
        return &[];
    }
    // SAFETY: as for `floats`.
    unsafe { core::slice::from_raw_parts(offset as usize as *const u32, n) }
}
