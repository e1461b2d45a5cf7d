import { shapeText } from "../shape.js";
import { fromWriter, type Tensor } from "../tensor.js";
import { add, mul, sub } from "./arithmetic.js";
import { scale, tanh } from "./elementwise.js";
import { concat, gather, pad } from "./indexing.js";
import { reshape, transpose } from "./layout.js";
import { matmul } from "./products.js";
import { softmax } from "./softmax.js";
import { sliceAxis } from "./split.js";

/** Attributes of {@link attention}. */
export interface AttentionAttributes {
  /** Number of heads of queries. Required for inputs of three axes. */
  readonly qHeads?: number | undefined;
  /** Number of heads of keys and values; it divides that of queries. Required for inputs of three axes. */
  readonly kvHeads?: number | undefined;
  /** Factor of the scores. Default: 1/√(size of a query's head). */
  readonly scale?: number | undefined;
  /** Bound of the scores: softcap·tanh(scores/softcap). Default: 0, none. */
  readonly softcap?: number | undefined;
  /** Query i sees keys up to i, after the past ones. Default: false. */
  readonly isCausal?: boolean;
  /** Added to the scores (f32), or which keys a query sees (bool); broadcast to [n, heads, queries, keys]; missing keys aren't seen. */
  readonly mask?: Tensor | undefined;
  /** Keys before the given ones: [n, kvHeads, past, size]. */
  readonly pastKey?: Tensor | undefined;
  /** Values before the given ones: [n, kvHeads, past, size]. */
  readonly pastValue?: Tensor | undefined;
  /** Number of keys of each sample that aren't padding. Default: all. */
  readonly keyLengths?: readonly number[] | undefined;
  /** Which scores to return: of the product (0), after the softcap (1), with the mask (2), after the softmax (3). Default: 0. */
  readonly scores?: 0 | 1 | 2 | 3;
}

/** Outputs of {@link attention}. */
export interface AttentionOutputs {
  /** Shaped as the queries, with the size of values. */
  readonly y: Tensor;
  /** Keys and values with the past ones: [n, kvHeads, keys, size]. */
  readonly presentKey: Tensor;
  readonly presentValue: Tensor;
  /** [n, heads, queries, keys]. */
  readonly scores: Tensor;
}

/** [n, length, heads·size] → [n, heads, length, size]. @throws {RangeError} when the heads don't divide the last axis. */
function splitHeads(who: string, x: Tensor, heads: number | undefined): Tensor {
  if (x.shape.length === 4) return x;
  const [n, length, width] = x.shape;
  if (x.shape.length !== 3 || heads === undefined || !(heads >= 1) || width! % heads !== 0) {
    throw new RangeError(
      `${who}: expected [n, heads, length, size], or [n, length, heads·size] with a number of heads, got ${shapeText(x.shape)} and ${heads} heads`,
    );
  }
  return transpose(reshape(x, [n!, length!, heads, width! / heads]), { perm: [0, 2, 1, 3] });
}

/** [n, heads, length, size] → [n, length, heads·size]. */
function mergeHeads(x: Tensor): Tensor {
  const [n, heads, length, size] = x.shape as [number, number, number, number];
  return reshape(transpose(x, { perm: [0, 2, 1, 3] }), [n, length, heads * size]);
}

/** −∞ where a condition holds, else 0: a constant. */
function forbidden(shape: readonly number[], isForbidden: (i: number) => boolean): Tensor {
  return fromWriter(shape, (values) => {
    for (let i = 0; i < values.length; i++) values[i] = isForbidden(i) ? Number.NEGATIVE_INFINITY : 0;
  });
}

/** A mask as numbers to add to the scores, for all keys. @throws {TypeError} unless it is f32 or bool. */
function maskTerm(mask: Tensor, keys: number): Tensor {
  const { shape, dtype } = mask;
  if (dtype !== "f32" && dtype !== "bool") throw new TypeError(`attention: expected an f32 or bool mask, got ${dtype}`);
  const seen = dtype === "bool" ? mask.values() : undefined;
  const term = seen ? forbidden(shape, (i) => seen[i] === 0) : mask;
  const missing = keys - (shape.at(-1) ?? keys);
  if (missing <= 0 || shape.at(-1) === 1) return term;
  const pads = [...shape.map(() => 0), ...shape.map((_, axis) => (axis === shape.length - 1 ? missing : 0))];
  return pad(term, { pads, value: Number.NEGATIVE_INFINITY });
}

/** Everything to add to scores [n, heads, queries, keys]: the mask, what comes later, and padding. */
function biases(
  { mask, isCausal, keyLengths }: AttentionAttributes,
  n: number,
  queries: number,
  keys: number,
  past: number,
): Tensor[] {
  const terms: Tensor[] = [];
  if (mask) terms.push(maskTerm(mask, keys));
  if (isCausal) terms.push(forbidden([queries, keys], (i) => (i % keys) - past > Math.floor(i / keys)));
  if (keyLengths) {
    if (keyLengths.length !== n) {
      throw new RangeError(`attention: expected ${n} numbers of keys, got [${keyLengths.join(", ")}]`);
    }
    terms.push(forbidden([n, 1, 1, keys], (i) => i % keys >= keyLengths[Math.floor(i / keys)]!));
  }
  return terms;
}

/** Each head `times` times, one behind the other. */
function repeatHeads(x: Tensor, times: number): Tensor {
  if (times === 1) return x;
  const heads = x.shape[1]!;
  return gather(
    x,
    Array.from({ length: heads * times }, (_, i) => Math.floor(i / times)),
    { axis: 1 },
  );
}

/**
 * Scaled dot-product attention, softmax(scale·q·kᵀ + mask)·v: Attention of ONNX.
 *
 * @param q  Queries: [n, heads, queries, size], or [n, queries, heads·size].
 * @param k  Keys: [n, kvHeads, keys, size], or [n, keys, kvHeads·size].
 * @param v  Values, as the keys, with a size of their own.
 * @throws {RangeError} when shapes or numbers of heads don't match.
 * @throws {TypeError} for a mask that is neither f32 nor bool.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, attributes: AttentionAttributes = {}): AttentionOutputs {
  const { qHeads, kvHeads, softcap = 0, pastKey, pastValue, scores: which = 0 } = attributes;
  const query = splitHeads("attention: q", q, qHeads);
  const presentKey = withPast(splitHeads("attention: k", k, kvHeads), pastKey);
  const presentValue = withPast(splitHeads("attention: v", v, kvHeads), pastValue);
  const [n, heads, queries, size] = query.shape as [number, number, number, number];
  const [, groups, keys] = presentKey.shape as [number, number, number, number];
  const isMatching = presentKey.shape[3] === size && presentKey.shape[0] === n && heads % groups === 0;
  if (!isMatching || presentValue.shape.slice(0, 3).join() !== presentKey.shape.slice(0, 3).join()) {
    throw new RangeError(
      `attention: expected keys and values of equal length for queries ${shapeText(query.shape)}, got ${shapeText(presentKey.shape)} and ${shapeText(presentValue.shape)}`,
    );
  }
  const factor = attributes.scale ?? 1 / Math.sqrt(size);
  const [key, value] = [presentKey, presentValue].map((x) => repeatHeads(x, heads / groups)) as [Tensor, Tensor];
  const product = matmul(scale(query, factor), transpose(key, { perm: [0, 1, 3, 2] }));
  const capped = softcap > 0 ? scale(tanh(scale(product, 1 / softcap)), softcap) : product;
  const past = pastKey?.shape[2] ?? 0;
  const masked = biases(attributes, n, queries, keys, past).reduce((sum, term) => add(sum, term), capped);
  if (masked.shape.join() !== product.shape.join()) {
    throw new RangeError(
      `attention: expected a mask that broadcasts to ${shapeText(product.shape)}, got ${shapeText(attributes.mask?.shape ?? [])}`,
    );
  }
  const weights = softmax(masked);
  const y = matmul(weights, value);
  return {
    y: q.shape.length === 3 ? mergeHeads(y) : y,
    presentKey,
    presentValue,
    scores: [product, capped, masked, weights][which]!,
  };
}

/** Past keys or values, then the given ones. */
const withPast = (x: Tensor, past: Tensor | undefined): Tensor => (past ? concat([past, x], { axis: 2 }) : x);

/** Attributes of {@link rotaryEmbedding}. */
export interface RotaryAttributes {
  /** Pairs are neighbours instead of the halves of a head. Default: false. */
  readonly interleaved?: boolean;
  /** Number of rotated elements of a head; the others stay. Default: 0, all. */
  readonly size?: number;
  /** Number of heads; required for inputs of three axes. */
  readonly heads?: number | undefined;
  /** Row of the tables for each element of [n, length]: i64 or i32. Default: the tables have these axes themselves. */
  readonly positions?: Tensor | undefined;
}

/**
 * Rotates pairs of elements of each head by angles: RotaryEmbedding of ONNX.
 *
 * @param x    [n, heads, length, size], or [n, length, heads·size].
 * @param cos  Cosines of the angles: [positions, size/2], or [n, length, size/2] without positions.
 * @param sin  Sines, as the cosines.
 * @throws {RangeError} when shapes don't match.
 */
export function rotaryEmbedding(x: Tensor, cos: Tensor, sin: Tensor, attributes: RotaryAttributes = {}): Tensor {
  const { interleaved = false, heads, positions } = attributes;
  const input = splitHeads("rotaryEmbedding", x, heads);
  const [n, count, length, width] = input.shape as [number, number, number, number];
  const size = attributes.size || width;
  const half = size / 2;
  const table = (values: Tensor): Tensor => {
    const rows = positions ? gather(values, positions) : values;
    if (rows.shape.join() !== [n, length, half].join()) {
      throw new RangeError(
        `rotaryEmbedding: expected tables [.., ${half}] for [${n}, ${length}] positions, got ${shapeText(values.shape)}`,
      );
    }
    return reshape(rows, [n, 1, length, half]);
  };
  const [c, s] = [table(cos), table(sin)];
  const rotated = sliceAxis(input, 3, 0, size);
  // The two elements of each pair: [n, heads, length, half].
  const pairs = interleaved
    ? reshape(rotated, [n, count, length, half, 2])
    : reshape(rotated, [n, count, length, 2, half]);
  const axis = interleaved ? 4 : 3;
  const [a, b] = [0, 1].map((i) => reshape(sliceAxis(pairs, axis, i, i + 1), [n, count, length, half])) as [
    Tensor,
    Tensor,
  ];
  const parts = [sub(mul(c, a), mul(s, b)), add(mul(s, a), mul(c, b))];
  const shape = interleaved ? [n, count, length, half, 1] : [n, count, length, 1, half];
  const turned = reshape(
    concat(
      parts.map((part) => reshape(part, shape)),
      { axis },
    ),
    [n, count, length, size],
  );
  const y = size === width ? turned : concat([turned, sliceAxis(input, 3, size, width)], { axis: 3 });
  return x.shape.length === 3 ? mergeHeads(y) : y;
}
