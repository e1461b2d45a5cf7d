//! What was chosen by measurement, in one table: blocking, and by which shapes a product goes which way.
//!
//! Measured in V8 on x86 by bench/topics (gemm, convolution, lenetStep, vggStep). Draws don't depend on any of it. What decides the
//! order in which sums are made (DEPTH; CONV_COLUMNS and all PLANE constants for weight gradients; the ways of a convolution) decides
//! last bits: a change of those belongs into the changelog.

// Blocking.

/// Whether a multiply-add is one instruction. Two begin in a cycle and take four, so that with eight sums under way nothing may ever be
/// late. A product has ten or twelve there, in loops of one step (see `micro::add_single_steps`).
pub const FUSED: bool = cfg!(target_feature = "relaxed-simd") || cfg!(feature = "fused");
/// Rows of a panel of A at most. In loops of several steps 4×8 is the largest tile that V8 keeps in the registers of x86 (it has fifteen of the sixteen), in
/// those of one step 6×8.
pub const ROWS: usize = if FUSED { 6 } else { 4 };
/// Rows of the next panel for so many left, or more.
pub const PANELS: &[usize] = if FUSED { &SIXES } else { &FOURS };
/// Fours, but 5 and 6 left over go as 3 + 2 and 3 + 3, since a panel of one or two rows has too few sums under way to hide the
/// latency of an addition.
pub const FOURS: [usize; 8] = [0, 1, 2, 3, 4, 3, 3, 4];
/// Sixes and as many fives as make the sum right, where there are enough; else some fours and a three.
pub const SIXES: [usize; 27] = [0, 1, 2, 3, 4, 5, 6, 4, 4, 5, 5, 6, 6, 5, 5, 5, 6, 6, 6, 5, 5, 6, 6, 6, 6, 5, 6];
/// Columns of a panel of B; the last may be half as wide.
pub const COLS: usize = 8;
/// k values in one pass over C: a panel of B (8 kB) and one of A (4 kB) stay in the first-level cache.
pub const DEPTH: usize = 256;
/// Columns of B packed at a time: 256 kB, inside any second-level cache.
pub const BLOCK_COLS: usize = 256;
/// Up to so many columns A is packed block by block, just before it is read; for more it would be packed several times.
pub const ONCE_COLS: usize = 2 * BLOCK_COLS;
/// Rows of A that meet all columns of a block before the next ones do: with 256 k, 24 kB of a first-level cache of 32.
pub const BLOCK_ROWS: usize = 24;
/// Up to so many terms all rows of A meet a few columns before the next ones do instead.
pub const SHORT_TERMS: usize = 128;
/// Values of B in those columns: 32 kB, a first-level cache.
pub const NEAR_VALUES: usize = 8 << 10;
/// Up to so many columns rows of A are read where they are if their k lie side by side. Where more columns share the work packing is
/// faster: a step has fewer addresses, and B comes from the first-level cache.
pub const ROW_COLS: usize = BLOCK_COLS;
/// Pixels of an image's planes at most in one pass over a weight gradient that reads them where they are: long runs of memory come faster
/// than short ones.
pub const PLANE_DEPTH: usize = 1024;
/// Values of packed columns in such a pass, unless that makes it shorter than [`DEPTH`].
pub const PLANE_VALUES: usize = 1 << 16;
/// Pixels from which planes are read where they are.
pub const LEAST_PLANE: usize = 128;
/// Columns up to which they are: a step of six rows has no time for their addresses.
pub const PLANE_COLS: usize = if FUSED { ROW_COLS } else { usize::MAX };
/// Floats between panels of B: without them panels of full depth would begin 8 kB apart and share cache sets.
pub const PANEL_GAP: usize = 16;
/// Floats of packed A at most: larger products go in bands of rows, each band packing B again.
pub const MAX_PACKED: usize = 1 << 22;
/// Steps that an innermost loop writes out: see `micro`.
pub const STEPS: usize = 4;
/// Columns that a convolution's product should have at least, where images are small.
pub const CONV_COLUMNS: usize = 256;
/// Planes of an image whose rows are read in turn where it is padded, and those whose lines are written in turn where they are put together from
/// parts: memory delivers several streams at a time faster than one.
pub const READ_PLANES: usize = 4;
/// See [`READ_PLANES`].
pub const PUT_PLANES: usize = 16;
/// Columns of a product of Winograd's (four for each place of four images' tiles): with 16 places of 512 channels 4 MB.
pub const WINOGRAD_COLUMNS: usize = 128;
/// Vectors of one plane of dy that are handled at a time: four planes of 4 kB fit the first-level cache beside the images.
pub const PLANE_VECTORS: usize = 256;
/// The same where planes are at the points of Winograd's transforms.
pub const GRADIENT_VECTORS: usize = 128;
/// Outputs whose turned weights are packed together: their places in a panel lie side by side.
pub const TURNED_OUTPUTS: usize = 4;

// Products that leave packing out, with the same bits.

/// Up to so many rows B is read where it is.
pub const FEW_ROWS: usize = 3 * ROWS;
/// From more than half a panel of columns up to so many B is packed for one pass of all rows of A, which are read where they are.
pub const FEW_COLS: usize = COLS + 4;
/// Up to so many terms B is read where it is. Kernels of two instructions a multiply-add start faster on rows of A.
pub const FEW_TERMS: usize = if FUSED { 16 } else { 0 };

/// Lines that most first-level caches keep of those that lie a multiple of [`PAGE_VALUES`] apart.
pub const CACHE_WAYS: usize = 8;
/// Floats of a page of 4 kB, after which the places of a first-level cache begin again.
pub const PAGE_VALUES: usize = 1024;

// The ways of a convolution.

/// Up to this many outputs the image is read where it is: packing it would cost more than it saves.
pub const DIRECT_ROWS: usize = 32;
/// Values of four padded images at most for these to go side by side: half of a small second-level cache.
pub const MAX_FOUR: usize = 1 << 16;
/// Outputs from which Winograd's transforms along rows cost less than they save.
pub const LEAST_OUTPUTS: usize = 3;
/// Channels and outputs from which those of 3×3 kernels do.
pub const LEAST_SIDE: usize = 48;
/// Values of four padded images at most for the latter.
pub const MAX_WINOGRAD_FOUR: usize = 1 << 20;
