//! The heap that tensors live in, and the buffers that kernels keep.

use crossbar_kernels::scratch::Workspace;
use std::alloc::{alloc as heap_alloc, dealloc, Layout};
use std::cell::UnsafeCell;
use wasm_bindgen::prelude::wasm_bindgen;

/// Cache line, so that no tensor shares one.
const ALIGNMENT: usize = 64;

thread_local! {
    static WORKSPACE: UnsafeCell<Workspace> = UnsafeCell::default();
}

/// Runs a kernel with the buffers of this instance. They stay where they are, so that a kernel that traps loses none: whoever calls the
/// next one has to reset the stack pointer only. What buffers hold is never read before it is written.
pub fn with_workspace<T>(run: impl FnOnce(&mut Workspace) -> T) -> T {
    // SAFETY: an instance has one thread and kernels never call this function, so nothing else refers to the buffers; after a trap the
    // reference of the kernel that trapped is never used again.
    WORKSPACE.with(|work| run(unsafe { &mut *work.get() }))
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes.max(1), ALIGNMENT).expect("a size below 4 GiB")
}

/// Address of `bytes` fresh bytes, or 0 when the memory is exhausted.
#[wasm_bindgen]
pub fn alloc(bytes: usize) -> u32 {
    // SAFETY: the layout's size is not zero.
    unsafe { heap_alloc(layout(bytes)) as u32 }
}

/// Gives back what [`alloc`] returned for the same size.
#[wasm_bindgen]
pub fn free(ptr: u32, bytes: usize) {
    // SAFETY: the caller owns the block and passes the size it asked for.
    unsafe { dealloc(ptr as *mut u8, layout(bytes)) }
}
