import * as ops from "@neft/tensor";
import { dtype, ignored, int } from "../../attribute-kinds.js";
import type { HostData } from "../../host-array.js";
import { defineOperator, float } from "../operator.js";
import { failMixed, firstInputPosition, type TrackCall } from "../tracks.js";
import {
  carried,
  carryGradient,
  checkZeroPoint,
  clamp,
  eachScaled,
  granularityOf,
  rangeOf,
  roundHalfEven,
  saturate,
} from "./quantised.js";

// Quantised values: x ≈ scale·(q − zero point).

const blocks = { axis: int({ default: 1, since: 13 }), block_size: int({ default: 0, min: 0, since: 21 }) };
const limits = "int8, uint8 (and int32 to dequantise)";

/** Scales per sample would be data. */
const track = (call: TrackCall) => firstInputPosition(call);

/** What quantises a value: scale, zero point and range. */
interface Scaling {
  readonly step: number;
  readonly origin: number;
  readonly low: number;
  readonly high: number;
}

/** Elements of any type. */
type Elements = ArrayLike<number | bigint>;

/** The whole number before it is saturated. */
const wholeOf = (x: number | bigint, step: number, origin: number): number =>
  roundHalfEven(Math.fround(Number(x) / step)) + origin;

// Loops over elements are functions of their own, without closures, which engines compile well.

/** Quantises the elements `first` … `last` − 1. */
function quantise(x: Elements, q: Int32Array | Uint8Array, first: number, last: number, scaling: Scaling): void {
  const { step, origin, low, high } = scaling;
  for (let i = first; i < last; i++) q[i] = clamp(wholeOf(x[i]!, step, origin), low, high);
}

/** Dequantises the elements `first` … `last` − 1. */
function dequantise(q: Elements, y: Float32Array, first: number, last: number, step: number, origin: number): void {
  for (let i = first; i < last; i++) y[i] = Math.fround(Number(q[i]!) - origin) * step;
}

/** What `carryGradient` keeps of the elements `first` … `last` − 1. */
function compare(
  x: Elements,
  q: Int32Array,
  first: number,
  last: number,
  { step, origin }: Scaling,
  { inside, dequantised }: { readonly inside: Float32Array; readonly dequantised: Float32Array },
): void {
  for (let i = first; i < last; i++) {
    inside[i] = Number(q[i]! === wholeOf(x[i]!, step, origin));
    dequantised[i] = (q[i]! - origin) * step;
  }
}

/**
 * q = saturate(round(x/scale) + zero point). Gradients pass straight through to a DequantizeLinear with the same scale
 * that reads q directly, where x isn't saturated; they pass through nothing else of integers.
 */
export const quantizeLinear = defineOperator({
  name: "QuantizeLinear",
  since: 10,
  inputs: [2, 3],
  attributes: {
    ...blocks,
    output_dtype: dtype({ since: 21 }),
    // Divisions are in f32.
    precision: ignored({ since: 23 }),
    // It concerns 8-bit floats, which are not supported.
    saturate: ignored({ since: 19 }),
  },
  traits: { tail: true },
  limits,
  track,
  infer: ([x, scale, zero], values) => {
    granularityOf(x.shape, float(scale, 1).shape, values);
    checkZeroPoint(zero, scale, 2);
    const type = zero?.dtype ?? values.output_dtype ?? "u8";
    rangeOf(type);
    if (values.output_dtype !== undefined && values.output_dtype !== type)
      throw new TypeError(`output_dtype: expected the zero point's ${type}, got ${values.output_dtype}`);
    return [{ dtype: type, shape: x.shape }];
  },
  run: ([x, scale, zero], values) => {
    const type = zero?.dtype ?? values.output_dtype ?? "u8";
    const [low, high] = rangeOf(type);
    const [scales, zeros] = [scale.floats(), zero?.values() as HostData | undefined];
    const from = x.values();
    const data = ops.zeroData(type, x.size) as Int32Array<ArrayBuffer>;
    const carry = x.requiresGrad && { inside: new Float32Array(x.size), dequantised: new Float32Array(x.size) };
    eachScaled(granularityOf(x.shape, scale.shape, values), (first, last, at) => {
      const scaling = { step: scales[at]!, origin: Number(zeros?.[at] ?? 0), low, high };
      quantise(from, data, first, last, scaling);
      if (carry) compare(from, data, first, last, scaling, carry);
    });
    const y = ops.fromTypedArray(data, x.shape, type);
    if (carry) carryGradient(x, y, carry, scales, zeros);
    return [y];
  },
  integers: null,
});

/** y = scale·(q − zero point). */
export const dequantizeLinear = defineOperator({
  name: "DequantizeLinear",
  since: 10,
  inputs: [2, 3],
  attributes: { ...blocks, output_dtype: dtype({ since: 23 }) },
  traits: {
    tail: true,
    encode: (values, [x, scale, zero], attributes) => {
      const codes = ops.zeroData(x!.dtype, values.length) as Int32Array<ArrayBuffer>;
      const range = x!.dtype === "i32" ? ([-(2 ** 31), 2 ** 31 - 1] as const) : rangeOf(x!.dtype);
      eachScaled(granularityOf(x!.shape, scale!.shape, attributes), (first, last, at) => {
        const [step, origin] = [Number(scale!.data[at]), Number(zero?.data[at] ?? 0)];
        for (let i = first; i < last; i++) codes[i] = saturate(values[i]! / step + origin, range);
      });
      return codes;
    },
  },
  limits,
  track,
  infer: ([x, scale, zero], values) => {
    granularityOf(x.shape, float(scale, 1).shape, values);
    checkZeroPoint(zero, scale, 2);
    if (x.dtype !== "i32") rangeOf(x.dtype);
    if (zero !== undefined && zero.dtype !== x.dtype)
      throw new TypeError(`expected a zero point of the input's ${x.dtype}, got ${zero.dtype}`);
    return [{ dtype: "f32", shape: x.shape }];
  },
  run: ([x, scale, zero], values) => {
    const [scales, zeros] = [scale.floats(), zero?.values() as HostData | undefined];
    const known = carried(x, scales, zeros);
    if (known !== undefined) return [known];
    const from = x.values();
    const granularity = granularityOf(x.shape, scale.shape, values);
    return [
      ops.fromWriter(x.shape, (y) => {
        eachScaled(granularity, (first, last, at) => {
          dequantise(from, y, first, last, scales[at]!, Number(zeros?.[at] ?? 0));
        });
      }),
    ];
  },
  integers: null,
});

/** Quantises to u8 with the scale and zero point of the values' own range. Outputs: q, scale, zero point. */
export const dynamicQuantizeLinear = defineOperator({
  name: "DynamicQuantizeLinear",
  since: 11,
  inputs: [1, 1],
  outputs: 3,
  attributes: {},
  traits: {},
  // The range is that of all samples.
  track: failMixed,
  infer: (inputs) => {
    const { shape } = float(inputs[0]);
    return [
      { dtype: "u8", shape },
      { dtype: "f32", shape: [] },
      { dtype: "u8", shape: [] },
    ];
  },
  run: ([x]) => {
    const values = x.floats();
    let [low, high] = [0, 0];
    for (const one of values) {
      low = Math.min(low, one);
      high = Math.max(high, one);
    }
    const range = rangeOf("u8");
    const scale = high === low ? 1 : Math.fround(Math.fround(high - low) / 255);
    const zero = saturate(Math.fround(-low / scale), range);
    const data = new Uint8Array(values.length);
    quantise(values, data, 0, data.length, { step: scale, origin: zero, low: range[0], high: range[1] });
    return [ops.fromTypedArray(data, x.shape, "u8"), ops.tensor([scale], []), ops.tensor([zero], [], "u8")];
  },
  integers: null,
});
