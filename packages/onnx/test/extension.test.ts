import { init } from "@neft/kernels";
import { arrayNodes, type Extension, extendModel, type Model, type TensorRecord, trialShapes } from "@neft/model";
import { exportOnnx, exportOnnxFiles, importOnnx } from "@neft/onnx";
import { assign, sizeOf } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { decode } from "../src/message-type.js";
import { ModelProto } from "../src/onnx-proto.js";
import { otherNetworks, ownNetworks } from "./networks.js";
import { DataType, type FileParts, floats, numbers, onnxFile } from "./onnx-file.js";
import { differences, runHere, runInRuntime, type Values } from "./runtime.js";

/** Models that were extended after their import, and their files. */

beforeAll(() => init());

/** A parameter twice along an axis. */
function doubled(model: Model, name: string, axis: number): TensorRecord {
  const tensor = model.parameters.get(name)!;
  const inner = sizeOf(tensor.shape.slice(axis));
  const values = tensor.floats();
  const data = new Float64Array(2 * values.length).map((_, i) => {
    const [row, at] = [Math.floor(i / (2 * inner)), i % inner];
    return values[row * inner + at]!;
  });
  return {
    name,
    dtype: "f32",
    shape: tensor.shape.map((n, k) => (k === axis ? 2 * n : n)),
    data: Float32Array.from(data),
  };
}

/** Writes all outputs of a product twice and averages them. @param name  Of the node. @param suffix  Of the new names. */
function twice(model: Model, name: string, suffix = "copies"): Model {
  const { node, weight, layout, flow } = arrayNodes(model).find((one) => one.node.name === name)!;
  const [axis, value, bias] = [layout === "io" ? 1 : 0, node.outputs[0]!, node.inputs[flow!.bias ?? -1]];
  const outputs = model.parameters.get(weight)!.shape[axis]!;
  const channels = trialShapes(model)[0]!.get(value)!.shape.length + flow!.to;
  const made = `${value}.${suffix}`;
  const halves = [0, 1].map((half) => ({
    name: `${made}.indices${half}`,
    dtype: "i64" as const,
    shape: [outputs],
    data: BigInt64Array.from({ length: outputs }, (_, i) => BigInt(half * outputs + i)),
  }));
  const gathers = halves.map((indices, half) => ({
    name: `${name}.${suffix}.gather${half}`,
    op: "Gather",
    inputs: [made, indices.name],
    outputs: [`${made}.half${half}`],
    attributes: { axis: channels },
  }));
  const extension: Extension = {
    insertions: [
      {
        value,
        made,
        nodes: [
          ...gathers,
          {
            name: `${name}.${suffix}.mean`,
            op: "Mean",
            inputs: gathers.map((gather) => gather.outputs[0]!),
            outputs: [value],
            attributes: {},
          },
        ],
      },
    ],
    parameters: [doubled(model, weight, axis), ...(bias ? [doubled(model, bias, 0)] : [])],
    constants: halves,
  };
  return extendModel(model, extension);
}

/** Values of a model's input. @param samples  Of a file with a fixed batch. */
function feedsOf(model: Model, samples?: number): Values {
  const { name } = model.inputs[0]!;
  const [free, ...rest] = trialShapes(model)[0]!.get(name)!.shape;
  const shape = [samples ?? free!, ...rest];
  return { [name]: { dtype: "f32", shape, data: numbers(sizeOf(shape)) } };
}

/** The batch that a file fixes, if any. */
function samplesOf(bytes: Uint8Array, input: string): number | undefined {
  const { type } = decode(ModelProto, bytes).graph!.input.find(({ name }) => name === input)!;
  const size = type!.tensorType!.shape!.dim[0]!.dimValue;
  return size === undefined ? undefined : Number(size);
}

/** A file of a convolution and a matrix product, with weights stored as `stored` says. */
const fileOf = (parts: Partial<FileParts>, type: number = DataType.FLOAT): Uint8Array =>
  onnxFile({
    nodes: [
      { op: "Conv", inputs: ["x", "w", "b"], outputs: ["y"], name: "conv" },
      { op: "Flatten", inputs: ["y"], outputs: ["f"], name: "flat" },
      { op: "Transpose", inputs: ["m"], outputs: ["mt"], name: "turn", attributes: { perm: [1, 0] } },
      { op: "MatMul", inputs: ["f", "mt"], outputs: ["z"], name: "product" },
    ],
    inputs: [{ name: "x", shape: ["N", 2, 4, 4], type }],
    outputs: [{ name: "z", shape: ["N", 5], type }],
    initializers: [
      { ...floats("w", [3, 2, 3, 3], numbers(54, 1)), docString: "weights" },
      floats("b", [3], numbers(3, 2)),
      floats("m", [5, 12], numbers(60, 3)),
    ],
    ...parts,
  });

describe("an extended model", () => {
  it.each([...ownNetworks, ...otherNetworks])(
    "of $name has the file's outputs and keeps its other nodes",
    async ({ bytes }) => {
      const model = importOnnx(bytes);
      const products = arrayNodes(model).filter(({ views }) => views.length === 0);
      const wide = [products[0]!, products.at(-1)!].reduce((one, { node }) => twice(one, node.name), model);
      const file = exportOnnx(wide);
      const feeds = feedsOf(model, samplesOf(bytes, model.inputs[0]!.name));
      const made = await runInRuntime(file, feeds);
      expect(differences(await runInRuntime(bytes, feeds), made)).toEqual([]);
      expect(differences(runHere(wide, feeds), made)).toEqual([]);
      const [before, after] = [bytes, file].map((one) => decode(ModelProto, one)) as [ModelProto, ModelProto];
      const { graph: graphBefore, ...restBefore } = before;
      const { graph: graphAfter, ...restAfter } = after;
      expect(restAfter).toEqual(restBefore);
      const kept = graphAfter!.node.filter(({ name }) => !name.includes(".copies"));
      expect(kept.map(({ name, opType }) => [name, opType])).toEqual(
        graphBefore!.node.map(({ name, opType }) => [name, opType]),
      );
      expect(graphAfter!.node.length).toBe(graphBefore!.node.length + 6);
      const again = importOnnx(file);
      expect([...again.parameters].map(([name, { shape }]) => [name, [...shape]])).toEqual(
        [...wide.parameters].map(([name, { shape }]) => [name, [...shape]]),
      );
      for (const one of [model, wide, again]) one.dispose();
    },
  );

  it.each<[string, Partial<FileParts>]>([
    ["opset 17", {}],
    ["opset 7", { opset: 7, ir: 3 }],
    [
      "initializers that are inputs",
      {
        ir: 3,
        opset: 8,
        inputs: [
          { name: "x", shape: ["N", 2, 4, 4] },
          { name: "w", shape: [3, 2, 3, 3] },
          { name: "b", shape: [3] },
          { name: "m", shape: [5, 12] },
        ],
      },
    ],
  ])("is written for a file of %s", async (_, parts) => {
    const bytes = fileOf(parts);
    const model = importOnnx(bytes);
    const feeds = feedsOf(model);
    const expected = await runInRuntime(bytes, feeds);
    const once = twice(model, "conv");
    // A second extension follows the first.
    const wide = twice(once, "conv", "again");
    for (const one of [once, wide]) {
      const file = exportOnnx(one);
      expect(differences(expected, await runInRuntime(file, feeds))).toEqual([]);
      expect(decode(ModelProto, file).graph!.initializer.find(({ name }) => name === "w")!.docString).toBe("weights");
    }
    expect(wide.parameters.get("w")!.shape).toEqual([12, 2, 3, 3]);
    for (const one of [model, once, wide]) one.dispose();
  });

  it("is written with weights that changed later, in types of the file", async () => {
    const model = importOnnx(fileOf({}));
    const wide = twice(model, "conv");
    for (const name of ["w", "m"]) {
      const parameter = [...wide.parameters].find(([own]) => own.startsWith(name))![1];
      assign(
        parameter,
        parameter.floats().map((value) => value * 0.5),
      );
    }
    const feeds = feedsOf(model);
    const { model: file } = exportOnnxFiles(wide);
    expect(differences(runHere(wide, feeds), await runInRuntime(file, feeds))).toEqual([]);
    for (const one of [model, wide]) one.dispose();
  });

  it("is written as a new file if it wasn't imported", async () => {
    const imported = importOnnx(fileOf({}));
    const { source: _, ...parts } = imported;
    const model = { ...parts, source: undefined } as unknown as Model;
    const wide = twice(model, "conv");
    const feeds = feedsOf(imported);
    expect(differences(runHere(imported, feeds), await runInRuntime(exportOnnx(wide), feeds))).toEqual([]);
    for (const one of [imported, wide]) one.dispose();
  });

  it("is refused where the file has a value of a new name, which no output needs", () => {
    const bytes = fileOf({
      nodes: [
        { op: "Conv", inputs: ["x", "w", "b"], outputs: ["y"], name: "conv" },
        { op: "Relu", inputs: ["y"], outputs: ["y.copies"], name: "unneeded" },
        { op: "Flatten", inputs: ["y"], outputs: ["z"], name: "flat" },
      ],
      outputs: [{ name: "z", shape: ["N", 12] }],
    });
    const model = importOnnx(bytes);
    const wide = twice(model, "conv");
    expect(() => exportOnnx(wide)).toThrow(/expected "y.copies" to be a new name, got one that the file has already/);
    for (const one of [model, wide]) one.dispose();
  });
});
