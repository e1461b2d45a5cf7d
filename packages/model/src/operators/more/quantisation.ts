import * as ops from "@neft/tensor";
import { dtype, ignored, int } from "../../attribute-kinds.js";
import type { HostData } from "../../host-array.js";
import { defineOperator, float } from "../operator.js";
import { failMixed, firstInputPosition, type TrackCall } from "../tracks.js";
import {
  carried,
  carryGradient,
  checkZeroPoint,
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
    const range = rangeOf(type);
    const [scales, zeros] = [scale.floats(), zero?.values() as HostData | undefined];
    const from = x.values();
    const data = ops.zeroData(type, x.size) as Int32Array<ArrayBuffer>;
    const carry = x.requiresGrad && { inside: new Float32Array(x.size), dequantised: new Float32Array(x.size) };
    eachScaled(granularityOf(x.shape, scale.shape, values), (i, at) => {
      const [step, origin] = [scales[at]!, Number(zeros?.[at] ?? 0)];
      const whole = roundHalfEven(Math.fround(Number(from[i]!) / step)) + origin;
      data[i] = saturate(whole, range);
      if (!carry) return;
      carry.inside[i] = Number(data[i] === whole);
      carry.dequantised[i] = (data[i]! - origin) * step;
    });
    const y = ops.tensor(data, x.shape, type);
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
  traits: { tail: true },
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
        eachScaled(granularity, (i, at) => {
          y[i] = Math.fround(Number(from[i]!) - Number(zeros?.[at] ?? 0)) * scales[at]!;
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
    const [low, high] = values.reduce(([min, max], one) => [Math.min(min, one), Math.max(max, one)], [0, 0]);
    const range = rangeOf("u8");
    const scale = high === low ? 1 : Math.fround(Math.fround(high - low) / 255);
    const zero = saturate(Math.fround(-low / scale), range);
    const data = Uint8Array.from(values, (one) => saturate(roundHalfEven(Math.fround(one / scale)) + zero, range));
    return [ops.tensor(data, x.shape, "u8"), ops.tensor([scale], []), ops.tensor([zero], [], "u8")];
  },
  integers: null,
});
