import { f32 } from "@neft/kernels";
import {
  axisOf,
  broadcastShapes,
  broadcastStrides,
  isSameShape,
  type Shape,
  shapeText,
  sizeOf,
  splitAt,
} from "../shape.js";
import { addToScope, Tensor } from "../tensor.js";

/** @throws {TypeError} unless it is an f32 tensor. @throws {Error} for a freed one. */
function check(who: string, x: Tensor, index: number): void {
  if (!(x instanceof Tensor)) throw new TypeError(`${who}: expected a tensor as input ${index}, got ${typeof x}`);
  x.check(who);
  if (x.dtype !== "f32")
    throw new TypeError(`${who}: expected f32 inputs, got ${x.dtype} ${shapeText(x.shape)} as input ${index}`);
}

/** The elements of an f32 tensor, valid until the next allocation. */
const view = (x: Tensor): Float32Array => f32(x.ptr, x.size);

/** A bool tensor in the current scope. */
function boolean(shape: Shape, data: Uint8Array<ArrayBuffer>): Tensor {
  return addToScope(new Tensor(Object.freeze([...shape]), "bool", data));
}

/** The positions of the elements of a tensor that is broadcast to `to`, in the order of the result. */
function positions(from: Shape, to: Shape): Int32Array {
  const strides = broadcastStrides(from, to);
  const result = new Int32Array(sizeOf(to));
  // Axis by axis, from the last one: what is there so far is repeated with an offset.
  let filled = Math.min(1, result.length);
  for (let axis = to.length - 1; axis >= 0; axis--) {
    for (let i = 1; i < to[axis]!; i++) {
      const offset = i * strides[axis]!;
      for (let at = 0; at < filled; at++) result[i * filled + at] = result[at]! + offset;
    }
    filled *= to[axis]!;
  }
  return result;
}

/** Makes a comparison of f32 tensors with NumPy broadcasting to a bool tensor. */
function comparison(who: string, holds: (a: number, b: number) => boolean): (a: Tensor, b: Tensor) => Tensor {
  return (a, b) => {
    check(who, a, 0);
    check(who, b, 1);
    const shape = broadcastShapes(a.shape, b.shape, who);
    const result = new Uint8Array(sizeOf(shape));
    const [x, y] = [view(a), view(b)];
    if (isSameShape(a.shape, b.shape)) {
      for (let i = 0; i < result.length; i++) result[i] = holds(x[i]!, y[i]!) ? 1 : 0;
    } else {
      const [p, q] = [positions(a.shape, shape), positions(b.shape, shape)];
      for (let i = 0; i < result.length; i++) result[i] = holds(x[p[i]!]!, y[q[i]!]!) ? 1 : 0;
    }
    return boolean(shape, result);
  };
}

/** a = b; false beside NaN. The result of this and the other comparisons is a bool tensor, through which no gradient flows. */
export const equal: (a: Tensor, b: Tensor) => Tensor = comparison("equal", (a, b) => a === b);
/** a > b; false beside NaN. */
export const greater: (a: Tensor, b: Tensor) => Tensor = comparison("greater", (a, b) => a > b);
/** a ≥ b; false beside NaN. */
export const greaterOrEqual: (a: Tensor, b: Tensor) => Tensor = comparison("greaterOrEqual", (a, b) => a >= b);
/** a < b; false beside NaN. */
export const less: (a: Tensor, b: Tensor) => Tensor = comparison("less", (a, b) => a < b);
/** a ≤ b; false beside NaN. */
export const lessOrEqual: (a: Tensor, b: Tensor) => Tensor = comparison("lessOrEqual", (a, b) => a <= b);

/** Where x is NaN, as a bool tensor. The package exports it as `isNaN`, which is a global's name here. */
export function isNan(x: Tensor): Tensor {
  check("isNaN", x, 0);
  return boolean(
    x.shape,
    Uint8Array.from(view(x), (v) => (Number.isNaN(v) ? 1 : 0)),
  );
}

/** Attributes of {@link isInf}. */
export interface IsInfAttributes {
  /** Find −∞. Default: true. */
  readonly detectNegative?: boolean;
  /** Find ∞. Default: true. */
  readonly detectPositive?: boolean;
}

/** Where x is infinite, as a bool tensor. */
export function isInf(x: Tensor, { detectNegative = true, detectPositive = true }: IsInfAttributes = {}): Tensor {
  check("isInf", x, 0);
  const [low, high] = [detectNegative ? -Infinity : Number.NaN, detectPositive ? Infinity : Number.NaN];
  return boolean(
    x.shape,
    Uint8Array.from(view(x), (v) => (v === low || v === high ? 1 : 0)),
  );
}

/** Attributes of {@link argMax} and {@link argMin}. */
export interface ArgAttributes {
  /** The axis to search; negative ones count from the end. Default: 0. */
  readonly axis?: number;
  /** Keep it with size 1. Default: false. */
  readonly keepDims?: boolean;
  /** Of several equal values take the last. Default: the first. */
  readonly selectLast?: boolean;
}

/** Position of the best value along an axis, as i64. NaN counts as better than any number, as in NumPy. */
function argBest(
  who: string,
  x: Tensor,
  { axis = 0, keepDims = false, selectLast = false }: ArgAttributes,
  isBetter: (a: number, b: number) => boolean,
): Tensor {
  check(who, x, 0);
  const chosen = axisOf(who, axis, x.shape.length);
  const [outer, len, inner] = splitAt(x.shape, chosen);
  if (len === 0 && outer * inner > 0)
    throw new RangeError(`${who}: expected an axis of size 1 or more, got ${shapeText(x.shape)} along axis ${chosen}`);
  const [values, result] = [view(x), new BigInt64Array(outer * inner)];
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const start = o * len * inner + i;
      let best = 0;
      for (let l = 1; l < len; l++) {
        const [value, top] = [values[start + l * inner]!, values[start + best * inner]!];
        const isEqual = value === top || (Number.isNaN(value) && Number.isNaN(top));
        if (isEqual ? selectLast : Number.isNaN(value) || isBetter(value, top)) best = l;
      }
      result[o * inner + i] = BigInt(best);
    }
  }
  const shape = x.shape.flatMap((dim, i) => (i !== chosen ? [dim] : keepDims ? [1] : []));
  return addToScope(new Tensor(Object.freeze(shape), "i64", result));
}

/**
 * Positions of the maxima along an axis, as an i64 tensor; of the first NaN where there is one.
 *
 * @throws {RangeError} for an axis out of range or of size 0.
 */
export function argMax(x: Tensor, attributes: ArgAttributes = {}): Tensor {
  return argBest("argMax", x, attributes, (a, b) => a > b);
}

/** Positions of the minima along an axis, as {@link argMax}. */
export function argMin(x: Tensor, attributes: ArgAttributes = {}): Tensor {
  return argBest("argMin", x, attributes, (a, b) => a < b);
}
