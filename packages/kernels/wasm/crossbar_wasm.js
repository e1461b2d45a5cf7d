/* @ts-self-types="./crossbar_wasm.d.ts" */

/**
 * The same, adding to the destination; a destination stride of 0 sums.
 * @param {number} count
 * @param {Int32Array | number[]} dims
 * @param {Int32Array | number[]} from_strides
 * @param {Int32Array | number[]} to_strides
 */
export function accumulateStrided(count, dims, from_strides, to_strides) {
    const val4 = +count;
    let ptr0, len0, ptr1, len1, ptr2, len2;
    try {
        ptr0 = passArray32ToWasm0(dims, wasm.__wbindgen_malloc);
        len0 = WASM_VECTOR_LEN;
        ptr1 = passArray32ToWasm0(from_strides, wasm.__wbindgen_malloc);
        len1 = WASM_VECTOR_LEN;
        ptr2 = passArray32ToWasm0(to_strides, wasm.__wbindgen_malloc);
        len2 = WASM_VECTOR_LEN;
    } catch (e) {
        if (ptr2) { wasm.__wbindgen_free(ptr2, len2 * 4, 4); }
        if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
        if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 4, 4); }
        throw e;
    }
    wasm.accumulateStrided(val4, ptr0, len0, ptr1, len1, ptr2, len2);
}

/**
 * One step of Adam.
 * @param {number} count
 */
export function adamStep(count) {
    wasm.adamStep(count);
}

/**
 * Mean of oh × ow nearly equal parts of every plane [h, w].
 * @param {number} x
 * @param {number} y
 * @param {number} planes
 * @param {number} h
 * @param {number} w
 * @param {number} oh
 * @param {number} ow
 */
export function adaptivePool(x, y, planes, h, w, oh, ow) {
    wasm.adaptivePool(x, y, planes, h, w, oh, ow);
}

/**
 * dx from dy.
 * @param {number} dy
 * @param {number} dx
 * @param {number} planes
 * @param {number} h
 * @param {number} w
 * @param {number} oh
 * @param {number} ow
 */
export function adaptivePoolGradient(dy, dx, planes, h, w, oh, ow) {
    wasm.adaptivePoolGradient(dy, dx, planes, h, w, oh, ow);
}

/**
 * values = max(0, values + sigma·z), from noise block `first` of the stream on.
 * @param {bigint} key
 * @param {number} first
 * @param {number} sigma
 * @param {number} values
 * @param {number} n
 */
export function addNoise(key, first, sigma, values, n) {
    wasm.addNoise(key, first, sigma, values, n);
}

/**
 * Address of `bytes` fresh bytes, or 0 when the memory is exhausted.
 * @param {number} bytes
 * @returns {number}
 */
export function alloc(bytes) {
    const ret = wasm.alloc(bytes);
    return ret >>> 0;
}

/**
 * Mean of every window.
 * @param {number} x
 * @param {number} y
 * @param {Int32Array | number[]} desc
 * @param {boolean} count_padding
 */
export function averagePool(x, y, desc, count_padding) {
    const val2 = +x;
    const val3 = +y;
    const val4 = +count_padding;
    const ptr0 = passArray32ToWasm0(desc, wasm.__wbindgen_malloc);
    const len0 = WASM_VECTOR_LEN;
    wasm.averagePool(val2, val3, ptr0, len0, val4);
}

/**
 * dx from dy.
 * @param {number} dy
 * @param {number} dx
 * @param {Int32Array | number[]} desc
 * @param {boolean} count_padding
 */
export function averagePoolGradient(dy, dx, desc, count_padding) {
    const val2 = +dy;
    const val3 = +dx;
    const val4 = +count_padding;
    const ptr0 = passArray32ToWasm0(desc, wasm.__wbindgen_malloc);
    const len0 = WASM_VECTOR_LEN;
    wasm.averagePoolGradient(val2, val3, ptr0, len0, val4);
}

/**
 * y += alpha·x.
 * @param {number} alpha
 * @param {number} x
 * @param {number} y
 * @param {number} n
 */
export function axpy(alpha, x, y, n) {
    wasm.axpy(alpha, x, y, n);
}

/**
 * With given statistics.
 * @param {number} count
 */
export function batchNorm(count) {
    wasm.batchNorm(count);
}

/**
 * Gradients of either form; `dx` may be null.
 * @param {number} count
 */
export function batchNormGradient(count) {
    wasm.batchNormGradient(count);
}

/**
 * With the batch's own statistics, which are written to `mean` and `variance`.
 * @param {number} count
 */
export function batchNormTrain(count) {
    wasm.batchNormTrain(count);
}

/**
 * y = a ∘ b, n values each.
 * @param {number} code
 * @param {number} a
 * @param {number} b
 * @param {number} y
 * @param {number} n
 */
export function binary(code, a, b, y, n) {
    wasm.binary(code, a, b, y, n);
}

/**
 * y = a ∘ b with broadcasting: y contiguous over `dims`, strides in elements, 0 where a value repeats.
 * @param {number} code
 * @param {number} a
 * @param {number} b
 * @param {number} y
 * @param {Int32Array | number[]} dims
 * @param {Int32Array | number[]} a_strides
 * @param {Int32Array | number[]} b_strides
 */
export function binaryBroadcast(code, a, b, y, dims, a_strides, b_strides) {
    const val4 = +code;
    const val5 = +a;
    const val6 = +b;
    const val7 = +y;
    let ptr0, len0, ptr1, len1, ptr2, len2;
    try {
        ptr0 = passArray32ToWasm0(dims, wasm.__wbindgen_malloc);
        len0 = WASM_VECTOR_LEN;
        ptr1 = passArray32ToWasm0(a_strides, wasm.__wbindgen_malloc);
        len1 = WASM_VECTOR_LEN;
        ptr2 = passArray32ToWasm0(b_strides, wasm.__wbindgen_malloc);
        len2 = WASM_VECTOR_LEN;
    } catch (e) {
        if (ptr2) { wasm.__wbindgen_free(ptr2, len2 * 4, 4); }
        if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
        if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 4, 4); }
        throw e;
    }
    wasm.binaryBroadcast(val4, val5, val6, val7, ptr0, len0, ptr1, len1, ptr2, len2);
}

/**
 * Σ over images and pixels for each channel.
 * @param {number} x
 * @param {number} out
 * @param {number} n
 * @param {number} channels
 * @param {number} pixels
 */
export function channelSum(x, out, n, channels, pixels) {
    wasm.channelSum(x, out, n, channels, pixels);
}

/**
 * Σ over rows.
 * @param {number} x
 * @param {number} out
 * @param {number} rows
 * @param {number} cols
 */
export function columnSum(x, out, rows, cols) {
    wasm.columnSum(x, out, rows, cols);
}

/**
 * dx, with the forward's draw.
 * @param {number} count
 */
export function convBackwardInput(count) {
    wasm.convBackwardInput(count);
}

/**
 * dW for the sum of several gradients. With `positions`, one for each, the gradients are by the 2×2 max pool of the outputs, and these
 * the positions of the forward pass: for convolutions that pool without variation.
 * @param {number} count
 * @param {Uint32Array | number[]} dys
 * @param {Uint32Array | number[]} positions
 */
export function convBackwardWeight(count, dys, positions) {
    const val3 = +count;
    let ptr0, len0, ptr1, len1;
    try {
        ptr0 = passArray32ToWasm0(dys, wasm.__wbindgen_malloc);
        len0 = WASM_VECTOR_LEN;
        ptr1 = passArray32ToWasm0(positions, wasm.__wbindgen_malloc);
        len1 = WASM_VECTOR_LEN;
    } catch (e) {
        if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
        if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 4, 4); }
        throw e;
    }
    wasm.convBackwardWeight(val3, ptr0, len0, ptr1, len1);
}

/**
 * y = (W + ΔW)∗x + b; of that the largest of each 2×2 if `pooled`; of that max(that, 0) if `rectified`. `positions` is null or
 * receives which of the four it was.
 * @param {number} count
 */
export function convForward(count) {
    wasm.convForward(count);
}

/**
 * The same for several weights without variation, each with its y.
 * @param {number} count
 * @param {Uint32Array | number[]} ws
 * @param {Uint32Array | number[]} ys
 */
export function convForwardEach(count, ws, ys) {
    const val3 = +count;
    let ptr0, len0, ptr1, len1;
    try {
        ptr0 = passArray32ToWasm0(ws, wasm.__wbindgen_malloc);
        len0 = WASM_VECTOR_LEN;
        ptr1 = passArray32ToWasm0(ys, wasm.__wbindgen_malloc);
        len1 = WASM_VECTOR_LEN;
    } catch (e) {
        if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
        if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 4, 4); }
        throw e;
    }
    wasm.convForwardEach(val3, ptr0, len0, ptr1, len1);
}

/**
 * Whether [`conv_forward`] can take a 2×2 max pool of its outputs, with variation of a kind.
 * @param {number} count
 * @param {number} kind
 * @returns {boolean}
 */
export function convPools(count, kind) {
    const ret = wasm.convPools(count, kind);
    return ret !== 0;
}

/**
 * y = scale·step·code(x), or y + that.
 * @param {number} count
 * @returns {number}
 */
export function convert(count) {
    const ret = wasm.convert(count);
    return ret >>> 0;
}

/**
 * to[toOffset + Σ i·toStrides] = from[fromOffset + Σ i·fromStrides] over `dims`.
 * @param {number} count
 * @param {Int32Array | number[]} dims
 * @param {Int32Array | number[]} from_strides
 * @param {Int32Array | number[]} to_strides
 */
export function copyStrided(count, dims, from_strides, to_strides) {
    const val4 = +count;
    let ptr0, len0, ptr1, len1, ptr2, len2;
    try {
        ptr0 = passArray32ToWasm0(dims, wasm.__wbindgen_malloc);
        len0 = WASM_VECTOR_LEN;
        ptr1 = passArray32ToWasm0(from_strides, wasm.__wbindgen_malloc);
        len1 = WASM_VECTOR_LEN;
        ptr2 = passArray32ToWasm0(to_strides, wasm.__wbindgen_malloc);
        len2 = WASM_VECTOR_LEN;
    } catch (e) {
        if (ptr2) { wasm.__wbindgen_free(ptr2, len2 * 4, 4); }
        if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
        if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 4, 4); }
        throw e;
    }
    wasm.copyStrided(val4, ptr0, len0, ptr1, len1, ptr2, len2);
}

/**
 * Counts scores [rows, classes] times `factor` with i32 labels. Softmax and logarithms are added to `sums` and `logarithms` (f64),
 * or to nothing where these are null. Returns [right, confidence right, confidence wrong, broken, entropy, loss, information] and the
 * gaps of 15 ranges of confidence.
 * @param {number} scores
 * @param {number} labels
 * @param {number} sums
 * @param {number} logarithms
 * @param {number} rows
 * @param {number} classes
 * @param {number} factor
 * @returns {Float64Array}
 */
export function countScores(scores, labels, sums, logarithms, rows, classes, factor) {
    const ret = wasm.countScores(scores, labels, sums, logarithms, rows, classes, factor);
    var v1 = getArrayF64FromWasm0(ret[0], ret[1]).slice();
    wasm.__wbindgen_free(ret[0], ret[1] * 8, 8);
    return v1;
}

/**
 * Mean cross entropy of logits [rows, cols] with i32 labels; `gradient` may be null.
 * @param {number} logits
 * @param {number} labels
 * @param {number} gradient
 * @param {number} rows
 * @param {number} cols
 * @returns {number}
 */
export function crossEntropy(logits, labels, gradient, rows, cols) {
    const ret = wasm.crossEntropy(logits, labels, gradient, rows, cols);
    return ret;
}

/**
 * The key of the stream (seed, purpose, name, index, step).
 * @param {number} seed_low
 * @param {number} seed_high
 * @param {string} purpose
 * @param {string} name
 * @param {number} index
 * @param {number} step
 * @returns {bigint}
 */
export function deriveKey(seed_low, seed_high, purpose, name, index, step) {
    const val3 = +seed_low;
    const val4 = +seed_high;
    const val5 = +index;
    const val6 = +step;
    let ptr0, len0, ptr1, len1;
    try {
        ptr0 = passStringToWasm0(purpose, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        len0 = WASM_VECTOR_LEN;
        ptr1 = passStringToWasm0(name, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        len1 = WASM_VECTOR_LEN;
    } catch (e) {
        if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
        if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
        throw e;
    }
    const ret = wasm.deriveKey(val3, val4, ptr0, len0, ptr1, len1, val5, val6);
    return BigInt.asUintN(64, ret);
}

/**
 * Address of the block.
 * @returns {number}
 */
export function descriptor() {
    const ret = wasm.descriptor();
    return ret >>> 0;
}

/**
 * y = scale·digit(x).
 * @param {number} count
 * @returns {number}
 */
export function digits(count) {
    const ret = wasm.digits(count);
    return ret >>> 0;
}

/**
 * Values decay by a power of time.
 * @param {number} count
 */
export function driftCells(count) {
    wasm.driftCells(count);
}

/**
 * y = x/(1−p) where y held a uniform number ≥ p, else 0.
 * @param {number} x
 * @param {number} y
 * @param {number} n
 * @param {number} p
 */
export function dropOut(x, y, n, p) {
    wasm.dropOut(x, y, n, p);
}

/**
 * Sum over rows of the entropy of counts/total (f64 [rows, classes]), in units.
 * @param {number} counts
 * @param {number} rows
 * @param {number} classes
 * @param {number} total
 * @returns {number}
 */
export function entropy(counts, rows, classes, total) {
    const ret = wasm.entropy(counts, rows, classes, total);
    return ret;
}

/**
 * Sets n values.
 * @param {number} y
 * @param {number} n
 * @param {number} value
 */
export function fill(y, n, value) {
    wasm.fill(y, n, value);
}

/**
 * Uniform 32-bit words.
 * @param {bigint} key
 * @param {number} out
 * @param {number} n
 */
export function fillBits(key, out, n) {
    wasm.fillBits(key, out, n);
}

/**
 * Standard normals.
 * @param {bigint} key
 * @param {number} out
 * @param {number} n
 */
export function fillNormal(key, out, n) {
    wasm.fillNormal(key, out, n);
}

/**
 * Uniform numbers in [0, 1).
 * @param {bigint} key
 * @param {number} out
 * @param {number} n
 */
export function fillUniform(key, out, n) {
    wasm.fillUniform(key, out, n);
}

/**
 * Standard deviations of 1/f noise.
 * @param {number} count
 */
export function flickerCells(count) {
    wasm.flickerCells(count);
}

/**
 * Gives back what [`alloc`] returned for the same size.
 * @param {number} ptr
 * @param {number} bytes
 */
export function free(ptr, bytes) {
    wasm.free(ptr, bytes);
}

/**
 * dst[o, i, :] = src[o, indices[i], :]; src [outer, axis, inner], indices in 0..axis.
 * @param {number} src
 * @param {number} dst
 * @param {Int32Array | number[]} indices
 * @param {number} outer
 * @param {number} axis
 * @param {number} inner
 */
export function gather(src, dst, indices, outer, axis, inner) {
    const val2 = +src;
    const val3 = +dst;
    const val4 = +outer;
    const val5 = +axis;
    const val6 = +inner;
    const ptr0 = passArray32ToWasm0(indices, wasm.__wbindgen_malloc);
    const len0 = WASM_VECTOR_LEN;
    wasm.gather(val2, val3, ptr0, len0, val4, val5, val6);
}

/**
 * C [m, n] = op(A)·op(B), or C + that.
 * @param {number} count
 */
export function gemm(count) {
    wasm.gemm(count);
}

/**
 * dx = dy·(W + ΔW). `x` and `ratio` are read in the cheap form of a draw for every sample.
 * @param {number} count
 */
export function linearBackwardInput(count) {
    wasm.linearBackwardInput(count);
}

/**
 * dW = dyᵀ·x in W's layout.
 * @param {number} x
 * @param {number} dy
 * @param {number} dw
 * @param {number} rows
 * @param {number} inputs
 * @param {number} outputs
 * @param {boolean} inputs_first
 */
export function linearBackwardWeight(x, dy, dw, rows, inputs, outputs, inputs_first) {
    wasm.linearBackwardWeight(x, dy, dw, rows, inputs, outputs, inputs_first);
}

/**
 * y = x·(W + ΔW)ᵀ + b, or max(that, 0). `ratio` is written in the cheap form of a draw for every sample.
 * @param {number} count
 */
export function linearForward(count) {
    wasm.linearForward(count);
}

/**
 * out = tables[channel][byte] for bytes [samples, channels, pixels]; `tables` [channels, 256].
 * @param {number} from
 * @param {number} tables
 * @param {number} out
 * @param {number} samples
 * @param {number} channels
 * @param {number} pixels
 */
export function lookUp(from, tables, out, samples, channels, pixels) {
    wasm.lookUp(from, tables, out, samples, channels, pixels);
}

/**
 * Slope in `factor` of the summed cross entropy of scores (f32 [rows, classes]) times `factor` with i32 labels.
 * @param {number} scores
 * @param {number} labels
 * @param {number} rows
 * @param {number} classes
 * @param {number} factor
 * @returns {number}
 */
export function lossSlope(scores, labels, rows, classes, factor) {
    const ret = wasm.lossSlope(scores, labels, rows, classes, factor);
    return ret;
}

/**
 * Codes, conductances of their digits, and the weights that they stand for.
 * @param {number} count
 */
export function mapCodes(count) {
    wasm.mapCodes(count);
}

/**
 * Conductances of the fractions that arms hold.
 * @param {number} count
 */
export function mapFractions(count) {
    wasm.mapFractions(count);
}

/**
 * max |x|; infinite when a value is NaN.
 * @param {number} x
 * @param {number} n
 * @returns {number}
 */
export function maxAbs(x, n) {
    const ret = wasm.maxAbs(x, n);
    return ret;
}

/**
 * Largest value of every window; `positions` (one float an output) may be null.
 * @param {number} x
 * @param {number} y
 * @param {number} positions
 * @param {Int32Array | number[]} desc
 */
export function maxPool(x, y, positions, desc) {
    const val2 = +x;
    const val3 = +y;
    const val4 = +positions;
    const ptr0 = passArray32ToWasm0(desc, wasm.__wbindgen_malloc);
    const len0 = WASM_VECTOR_LEN;
    wasm.maxPool(val2, val3, val4, ptr0, len0);
}

/**
 * dx from dy and the positions of the forward pass.
 * @param {number} dy
 * @param {number} positions
 * @param {number} dx
 * @param {Int32Array | number[]} desc
 */
export function maxPoolGradient(dy, positions, dx, desc) {
    const val2 = +dy;
    const val3 = +positions;
    const val4 = +dx;
    const ptr0 = passArray32ToWasm0(desc, wasm.__wbindgen_malloc);
    const len0 = WASM_VECTOR_LEN;
    wasm.maxPoolGradient(val2, val3, val4, ptr0, len0);
}

/**
 * Weights with what the deviations of their cells add to them.
 * @param {number} count
 */
export function recombine(count) {
    wasm.recombine(count);
}

/**
 * y[o, i] = reduction over l of x[o, l, i].
 * @param {number} code
 * @param {number} x
 * @param {number} y
 * @param {number} outer
 * @param {number} len
 * @param {number} inner
 */
export function reduce(code, x, y, outer, len, inner) {
    wasm.reduce(code, x, y, outer, len, inner);
}

/**
 * Gradient of a maximum: dy goes to the first place that holds it.
 * @param {number} x
 * @param {number} y
 * @param {number} dy
 * @param {number} dx
 * @param {number} outer
 * @param {number} len
 * @param {number} inner
 */
export function reduceMaxGradient(x, y, dy, dx, outer, len, inner) {
    wasm.reduceMaxGradient(x, y, dy, dx, outer, len, inner);
}

/**
 * Gradient of a product; dy [outer, inner].
 * @param {number} x
 * @param {number} dy
 * @param {number} dx
 * @param {number} outer
 * @param {number} len
 * @param {number} inner
 */
export function reduceProductGradient(x, dy, dx, outer, len, inner) {
    wasm.reduceProductGradient(x, dy, dx, outer, len, inner);
}

/**
 * dx *= slope of the reduction, a norm or a log-sum of exponentials, by x.
 * @param {number} code
 * @param {number} x
 * @param {number} y
 * @param {number} dx
 * @param {number} outer
 * @param {number} len
 * @param {number} inner
 */
export function scaleBySlopes(code, x, y, dx, outer, len, inner) {
    wasm.scaleBySlopes(code, x, y, dx, outer, len, inner);
}

/**
 * y[o, l, i] = cumulative function of x[o, 0..=l, i]; order: 1 exclusive, 2 from the end, 3 both.
 * @param {number} code
 * @param {number} order
 * @param {number} x
 * @param {number} y
 * @param {number} outer
 * @param {number} len
 * @param {number} inner
 */
export function scan(code, order, x, y, outer, len, inner) {
    wasm.scan(code, order, x, y, outer, len, inner);
}

/**
 * Gradient of a cumulative product; dy [outer, len, inner].
 * @param {number} order
 * @param {number} x
 * @param {number} dy
 * @param {number} dx
 * @param {number} outer
 * @param {number} len
 * @param {number} inner
 */
export function scanProductGradient(order, x, dy, dx, outer, len, inner) {
    wasm.scanProductGradient(order, x, dy, dx, outer, len, inner);
}

/**
 * dst[o, indices[i], :] += src[o, i, :]; dst [outer, axis, inner].
 * @param {number} src
 * @param {number} dst
 * @param {Int32Array | number[]} indices
 * @param {number} outer
 * @param {number} axis
 * @param {number} inner
 */
export function scatterAdd(src, dst, indices, outer, axis, inner) {
    const val2 = +src;
    const val3 = +dst;
    const val4 = +outer;
    const val5 = +axis;
    const val6 = +inner;
    const ptr0 = passArray32ToWasm0(indices, wasm.__wbindgen_malloc);
    const len0 = WASM_VECTOR_LEN;
    wasm.scatterAdd(val2, val3, ptr0, len0, val4, val5, val6);
}

/**
 * y = where the condition's byte isn't 0: a, else b, with broadcasting; strides: those of the condition, then of a, then of b.
 * @param {number} condition
 * @param {number} a
 * @param {number} b
 * @param {number} y
 * @param {Int32Array | number[]} dims
 * @param {Int32Array | number[]} strides
 */
export function selectBroadcast(condition, a, b, y, dims, strides) {
    const val3 = +condition;
    const val4 = +a;
    const val5 = +b;
    const val6 = +y;
    let ptr0, len0, ptr1, len1;
    try {
        ptr0 = passArray32ToWasm0(dims, wasm.__wbindgen_malloc);
        len0 = WASM_VECTOR_LEN;
        ptr1 = passArray32ToWasm0(strides, wasm.__wbindgen_malloc);
        len1 = WASM_VECTOR_LEN;
    } catch (e) {
        if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
        if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 4, 4); }
        throw e;
    }
    wasm.selectBroadcast(val3, val4, val5, val6, ptr0, len0, ptr1, len1);
}

/**
 * One step of gradient descent; `buffer` (the momentum) may be null.
 * @param {number} w
 * @param {number} g
 * @param {number} buffer
 * @param {number} n
 * @param {number} rate
 * @param {number} momentum
 * @param {number} weight_decay
 */
export function sgdStep(w, g, buffer, n, rate, momentum, weight_decay) {
    wasm.sgdStep(w, g, buffer, n, rate, momentum, weight_decay);
}

/**
 * y = softmax(x), or its logarithm.
 * @param {number} x
 * @param {number} y
 * @param {number} outer
 * @param {number} len
 * @param {number} inner
 * @param {boolean} logarithm
 */
export function softmax(x, y, outer, len, inner, logarithm) {
    wasm.softmax(x, y, outer, len, inner, logarithm);
}

/**
 * dx from dy and the output y.
 * @param {number} dy
 * @param {number} y
 * @param {number} dx
 * @param {number} outer
 * @param {number} len
 * @param {number} inner
 * @param {boolean} logarithm
 */
export function softmaxGradient(dy, y, dx, outer, len, inner, logarithm) {
    wasm.softmaxGradient(dy, y, dx, outer, len, inner, logarithm);
}

/**
 * dx[o, l, i] = scale·dy[o, i]: the gradient of a sum or a mean.
 * @param {number} dy
 * @param {number} dx
 * @param {number} outer
 * @param {number} len
 * @param {number} inner
 * @param {number} scale
 */
export function spread(dy, dx, outer, len, inner, scale) {
    wasm.spread(dy, dx, outer, len, inner, scale);
}

/**
 * y = f(x), n values; p0 and p1 are the function's parameters.
 * @param {number} code
 * @param {number} x
 * @param {number} y
 * @param {number} n
 * @param {number} p0
 * @param {number} p1
 */
export function unary(code, x, y, n, p0, p1) {
    wasm.unary(code, x, y, n, p0, p1);
}

/**
 * dx = dy·f′; `value` is the function's output or its input, as the table says.
 * @param {number} code
 * @param {number} dy
 * @param {number} value
 * @param {number} dx
 * @param {number} n
 * @param {number} p0
 * @param {number} p1
 */
export function unaryGradient(code, dy, value, dx, n, p0, p1) {
    wasm.unaryGradient(code, dy, value, dx, n, p0, p1);
}

/**
 * W + ΔW written out: what a product with this variation uses for its first sample.
 * @param {number} count
 */
export function variedWeight(count) {
    wasm.variedWeight(count);
}

/**
 * The same approximately, in one pass over g [rows, cols].
 * @param {number} g
 * @param {number} effective
 * @param {number} rows
 * @param {number} cols
 */
export function wireApproximation(g, effective, rows, cols) {
    wasm.wireApproximation(g, effective, rows, cols);
}

/**
 * Adds word line `row` of conductances g [cols] to the state; rows come in order.
 * @param {number} state
 * @param {number} g
 * @param {number} rows
 * @param {number} cols
 * @param {number} row
 */
export function wireRow(state, g, rows, cols, row) {
    wasm.wireRow(state, g, rows, cols, row);
}

/**
 * Effective conductances [rows, cols] from the state after the last row.
 * @param {number} state
 * @param {number} effective
 * @param {number} rows
 * @param {number} cols
 */
export function wireSolution(state, effective, rows, cols) {
    wasm.wireSolution(state, effective, rows, cols);
}

/**
 * Values of the state of an elimination.
 * @param {number} rows
 * @param {number} cols
 * @returns {number}
 */
export function wireStateSize(rows, cols) {
    const ret = wasm.wireStateSize(rows, cols);
    return ret >>> 0;
}

/**
 * values = max(least, target + σ(judged)·z).
 * @param {number} count
 */
export function writeCells(count) {
    wasm.writeCells(count);
}
function __wbg_get_imports() {
    const import0 = {
        __proto__: null,
        __wbindgen_init_externref_table: function() {
            const table = wasm.__wbindgen_externrefs;
            table.set(0, undefined);
            table.set(1024, undefined);
            table.set(1025, null);
            table.set(1026, true);
            table.set(1027, false);
        },
    };
    return {
        __proto__: null,
        "./crossbar_wasm_bg.js": import0,
    };
}

function getArrayF64FromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return getFloat64ArrayMemory0().subarray(ptr / 8, ptr / 8 + len);
}

let cachedFloat64ArrayMemory0 = null;
function getFloat64ArrayMemory0() {
    if (cachedFloat64ArrayMemory0 === null || cachedFloat64ArrayMemory0.byteLength === 0) {
        cachedFloat64ArrayMemory0 = new Float64Array(wasm.memory.buffer);
    }
    return cachedFloat64ArrayMemory0;
}

let cachedUint32ArrayMemory0 = null;
function getUint32ArrayMemory0() {
    if (cachedUint32ArrayMemory0 === null || cachedUint32ArrayMemory0.byteLength === 0) {
        cachedUint32ArrayMemory0 = new Uint32Array(wasm.memory.buffer);
    }
    return cachedUint32ArrayMemory0;
}

let cachedUint8ArrayMemory0 = null;
function getUint8ArrayMemory0() {
    if (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0) {
        cachedUint8ArrayMemory0 = new Uint8Array(wasm.memory.buffer);
    }
    return cachedUint8ArrayMemory0;
}

function passArray32ToWasm0(arg, malloc) {
    const ptr = malloc(arg.length * 4, 4) >>> 0;
    getUint32ArrayMemory0().set(arg, ptr / 4);
    WASM_VECTOR_LEN = arg.length;
    return ptr;
}

function passStringToWasm0(arg, malloc, realloc) {
    if (realloc === undefined) {
        const buf = cachedTextEncoder.encode(arg);
        const ptr = malloc(buf.length, 1) >>> 0;
        getUint8ArrayMemory0().subarray(ptr, ptr + buf.length).set(buf);
        WASM_VECTOR_LEN = buf.length;
        return ptr;
    }

    let len = arg.length;
    let ptr = malloc(len, 1) >>> 0;

    const mem = getUint8ArrayMemory0();

    let offset = 0;

    for (; offset < len; offset++) {
        const code = arg.charCodeAt(offset);
        if (code > 0x7F) break;
        mem[ptr + offset] = code;
    }
    if (offset !== len) {
        if (offset !== 0) {
            arg = arg.slice(offset);
        }
        ptr = realloc(ptr, len, len = offset + arg.length * 3, 1) >>> 0;
        const view = getUint8ArrayMemory0().subarray(ptr + offset, ptr + len);
        const ret = cachedTextEncoder.encodeInto(arg, view);

        offset += ret.written;
        ptr = realloc(ptr, len, offset, 1) >>> 0;
    }

    WASM_VECTOR_LEN = offset;
    return ptr;
}

const cachedTextEncoder = new TextEncoder();

if (!('encodeInto' in cachedTextEncoder)) {
    cachedTextEncoder.encodeInto = function (arg, view) {
        const buf = cachedTextEncoder.encode(arg);
        view.set(buf);
        return {
            read: arg.length,
            written: buf.length
        };
    };
}

let WASM_VECTOR_LEN = 0;

let wasmModule, wasmInstance, wasm;
function __wbg_finalize_init(instance, module) {
    wasmInstance = instance;
    wasm = instance.exports;
    wasmModule = module;
    cachedFloat64ArrayMemory0 = null;
    cachedUint32ArrayMemory0 = null;
    cachedUint8ArrayMemory0 = null;
    wasm.__wbindgen_start();
    return wasm;
}

async function __wbg_load(module, imports) {
    if (typeof Response === 'function' && module instanceof Response) {
        if (!module.ok) {
            throw new Error(`failed to fetch Wasm: ${module.status} ${module.statusText} fetching '${module.url}'`);
        }

        if (typeof WebAssembly.instantiateStreaming === 'function') {
            try {
                return await WebAssembly.instantiateStreaming(module, imports);
            } catch (e) {
                const validResponse = expectedResponseType(module.type);

                if (validResponse && module.headers.get('Content-Type') !== 'application/wasm') {
                    console.warn("`WebAssembly.instantiateStreaming` failed because your server does not serve Wasm with `application/wasm` MIME type. Falling back to `WebAssembly.instantiate` which is slower. Original error:\n", e);

                } else { throw e; }
            }
        }

        const bytes = await module.arrayBuffer();
        return await WebAssembly.instantiate(bytes, imports);
    } else {
        const instance = await WebAssembly.instantiate(module, imports);

        if (instance instanceof WebAssembly.Instance) {
            return { instance, module };
        } else {
            return instance;
        }
    }

    function expectedResponseType(type) {
        switch (type) {
            case 'basic': case 'cors': case 'default': return true;
        }
        return false;
    }
}

function initSync(module) {
    if (wasm !== undefined) return wasm;


    if (module !== undefined) {
        if (Object.getPrototypeOf(module) === Object.prototype) {
            ({module} = module)
        } else {
            console.warn('using deprecated parameters for `initSync()`; pass a single object instead')
        }
    }

    const imports = __wbg_get_imports();
    if (!(module instanceof WebAssembly.Module)) {
        module = new WebAssembly.Module(module);
    }
    const instance = new WebAssembly.Instance(module, imports);
    return __wbg_finalize_init(instance, module);
}

let __wbg_init_promise;
async function __wbg_init(module_or_path) {
    if (wasm !== undefined) return wasm;
    if (__wbg_init_promise === undefined) {
        __wbg_init_promise = __wbg_init_once(module_or_path);
        __wbg_init_promise.catch(() => { __wbg_init_promise = undefined; });
    }
    return __wbg_init_promise;
}

async function __wbg_init_once(module_or_path) {

    if (module_or_path !== undefined) {
        if (Object.getPrototypeOf(module_or_path) === Object.prototype) {
            ({module_or_path} = module_or_path)
        } else {
            console.warn('using deprecated parameters for the initialization function; pass a single object instead')
        }
    }


    const imports = __wbg_get_imports();

    if (typeof module_or_path === 'string' || (typeof Request === 'function' && module_or_path instanceof Request) || (typeof URL === 'function' && module_or_path instanceof URL)) {
        module_or_path = fetch(module_or_path);
    }

    const { instance, module } = await __wbg_load(await module_or_path, imports);

    return __wbg_finalize_init(instance, module);
}

export { initSync, __wbg_init as default };
