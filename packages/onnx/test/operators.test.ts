import { init } from "@neft/kernels";
import { addOperators, valueShapes } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { importOnnx, operatorsOfFiles, supportedOpsets } from "@neft/onnx";
import { sizeOf } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { type FileNode, type FileValue, numbers, onnxFile, type Tensor } from "./onnx-file.js";
import { differences, runHere, runInRuntime, type Value, type Values } from "./runtime.js";
import type { Sample, SampleInput } from "./samples/sample.js";
import { samples } from "./samples/samples.js";

addOperators(moreOperators);

const codes = { f32: 1, u8: 2, i8: 3, i32: 6, i64: 7, bool: 9, f64: 11 } as const;
const arrays = {
  f32: Float32Array,
  f64: Float64Array,
  i32: Int32Array,
  u8: Uint8Array,
  i8: Int8Array,
  bool: Uint8Array,
} as const;

function contentsOf({ shape, dtype = "f32", values }: SampleInput, seed: number): Value {
  const count = sizeOf(shape);
  const given = values ?? numbers(count, seed);
  const data = dtype === "i64" ? BigInt64Array.from(given, BigInt) : arrays[dtype].from(given);
  return { dtype, shape, data };
}

/** A file with one node, and its inputs. */
function fileOf(sample: Sample, opset: number): { bytes: Uint8Array; feeds: Values } {
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
  const outputs = Array.from({ length: sample.outputs ?? 1 }, (_, i) => `out${i}`);
  const nodes: FileNode[] = [{ op: sample.op, inputs: names, outputs, attributes: sample.attributes ?? {} }];
  const type = outputType(sample);
  if (inputs.length === 0) {
    // A model needs an input, even if the node doesn't read it.
    feeds.unread = { dtype: "f32", shape: [1], data: Float32Array.of(0) };
    inputs.push({ name: "unread", shape: [1] });
    nodes.push({ op: "Relu", inputs: ["unread"], outputs: ["other"] });
  }
  return { bytes: onnxFile({ opset, nodes, inputs, outputs: [{ name: "out0", type }], initializers }), feeds };
}

function outputType({ op, inputs, attributes = {} }: Sample): number {
  if (op === "Cast") return attributes.to as number;
  if (op === "Shape" || "value_int" in attributes || "value_ints" in attributes) return codes.i64;
  const { value } = attributes;
  if (typeof value === "object" && "tensor" in value) return value.tensor.dataType!;
  if (op === "ConstantOfShape") return codes.f32;
  return codes[inputs[0]?.dtype ?? "f32"];
}

/** Opsets of both runtimes. */
const opsets = { min: Math.max(supportedOpsets.min, 7), max: Math.min(supportedOpsets.max, 26) };

const versions = new Map(operatorsOfFiles().map(({ name, opsets: since }) => [name, since]));

/** The opsets at which a sample is run: its first, its last, and the first of each row in between. */
function opsetsOf({ op, from = opsets.min, to = opsets.max }: Sample): number[] {
  const since = versions.get(op)!;
  const inside = [from, to, ...since, ...since.map((version) => version - 1)].filter((n) => n >= from && n <= to);
  return [...new Set(inside)].sort((a, b) => a - b);
}

describe("the operator table", () => {
  beforeAll(() => init());

  it("has a sample for every row", () => {
    const missing = [...versions].flatMap(([op, all]) =>
      all
        .map((since) => Math.max(since, opsets.min))
        .filter((since) => !samples.some((sample) => sample.op === op && opsetsOf(sample).includes(since)))
        .map((since) => `${op} since ${since}`),
    );
    expect(missing).toEqual([]);
  });

  it.each([...versions.keys()])("%s agrees with onnxruntime in every opset", async (op) => {
    const failures: string[] = [];
    for (const sample of samples.filter((one) => one.op === op)) {
      for (const opset of opsetsOf(sample)) {
        const where = `${op} (${sample.about}) opset ${opset}`;
        const { bytes, feeds } = fileOf(sample, opset);
        try {
          const expected = await runInRuntime(bytes, feeds);
          const model = importOnnx(bytes);
          failures.push(...differences(runHere(model, feeds), expected).map((line) => `${where}: ${line}`));
          const inferred = valueShapes(model, Object.values(feeds)[0]!.shape[0]).get("out0");
          if (inferred?.join() !== expected.out0!.shape.join()) failures.push(`${where}: inferred [${inferred}]`);
          model.dispose();
        } catch (error) {
          failures.push(`${where}: ${error instanceof Error ? error.message : error}`);
        }
      }
    }
    expect(failures).toEqual([]);
  });
});
