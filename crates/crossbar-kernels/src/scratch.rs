//! Scratch memory that grows to what the largest call needs and is kept for the next one.

/// Bytes of a cache line.
const LINE: usize = 64;

/// A growing buffer. What a call borrows is its own until the borrow ends.
#[derive(Default)]
pub struct Scratch<T>(Vec<T>);

impl<T: Copy + Default> Scratch<T> {
    /// `n` values that start at a cache line: whole vectors of packed values are never read across two lines. Contents are arbitrary.
    #[inline]
    pub(crate) fn take(&mut self, n: usize) -> &mut [T] {
        let most = n + LINE / size_of::<T>();
        if self.0.len() < most {
            self.grow(most);
        }
        let first = self.0.as_ptr().align_offset(LINE);
        &mut self.0[first..first + n]
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, most: usize) {
        self.0.resize(most, T::default());
    }
}

/// Packed operands of a product.
#[derive(Default)]
pub struct Packed {
    pub(crate) a: Scratch<f32>,
    pub(crate) b: Scratch<f32>,
}

/// Padded images and the offsets of their columns.
#[derive(Default)]
pub struct Images {
    pub(crate) padded: Scratch<f32>,
    pub(crate) offsets: Scratch<usize>,
}

/// The scratch memory of one thread. Functions are given the parts they use, so that callers keep the others.
#[derive(Default)]
pub struct Workspace {
    pub(crate) packed: Packed,
    pub(crate) images: Images,
    /// Filters in the Winograd domain.
    pub(crate) filters: Scratch<f32>,
    /// Intermediate results.
    pub(crate) results: Scratch<f32>,
}
