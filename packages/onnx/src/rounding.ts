import type { Model } from "@neft/model";
import { DataType } from "./onnx-enums.js";
import { OnnxSource } from "./onnx-source.js";
import { floatFormats, saturated } from "./stored-tensor.js";

/**
 * How far a parameter in a file is from the model's, because the file's type has fewer bits than float32. Differences
 * are in the parameter's units, relative ones in those of max|W|.
 */
export interface WeightRounding {
  /** Name of the parameter. */
  readonly name: string;
  /** ONNX's name of the file's type, such as FLOAT16, or INT8 for codes that a DequantizeLinear reads. */
  readonly type: string;
  /** Number of elements that differ. */
  readonly count: number;
  /** Largest and root mean square difference over all elements. */
  readonly max: number;
  readonly rms: number;
  readonly relativeMax: number;
  readonly relativeRms: number;
}

/**
 * The rounding of one parameter; undefined if all its elements are exact.
 *
 * @param wanted  Elements in the model. Those that aren't finite don't count.
 * @param stored  Elements in the file, in the same order.
 */
export function roundingOf(
  name: string,
  type: number,
  wanted: Float32Array,
  stored: Float32Array,
): WeightRounding | undefined {
  let [largest, max, sum, count] = [0, 0, 0, 0];
  for (let i = 0; i < wanted.length; i++) {
    const value = wanted[i]!;
    if (!Number.isFinite(value)) continue;
    const difference = Math.abs(value - stored[i]!);
    largest = Math.max(largest, Math.abs(value));
    max = Math.max(max, difference);
    sum += difference * difference;
    if (difference > 0) count++;
  }
  if (count === 0) return undefined;
  const rms = Math.sqrt(sum / wanted.length);
  return { name, type: DataType[type]!, count, max, rms, relativeMax: max / largest, relativeRms: rms / largest };
}

/** Elements as a file has them in a type of floats. */
export function roundedTo(type: number, values: Float32Array): Float32Array {
  const format = floatFormats.get(type)!;
  const view = new DataView(new ArrayBuffer(format.size));
  return values.map((value) => {
    format.write(view, 0, saturated(type, value));
    return format.read(view, 0);
  });
}

/**
 * ONNX's names of the types that a model's file has for its parameters, such as FLOAT16, or INT8 for codes that a
 * DequantizeLinear reads. Empty for a model that wasn't imported.
 */
export function storedTypes({ parameters, source }: Model): Map<string, string> {
  if (!(source instanceof OnnxSource)) return new Map();
  return new Map(
    [...parameters.keys()].flatMap((name) => {
      const stored = source.origins.get(name)?.stored;
      const type = stored instanceof Float32Array || stored === undefined ? source.types.get(name) : stored.type;
      return type === undefined ? [] : [[name, DataType[type]!] as const];
    }),
  );
}

/** Roundings in the order of a model's parameters. */
export function inOrder(model: Model, roundings: ReadonlyMap<string, WeightRounding | undefined>): WeightRounding[] {
  return [...model.parameters.keys()].flatMap((name) => roundings.get(name) ?? []);
}
