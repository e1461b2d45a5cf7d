import * as ops from "@neft/tensor";
import { dtype, text } from "../../attribute-kinds.js";
import type { HostData, KnownValue } from "../../host-array.js";
import { combineElements, type Element, mapElements } from "../../integers-elementwise.js";
import { broadcast } from "../infer.js";
import { defineOnArrays } from "../on-arrays.js";
import type { Operator } from "../operator.js";
import { elementwise, firstInputPosition } from "../tracks.js";

const checkIntegers = ({ dtype }: KnownValue): void => {
  if (dtype === "f32" || dtype === "bool") throw new TypeError(`expected integers, got ${dtype}`);
};

/** Defines an operator on the bits of two integers, with NumPy broadcasting. Numbers and bigints have the same operators. */
function bitwise(name: string, combine: (a: number, b: number) => number): Operator {
  return defineOnArrays({
    name,
    since: 18,
    inputs: [2, 2],
    attributes: {},
    traits: {},
    track: elementwise,
    infer: (inputs) => {
      checkIntegers(inputs[0]);
      return broadcast(inputs);
    },
    compute: ([a, b]) => [combineElements(a.dtype, a, b, combine as unknown as (a: Element, b: Element) => Element)],
  });
}

export const bitwiseAnd = bitwise("BitwiseAnd", (a, b) => a & b);
export const bitwiseOr = bitwise("BitwiseOr", (a, b) => a | b);
export const bitwiseXor = bitwise("BitwiseXor", (a, b) => a ^ b);

/** Inverts the bits of integers. */
export const bitwiseNot = defineOnArrays({
  name: "BitwiseNot",
  since: 18,
  inputs: [1, 1],
  attributes: {},
  traits: {},
  track: firstInputPosition,
  infer: ([x]) => {
    checkIntegers(x);
    return [x].map(({ dtype, shape }) => ({ dtype, shape }));
  },
  compute: ([x]) => [mapElements(x.dtype, x, (value) => ~(value as number) as Element)],
});

/** Shifts by as many bits as the element has, or more, give 0. */
function shift(isLeft: boolean, value: Element, by: Element): Element {
  if (typeof value === "bigint") {
    if ((by as bigint) >= 64n) return 0n;
    return isLeft ? value << (by as bigint) : value >> (by as bigint);
  }
  if ((by as number) >= 32) return 0;
  return isLeft ? value << (by as number) : value >>> (by as number);
}

/** Shifts the bits of unsigned integers, with NumPy broadcasting. */
export const bitShift = defineOnArrays({
  name: "BitShift",
  since: 11,
  inputs: [2, 2],
  attributes: { direction: text(["LEFT", "RIGHT"]) },
  traits: {},
  track: elementwise,
  infer: (inputs) => {
    const [{ dtype }] = inputs;
    if (!/^u\d/.test(dtype)) throw new TypeError(`expected unsigned integers, got ${dtype}`);
    return broadcast(inputs);
  },
  compute: ([a, b], { direction }) => [
    combineElements(a.dtype, a, b, (value, by) => shift(direction === "LEFT", value, by)),
  ],
});

/** Reads the bytes of elements as another dtype of the same size. */
export const bitCast = defineOnArrays({
  name: "BitCast",
  since: 26,
  inputs: [1, 1],
  attributes: { to: dtype({ required: true }) },
  traits: {},
  limits: "FLOAT as the only floating-point type",
  track: firstInputPosition,
  infer: ([x], { to }) => {
    const [from, size] = [x.dtype, to].map((one) => ops.zeroData(one, 0).BYTES_PER_ELEMENT);
    // Files of FLOAT16, BFLOAT16 and DOUBLE have f32 here, whose bytes are others.
    if (from !== size || (x.dtype === "f32" && to === "f32"))
      throw new TypeError(`to: expected an integer type of ${from} bytes, or FLOAT for ${x.dtype} of 4, got ${to}`);
    return [{ dtype: to, shape: x.shape }];
  },
  compute: ([x], { to }) => {
    const data = ops.zeroData(to, x.data.length) as HostData;
    const bytes = new Uint8Array(x.data.buffer, x.data.byteOffset, x.data.byteLength);
    new Uint8Array(data.buffer).set(bytes);
    if (to === "bool" && bytes.some((byte) => byte > 1))
      throw new RangeError("expected bytes 0 and 1 as BOOL, got others");
    return [{ dtype: to, shape: x.shape, data }];
  },
});
