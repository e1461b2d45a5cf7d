/* tslint:disable */
/* eslint-disable */

/**
 * The same, adding to the destination; a destination stride of 0 sums.
 */
export function accumulateStrided(count: number, dims: Int32Array | number[], from_strides: Int32Array | number[], to_strides: Int32Array | number[]): void;

/**
 * One step of Adam.
 */
export function adamStep(count: number): void;

/**
 * Mean of oh × ow nearly equal parts of every plane [h, w].
 */
export function adaptivePool(x: number, y: number, planes: number, h: number, w: number, oh: number, ow: number): void;

/**
 * dx from dy.
 */
export function adaptivePoolGradient(dy: number, dx: number, planes: number, h: number, w: number, oh: number, ow: number): void;

/**
 * values = max(0, values + sigma·z), from noise block `first` of the stream on.
 */
export function addNoise(key: bigint, first: number, sigma: number, values: number, n: number): void;

/**
 * Address of `bytes` fresh bytes, or 0 when the memory is exhausted.
 */
export function alloc(bytes: number): number;

/**
 * Mean of every window.
 */
export function averagePool(x: number, y: number, desc: Int32Array | number[], count_padding: boolean): void;

/**
 * dx from dy.
 */
export function averagePoolGradient(dy: number, dx: number, desc: Int32Array | number[], count_padding: boolean): void;

/**
 * y += alpha·x.
 */
export function axpy(alpha: number, x: number, y: number, n: number): void;

/**
 * With given statistics.
 */
export function batchNorm(count: number): void;

/**
 * Gradients of either form; `dx` may be null.
 */
export function batchNormGradient(count: number): void;

/**
 * With the batch's own statistics, which are written to `mean` and `variance`.
 */
export function batchNormTrain(count: number): void;

/**
 * y = a ∘ b, n values each.
 */
export function binary(code: number, a: number, b: number, y: number, n: number): void;

/**
 * y = a ∘ b with broadcasting: y contiguous over `dims`, strides in elements, 0 where a value repeats.
 */
export function binaryBroadcast(code: number, a: number, b: number, y: number, dims: Int32Array | number[], a_strides: Int32Array | number[], b_strides: Int32Array | number[]): void;

/**
 * Σ over images and pixels for each channel.
 */
export function channelSum(x: number, out: number, n: number, channels: number, pixels: number): void;

/**
 * Σ over rows.
 */
export function columnSum(x: number, out: number, rows: number, cols: number): void;

/**
 * dx, with the forward's draw.
 */
export function convBackwardInput(count: number): void;

/**
 * dW for the sum of several gradients. With `positions`, one for each, the gradients are by the 2×2 max pool of the outputs, and these
 * the positions of the forward pass: for convolutions that pool without variation.
 */
export function convBackwardWeight(count: number, dys: Uint32Array | number[], positions: Uint32Array | number[]): void;

/**
 * y = (W + ΔW)∗x + b; of that the largest of each 2×2 if `pooled`; of that max(that, 0) if `rectified`. `positions` is null or
 * receives which of the four it was.
 */
export function convForward(count: number): void;

/**
 * The same for several weights without variation, each with its y.
 */
export function convForwardEach(count: number, ws: Uint32Array | number[], ys: Uint32Array | number[]): void;

/**
 * Whether [`conv_forward`] can take a 2×2 max pool of its outputs, with variation of a kind.
 */
export function convPools(count: number, kind: number): boolean;

/**
 * y = scale·step·code(x), or y + that.
 */
export function convert(count: number): number;

/**
 * to[toOffset + Σ i·toStrides] = from[fromOffset + Σ i·fromStrides] over `dims`.
 */
export function copyStrided(count: number, dims: Int32Array | number[], from_strides: Int32Array | number[], to_strides: Int32Array | number[]): void;

/**
 * Counts scores [rows, classes] times `factor` with i32 labels. Softmax and logarithms are added to `sums` and `logarithms` (f64),
 * or to nothing where these are null. Returns [right, confidence right, confidence wrong, broken, entropy, loss, information] and the
 * gaps of 15 ranges of confidence.
 */
export function countScores(scores: number, labels: number, sums: number, logarithms: number, rows: number, classes: number, factor: number): Float64Array;

/**
 * Mean cross entropy of logits [rows, cols] with i32 labels; `gradient` may be null.
 */
export function crossEntropy(logits: number, labels: number, gradient: number, rows: number, cols: number): number;

/**
 * The key of the stream (seed, purpose, name, index, step).
 */
export function deriveKey(seed_low: number, seed_high: number, purpose: string, name: string, index: number, step: number): bigint;

/**
 * Address of the block.
 */
export function descriptor(): number;

/**
 * y = scale·digit(x).
 */
export function digits(count: number): number;

/**
 * Values decay by a power of time.
 */
export function driftCells(count: number): void;

/**
 * y = x/(1−p) where y held a uniform number ≥ p, else 0.
 */
export function dropOut(x: number, y: number, n: number, p: number): void;

/**
 * Sum over rows of the entropy of counts/total (f64 [rows, classes]), in units.
 */
export function entropy(counts: number, rows: number, classes: number, total: number): number;

/**
 * Sets n values.
 */
export function fill(y: number, n: number, value: number): void;

/**
 * Uniform 32-bit words.
 */
export function fillBits(key: bigint, out: number, n: number): void;

/**
 * Standard normals.
 */
export function fillNormal(key: bigint, out: number, n: number): void;

/**
 * Uniform numbers in [0, 1).
 */
export function fillUniform(key: bigint, out: number, n: number): void;

/**
 * Standard deviations of 1/f noise.
 */
export function flickerCells(count: number): void;

/**
 * Gives back what [`alloc`] returned for the same size.
 */
export function free(ptr: number, bytes: number): void;

/**
 * dst[o, i, :] = src[o, indices[i], :]; src [outer, axis, inner], indices in 0..axis.
 */
export function gather(src: number, dst: number, indices: Int32Array | number[], outer: number, axis: number, inner: number): void;

/**
 * C [m, n] = op(A)·op(B), or C + that.
 */
export function gemm(count: number): void;

/**
 * dx = dy·(W + ΔW). `x` and `ratio` are read in the cheap form of a draw for every sample.
 */
export function linearBackwardInput(count: number): void;

/**
 * dW = dyᵀ·x in W's layout.
 */
export function linearBackwardWeight(x: number, dy: number, dw: number, rows: number, inputs: number, outputs: number, inputs_first: boolean): void;

/**
 * y = x·(W + ΔW)ᵀ + b, or max(that, 0). `ratio` is written in the cheap form of a draw for every sample.
 */
export function linearForward(count: number): void;

/**
 * out = tables[channel][byte] for bytes [samples, channels, pixels]; `tables` [channels, 256].
 */
export function lookUp(from: number, tables: number, out: number, samples: number, channels: number, pixels: number): void;

/**
 * Slope in `factor` of the summed cross entropy of scores (f32 [rows, classes]) times `factor` with i32 labels.
 */
export function lossSlope(scores: number, labels: number, rows: number, classes: number, factor: number): number;

/**
 * Codes, conductances of their digits, and the weights that they stand for.
 */
export function mapCodes(count: number): void;

/**
 * Conductances of the fractions that arms hold.
 */
export function mapFractions(count: number): void;

/**
 * max |x|; infinite when a value is NaN.
 */
export function maxAbs(x: number, n: number): number;

/**
 * Largest value of every window; `positions` (one float an output) may be null.
 */
export function maxPool(x: number, y: number, positions: number, desc: Int32Array | number[]): void;

/**
 * dx from dy and the positions of the forward pass.
 */
export function maxPoolGradient(dy: number, positions: number, dx: number, desc: Int32Array | number[]): void;

/**
 * Weights with what the deviations of their cells add to them.
 */
export function recombine(count: number): void;

/**
 * y[o, i] = reduction over l of x[o, l, i].
 */
export function reduce(code: number, x: number, y: number, outer: number, len: number, inner: number): void;

/**
 * Gradient of a maximum: dy goes to the first place that holds it.
 */
export function reduceMaxGradient(x: number, y: number, dy: number, dx: number, outer: number, len: number, inner: number): void;

/**
 * Gradient of a product; dy [outer, inner].
 */
export function reduceProductGradient(x: number, dy: number, dx: number, outer: number, len: number, inner: number): void;

/**
 * dx *= slope of the reduction, a norm or a log-sum of exponentials, by x.
 */
export function scaleBySlopes(code: number, x: number, y: number, dx: number, outer: number, len: number, inner: number): void;

/**
 * y[o, l, i] = cumulative function of x[o, 0..=l, i]; order: 1 exclusive, 2 from the end, 3 both.
 */
export function scan(code: number, order: number, x: number, y: number, outer: number, len: number, inner: number): void;

/**
 * Gradient of a cumulative product; dy [outer, len, inner].
 */
export function scanProductGradient(order: number, x: number, dy: number, dx: number, outer: number, len: number, inner: number): void;

/**
 * dst[o, indices[i], :] += src[o, i, :]; dst [outer, axis, inner].
 */
export function scatterAdd(src: number, dst: number, indices: Int32Array | number[], outer: number, axis: number, inner: number): void;

/**
 * y = where the condition's byte isn't 0: a, else b, with broadcasting; strides: those of the condition, then of a, then of b.
 */
export function selectBroadcast(condition: number, a: number, b: number, y: number, dims: Int32Array | number[], strides: Int32Array | number[]): void;

/**
 * One step of gradient descent; `buffer` (the momentum) may be null.
 */
export function sgdStep(w: number, g: number, buffer: number, n: number, rate: number, momentum: number, weight_decay: number): void;

/**
 * y = softmax(x), or its logarithm.
 */
export function softmax(x: number, y: number, outer: number, len: number, inner: number, logarithm: boolean): void;

/**
 * dx from dy and the output y.
 */
export function softmaxGradient(dy: number, y: number, dx: number, outer: number, len: number, inner: number, logarithm: boolean): void;

/**
 * dx[o, l, i] = scale·dy[o, i]: the gradient of a sum or a mean.
 */
export function spread(dy: number, dx: number, outer: number, len: number, inner: number, scale: number): void;

/**
 * y = f(x), n values; p0 and p1 are the function's parameters.
 */
export function unary(code: number, x: number, y: number, n: number, p0: number, p1: number): void;

/**
 * dx = dy·f′; `value` is the function's output or its input, as the table says.
 */
export function unaryGradient(code: number, dy: number, value: number, dx: number, n: number, p0: number, p1: number): void;

/**
 * W + ΔW written out: what a product with this variation uses for its first sample.
 */
export function variedWeight(count: number): void;

/**
 * The same approximately, in one pass over g [rows, cols].
 */
export function wireApproximation(g: number, effective: number, rows: number, cols: number): void;

/**
 * Adds word line `row` of conductances g [cols] to the state; rows come in order.
 */
export function wireRow(state: number, g: number, rows: number, cols: number, row: number): void;

/**
 * Effective conductances [rows, cols] from the state after the last row.
 */
export function wireSolution(state: number, effective: number, rows: number, cols: number): void;

/**
 * Values of the state of an elimination.
 */
export function wireStateSize(rows: number, cols: number): number;

/**
 * values = max(least, target + σ(judged)·z).
 */
export function writeCells(count: number): void;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly accumulateStrided: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly adamStep: (a: number) => void;
    readonly adaptivePool: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly adaptivePoolGradient: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly addNoise: (a: bigint, b: number, c: number, d: number, e: number) => void;
    readonly alloc: (a: number) => number;
    readonly averagePool: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly averagePoolGradient: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly axpy: (a: number, b: number, c: number, d: number) => void;
    readonly batchNorm: (a: number) => void;
    readonly batchNormGradient: (a: number) => void;
    readonly batchNormTrain: (a: number) => void;
    readonly binary: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly binaryBroadcast: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number, i: number, j: number) => void;
    readonly channelSum: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly columnSum: (a: number, b: number, c: number, d: number) => void;
    readonly convBackwardInput: (a: number) => void;
    readonly convBackwardWeight: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly convForward: (a: number) => void;
    readonly convForwardEach: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly convPools: (a: number, b: number) => number;
    readonly convert: (a: number) => number;
    readonly copyStrided: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly countScores: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => [number, number];
    readonly crossEntropy: (a: number, b: number, c: number, d: number, e: number) => number;
    readonly deriveKey: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number) => bigint;
    readonly descriptor: () => number;
    readonly digits: (a: number) => number;
    readonly driftCells: (a: number) => void;
    readonly dropOut: (a: number, b: number, c: number, d: number) => void;
    readonly entropy: (a: number, b: number, c: number, d: number) => number;
    readonly fill: (a: number, b: number, c: number) => void;
    readonly fillBits: (a: bigint, b: number, c: number) => void;
    readonly fillNormal: (a: bigint, b: number, c: number) => void;
    readonly fillUniform: (a: bigint, b: number, c: number) => void;
    readonly flickerCells: (a: number) => void;
    readonly free: (a: number, b: number) => void;
    readonly gather: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly gemm: (a: number) => void;
    readonly linearBackwardInput: (a: number) => void;
    readonly linearBackwardWeight: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly linearForward: (a: number) => void;
    readonly lookUp: (a: number, b: number, c: number, d: number, e: number, f: number) => void;
    readonly lossSlope: (a: number, b: number, c: number, d: number, e: number) => number;
    readonly mapCodes: (a: number) => void;
    readonly mapFractions: (a: number) => void;
    readonly maxAbs: (a: number, b: number) => number;
    readonly maxPool: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly maxPoolGradient: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly recombine: (a: number) => void;
    readonly reduce: (a: number, b: number, c: number, d: number, e: number, f: number) => void;
    readonly reduceMaxGradient: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly reduceProductGradient: (a: number, b: number, c: number, d: number, e: number, f: number) => void;
    readonly scaleBySlopes: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly scan: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly scanProductGradient: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly scatterAdd: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly selectBroadcast: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number) => void;
    readonly sgdStep: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly softmax: (a: number, b: number, c: number, d: number, e: number, f: number) => void;
    readonly softmaxGradient: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly spread: (a: number, b: number, c: number, d: number, e: number, f: number) => void;
    readonly unary: (a: number, b: number, c: number, d: number, e: number, f: number) => void;
    readonly unaryGradient: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly variedWeight: (a: number) => void;
    readonly wireApproximation: (a: number, b: number, c: number, d: number) => void;
    readonly wireRow: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly wireSolution: (a: number, b: number, c: number, d: number) => void;
    readonly wireStateSize: (a: number, b: number) => number;
    readonly writeCells: (a: number) => void;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
