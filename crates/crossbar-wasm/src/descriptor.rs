//! Descriptors: the fields of a call as doubles, which hold every u32 and f32 exactly, in a block of the linear memory.
//!
//! A call of a dozen values takes one descriptor instead of a dozen positional arguments: JavaScript writes its fields to the block, then
//! calls the kernel with their number. The structs of `calls.rs` say the fields and their order; `packages/kernels/src/call.ts` writes them in
//! the same order, which a test compares.

use core::cell::UnsafeCell;
use wasm_bindgen::prelude::wasm_bindgen;

/// Numbers that the block holds.
const CAPACITY: usize = 48;

struct Block(UnsafeCell<[f64; CAPACITY]>);

// SAFETY: an instance has one thread, and no reference outlives `read`.
unsafe impl Sync for Block {}

static BLOCK: Block = Block(UnsafeCell::new([0.0; CAPACITY]));

/// Address of the block.
#[wasm_bindgen(js_name = descriptor)]
pub fn address() -> u32 {
    BLOCK.0.get() as u32
}

/// The numbers of a descriptor that haven't been read yet.
pub struct Numbers<'a>(core::slice::Iter<'a, f64>);

impl Numbers<'_> {
    #[inline(always)]
    fn next(&mut self) -> f64 {
        *self.0.next().expect("a number for each field")
    }
}

/// What can be read from a descriptor.
pub trait Read {
    /// Numbers that it takes.
    const COUNT: usize;

    fn read(numbers: &mut Numbers) -> Self;
}

/// The descriptor in the block.
///
/// # Panics
/// When `count`, the numbers that were written, isn't that of its fields.
#[inline(always)]
pub fn read<T: Read>(count: usize) -> T {
    assert_eq!(count, T::COUNT, "a number for each field");
    // SAFETY: JavaScript, which writes the block, doesn't run during a call.
    let numbers = unsafe { &*BLOCK.0.get() };
    T::read(&mut Numbers(numbers[..T::COUNT].iter()))
}

/// Whole numbers trap where the type can't hold them: a conversion would saturate in silence.
macro_rules! read_whole {
    ($($type:ty),*) => {
        $(impl Read for $type {
            const COUNT: usize = 1;

            #[inline(always)]
            fn read(numbers: &mut Numbers) -> Self {
                let number = numbers.next();
                let whole = number as $type;
                assert!(whole as f64 == number, "a number that the type holds");
                whole
            }
        })*
    };
}
read_whole!(u32, usize, isize);

/// Rounded; a finite number that would become infinite traps.
impl Read for f32 {
    const COUNT: usize = 1;

    #[inline(always)]
    fn read(numbers: &mut Numbers) -> Self {
        let number = numbers.next();
        let rounded = number as f32;
        assert!(rounded.is_finite() || !number.is_finite(), "a number that the type holds");
        rounded
    }
}

impl Read for f64 {
    const COUNT: usize = 1;

    #[inline(always)]
    fn read(numbers: &mut Numbers) -> Self {
        numbers.next()
    }
}

impl Read for bool {
    const COUNT: usize = 1;

    #[inline(always)]
    fn read(numbers: &mut Numbers) -> Self {
        numbers.next() != 0.0
    }
}

/// In two numbers: the low and the high half.
impl Read for u64 {
    const COUNT: usize = 2;

    #[inline(always)]
    fn read(numbers: &mut Numbers) -> Self {
        let (low, high) = (u32::read(numbers), u32::read(numbers));
        u64::from(high) << 32 | u64::from(low)
    }
}

/// A struct that is read field by field, in the order written.
macro_rules! descriptor {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl crate::descriptor::Read for $name {
            const COUNT: usize = 0 $(+ <$type as crate::descriptor::Read>::COUNT)*;

            #[inline(always)]
            fn read(numbers: &mut crate::descriptor::Numbers) -> Self {
                Self { $($field: crate::descriptor::Read::read(numbers),)* }
            }
        }
    };
}
pub(crate) use descriptor;
