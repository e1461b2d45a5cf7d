import { knownOperators } from "@neft/model";
import { operatorsOfFiles, supportedOpsets } from "@neft/onnx";
import { sizeOf } from "@neft/tensor";
import { type FileNode, type FileValue, numbers, onnxFile, type Tensor } from "./onnx-file.js";
import type { Value, Values } from "./runtime.js";
import type { Sample, SampleInput } from "./samples/sample.js";

const codes = {
  ...{ f32: 1, f64: 11, bool: 9 },
  ...{ u8: 2, i8: 3, u16: 4, i16: 5, i32: 6, i64: 7, u32: 12, u64: 13 },
} as const;
const arrays = {
  ...{ f32: Float32Array, f64: Float64Array, bool: Uint8Array },
  ...{ u8: Uint8Array, i8: Int8Array, u16: Uint16Array, i16: Int16Array, i32: Int32Array, u32: Uint32Array },
} as const;
const bigArrays = { i64: BigInt64Array, u64: BigUint64Array } as const;

/** A value of a sample. @param seed  Of its elements, when it has none. */
export function contentsOf({ shape, dtype = "f32", values }: SampleInput, seed: number): Value {
  const count = sizeOf(shape);
  const given = values ?? numbers(count, seed);
  const data =
    dtype === "i64" || dtype === "u64"
      ? (bigArrays[dtype] as typeof BigInt64Array).from(given, BigInt)
      : arrays[dtype].from(given);
  return { dtype, shape, data };
}

/** A file with a sample's node, and its inputs. */
export function fileOf(sample: Sample, opset: number): { bytes: Uint8Array; feeds: Values } {
  const feeds: Record<string, Value> = {};
  const inputs: FileValue[] = [];
  const initializers: Tensor[] = [];
  const names = sample.inputs.map((input, i) => {
    if (input === undefined) return "";
    const name = `in${i}`;
    const value = contentsOf(input, i + 1);
    const type = codes[value.dtype];
    if (input.fixed) {
      const rawData = new Uint8Array(value.data.buffer as ArrayBuffer);
      initializers.push({ name, dims: input.shape.map(BigInt), dataType: type, rawData });
    } else {
      feeds[name] = value;
      inputs.push({ name, type, shape: input.shape });
    }
    return name;
  });
  const declared = Array.from({ length: sample.outputs ?? 1 }, (_, i) => `out${i}`);
  const nodes: FileNode[] = [{ op: sample.op, inputs: names, outputs: declared, attributes: sample.attributes ?? {} }];
  if (inputs.length === 0) {
    // A model needs an input, even if the node doesn't read it.
    feeds.unread = { dtype: "f32", shape: [1], data: Float32Array.of(0) };
    inputs.push({ name: "unread", shape: [1] });
    nodes.push({ op: "Relu", inputs: ["unread"], outputs: ["other"] });
  }
  // Runtimes infer the type of an output that has none.
  const outputs = declared
    .slice(0, sample.compared ?? declared.length)
    .map((name) => ({ name, type: "inferred" as const }));
  return { bytes: onnxFile({ opset, nodes, inputs, outputs, initializers }), feeds };
}

/** Opsets of both runtimes. */
export const opsets = { min: Math.max(supportedOpsets.min, 7), max: Math.min(supportedOpsets.max, 26) };

/** Opsets from which files write an operator differently. Those on sequences are left out: sequences.test.ts has them. */
export const versions = (): Map<string, readonly number[]> =>
  new Map(
    operatorsOfFiles()
      .filter(({ name }) => name === "Constant" || knownOperators.has(name))
      .map(({ name, opsets: since }) => [name, since]),
  );

/** The opsets at which a sample is run: its first, its last, and the first of each row in between. */
export function opsetsOf({ from, to = opsets.max }: Sample, since: readonly number[]): number[] {
  const first = from ?? Math.max(opsets.min, since[0] ?? 0);
  const inside = [first, to, ...since, ...since.map((version) => version - 1)].filter((n) => n >= first && n <= to);
  return [...new Set(inside)].sort((a, b) => a - b);
}
