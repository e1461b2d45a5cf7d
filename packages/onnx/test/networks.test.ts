import { init } from "@neft/kernels";
import { type Model, valueShapes } from "@neft/model";
import { importOnnx } from "@neft/onnx";
import { sizeOf } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { type Network, otherNetworks, ownNetworks, skipReason } from "./networks.js";
import { numbers } from "./onnx-file.js";
import { differences, runHere, runInRuntime, type Value, type Values } from "./runtime.js";

/** One input of `batch` samples. */
function feedsOf(model: Model, batch: number): Values {
  const [input] = model.inputs;
  const shape = [batch, ...(input!.shape.slice(1) as number[])];
  return { [input!.name]: { dtype: "f32", shape, data: numbers(sizeOf(shape)) } };
}

function rows({ dtype, shape, data }: Value, from: number, to: number): Value {
  const size = data.length / shape[0]!;
  return { dtype, shape: [to - from, ...shape.slice(1)], data: data.slice(from * size, to * size) };
}

/** Runs samples one by one, for files with a batch of 1, and joins the outputs. */
async function runOneByOne(bytes: Uint8Array, feeds: Values): Promise<Values> {
  const [[name, value]] = Object.entries(feeds) as [[string, Value]];
  const parts: Values[] = [];
  for (let i = 0; i < value.shape[0]!; i++) parts.push(await runInRuntime(bytes, { [name]: rows(value, i, i + 1) }));
  return Object.fromEntries(
    Object.entries(parts[0]!).map(([output, { shape }]) => {
      const data = Float32Array.from(parts.flatMap((part) => [...(part[output]!.data as Float32Array)]));
      return [output, { dtype: "f32" as const, shape: [parts.length, ...shape.slice(1)], data }];
    }),
  );
}

async function check({ bytes }: Network): Promise<void> {
  const model = importOnnx(bytes);
  expect(model.inputs[0]!.shape[0]).toBe("N");
  for (const batch of [1, 5]) {
    const feeds = feedsOf(model, batch);
    expect(differences(runHere(model, feeds), await runOneByOne(bytes, feeds))).toEqual([]);
    expect(valueShapes(model, batch).get(model.outputs[0]!.name)).toEqual([batch, 10]);
  }
  model.dispose();
}

describe("networks agree with onnxruntime at batch 1 and 5", () => {
  beforeAll(() => init());

  it.each(ownNetworks)("$name", (network) => check(network));

  if (skipReason === undefined) it.each(otherNetworks)("$name", (network) => check(network));
  else it.skip(`others: ${skipReason}`);
});
