//! The machine's own limit: multiply-adds that touch registers alone. A WebAssembly module of its own, for benches; nothing that is shipped
//! contains it.

mod probe;

/// Number of unrolls.
#[unsafe(no_mangle)]
pub extern "C" fn unrolls() -> usize {
    probe::UNROLLS.len()
}

/// Multiply-adds of four lanes in a step of an unroll.
#[unsafe(no_mangle)]
pub extern "C" fn multiply_adds(unroll: usize) -> usize {
    probe::UNROLLS[unroll]
}

/// Runs `steps` steps of an unroll; see [`probe::probe`].
#[unsafe(no_mangle)]
pub extern "C" fn probe(unroll: usize, steps: usize, factor: f32) -> f32 {
    probe::probe(unroll, steps, factor)
}
