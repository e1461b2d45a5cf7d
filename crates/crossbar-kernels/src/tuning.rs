//! Constants chosen by measurement: blocking, and the limits between algorithms.
//!
//! Measured in V8 on the machines of `bench/results`: an AMD EPYC (AVX-512, 2 cores) and an Intel Xeon (AVX-512, 2 cores). "Row" names the bench
//! rows, topic and layer, that a constant decides: compare those when you change it. Draws don't depend on any constant. Constants marked
//! *order of sums* decide in which order sums are made: changing one changes last bits and is a changelog entry.

/// Whether a multiply-add is one instruction, with a latency of four cycles and two that start in each: eight accumulators would never have
/// slack. Register blocks have ten or twelve then, in loops of one step (`gemm/micro/blocks.rs`). Row: gemm, every side ≥ 64, relaxed.
pub const FUSED: bool = cfg!(target_feature = "relaxed-simd") || cfg!(feature = "fused");

// Register blocks and panels.

/// Most rows of a panel of A. V8 leaves 15 vector registers on x86: 4×8 is the largest register block of a loop of several steps, 6×8 of
/// one step. Row: gemm, every side ≥ 64.
pub const ROWS: usize = if FUSED { 6 } else { 4 };
/// How rows are divided into panels: entry r is the rows of the next panel if r rows remain, the last entry if more do.
pub const ROWS_SPLIT: &[usize] = if FUSED { &SPLIT_BY_6 } else { &SPLIT_BY_4 };
/// Panels of four rows, but 5 and 6 remaining rows are 3 + 2 and 3 + 3: panels of one or two rows have too few accumulators to hide the
/// latency of an addition. Row: gemm, LeNet-5 c1 (6 rows).
pub const SPLIT_BY_4: [usize; 8] = [0, 1, 2, 3, 4, 3, 3, 4];
/// Panels of six rows and as many of five as make the sum right; for few rows some of four and three. Row: gemm, LeNet-5 c2 (16 rows), f3 dW (10).
pub const SPLIT_BY_6: [usize; 27] = [0, 1, 2, 3, 4, 5, 6, 4, 4, 5, 5, 6, 6, 5, 5, 5, 6, 6, 6, 5, 5, 6, 6, 6, 6, 5, 6];
/// Columns of a panel of B; the last may be half as wide. Row: gemm, every side ≥ 64.
pub const COLS: usize = 8;
/// Steps that an innermost loop writes out. Row: gemm, every side ≥ 64, simd128.
pub const STEPS: usize = 4;
/// Values between panels of B: without them full panels would start 8 kB apart and share cache sets. Row: gemm, VGG-8 features.2 to 6.
pub const PANEL_GAP: usize = 16;

// Cache blocks.

/// Terms of one pass over C, and values of a noise block: a panel of B (8 kB) and one of A (4 kB) stay in the first-level cache.
/// *Order of sums.* Row: gemm, VGG-8 features.2 to 6.
pub const DEPTH: usize = 256;
/// Columns of B packed at a time: 256 kB of a second-level cache. Row: gemm, VGG-8 features.2 to 6.
pub const BLOCK_COLS: usize = 256;
/// Rows of A that meet all columns of a block before the next ones do: 24 kB of a first-level cache of 32 kB. Row: gemm, VGG-8 features.5, 6.
pub const BLOCK_ROWS: usize = 24;
/// Up to so many columns A is packed block by block, just before it is read; more columns would pack it several times. Row: gemm, VGG-8 f1 y.
pub const ONCE_COLS: usize = 2 * BLOCK_COLS;
/// Up to so many terms, register blocks go from left to right. Row: convolution, MobileNet pointwise, VGG-8 features.1.
pub const SHORT_TERMS: usize = 128;
/// Values of B in the columns that all rows of A meet first, going from left to right: 32 kB, a first-level cache. Row: as [`SHORT_TERMS`].
pub const NEAR_VALUES: usize = 8 << 10;
/// Most values of packed A: larger products go in bands of rows, each of which packs B again. 16 MB; a limit of memory, not of time.
pub const MAX_PACKED: usize = 1 << 22;

// Products with an operand in place: the same bits.

/// Up to so many rows B is read in place. Row: gemm, LeNet-5 c1 and f3 dW; c2 (relaxed).
pub const FEW_ROWS: usize = 3 * ROWS;
/// From five up to so many columns: rows of A in place, B packed for one pass. Row: gemm, LeNet-5 f3 y, VGG-8 f2 y, ResNet-18 fc y.
pub const FEW_COLS: usize = COLS + 4;
/// Up to so many terms B is read in place. Row: gemm, ResNet-18 fc dx, relaxed.
pub const FEW_TERMS: usize = if FUSED { 16 } else { 0 };
/// Up to so many columns rows of A are read in place. More columns make packing worth while: a step has fewer addresses, and B comes from the
/// first-level cache. Row: gemm, LeNet-5 f1 y and f2 y.
pub const A_IN_PLACE_COLS: usize = BLOCK_COLS;
/// Cache lines that most first-level caches keep of those that are a multiple of [`PAGE_VALUES`] apart. Row: gemm, VGG-8 f2 dx, relaxed.
pub const CACHE_WAYS: usize = 8;
/// Values of a page of 4 kB, after which addresses share a set of a first-level cache again.
pub const PAGE_VALUES: usize = 1024;

// Algorithms of convolutions.

/// Up to so many outputs images are read in place: packing them would cost more than it saves. *Order of sums* of weight gradients. Row:
/// convolution, LeNet-5 c2 backward input, MobileNet depthwise.
pub const DIRECT_OUTPUTS: usize = 32;
/// Values of padded planes of a depthwise convolution that are padded, then read, at a time: half of a first-level cache of 32 kB.
/// Row: convolution, MobileNet depthwise.
pub const DEPTHWISE_VALUES: usize = 4096;
/// Most values of four padded images that are interleaved: 256 kB, half of a small second-level cache. Row: convolution, VGG-8 features.1
/// backward input.
pub const MAX_INTERLEAVED: usize = 1 << 16;
/// Outputs from which Winograd's filters along rows save more than their transforms cost. *Order of sums.* Row: convolution, LeNet-5 c1.
pub const LEAST_OUTPUTS: usize = 3;
/// Channels and outputs from which F(2×2, 3×3) does. *Order of sums.* Row: convolution, VGG-8 features.2, ResNet-18 layer1.0.conv1.
pub const LEAST_SIDE: usize = 48;
/// Most values of four padded images that F(2×2, 3×3) takes: 4 MB. *Order of sums.* Row: convolution, ResNet-18 layer1.0.conv1.
pub const MAX_WINOGRAD: usize = 1 << 20;
/// Columns of a product in the Winograd domain, four for each patch of four images: with 16 points of 512 channels 4 MB. Row: convolution,
/// VGG-8 features.3 to 6.
pub const WINOGRAD_COLUMNS: usize = 128;
/// Least columns of a convolution's product: small images are packed together. *Order of sums* of weight gradients. Row: convolution,
/// ResNet-18 layer4.0.conv1.
pub const CONV_COLUMNS: usize = 256;
/// Planes of an image whose rows are read in turn while it is padded: memory delivers several streams faster than one. Row: convolution,
/// VGG-8 features.1 forward, MobileNet pointwise.
pub const READ_PLANES: usize = 4;
/// Planes whose lines are written in turn while they are put together from phases. Row: convolution, ResNet-18 layer2.0.conv1 backward input.
pub const PUT_PLANES: usize = 16;
/// Outputs whose flipped weights are packed together: they are neighbours in a panel. Row: convolution, VGG-8 features.1 backward input.
pub const FLIPPED_OUTPUTS: usize = 4;

// Gradients of a convolution's weights.

/// Pixels from which planes of dy are read in place. *Order of sums.* Row: convolution, VGG-8 features.1 and MobileNet pointwise backward
/// weight.
pub const LEAST_PLANE: usize = 128;
/// Weights of an output up to which they are: a step of six rows has no time for their addresses. *Order of sums.* Row: convolution, ResNet-18
/// layer2.0.conv1 backward weight.
pub const PLANE_COLS: usize = if FUSED { A_IN_PLACE_COLS } else { usize::MAX };
/// Most pixels of planes in one pass: memory delivers long runs faster than short ones. *Order of sums.* Row: convolution, MobileNet pointwise
/// backward weight.
pub const PLANE_DEPTH: usize = 1024;
/// Values of packed columns in such a pass, unless that makes it shorter than [`DEPTH`]. *Order of sums.* Row: as [`PLANE_DEPTH`].
pub const PLANE_VALUES: usize = 1 << 16;
/// Vectors of a plane of dy in one pass of dot products: four planes of 4 kB fit a first-level cache together with the images. *Order of
/// sums.* Row: convolution, MobileNet depthwise backward weight.
pub const PLANE_VECTORS: usize = 256;
/// The same in the Winograd domain. *Order of sums.* Row: convolution, LeNet-5 c1 and c2 backward weight.
pub const GRADIENT_VECTORS: usize = 128;
