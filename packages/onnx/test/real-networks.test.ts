import { createRequire } from "node:module";
import { init } from "@neft/kernels";
import { moreOperators } from "@neft/model/more";
import { importOnnx } from "@neft/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { bytesOf } from "./networks/files.mjs";
import { networks } from "./networks/table.mjs";
import { feedsOf } from "./networks/values.mjs";
import { differences, runHere, runInRuntime, type Value, type Values } from "./runtime.js";

const { resolve } = createRequire(import.meta.url);

const operators = [moreOperators];

beforeAll(() => init());

describe("networks agree with onnxruntime at all sizes", () => {
  it.each([...networks])("$name", async (network) => {
    const bytes = bytesOf(network, resolve);
    const model = importOnnx(bytes, { operators });
    try {
      for (const sizes of network.sizes) {
        const feeds = feedsOf(network, sizes);
        const expected = await (network.single ? runOneByOne(bytes, feeds) : runInRuntime(bytes, feeds));
        const closeness = { tolerance: network.tolerance ?? 1e-3, scaled: true };
        expect(differences(runHere(model, feeds), expected, closeness), JSON.stringify(sizes)).toEqual([]);
      }
    } finally {
      model.dispose();
    }
  });
});

/** Runs samples one by one, for files with a batch of 1, and joins the outputs. */
async function runOneByOne(bytes: Uint8Array, feeds: Values): Promise<Values> {
  const samples = Object.values(feeds)[0]!.shape[0]!;
  const runs: Values[] = [];
  for (let i = 0; i < samples; i++)
    runs.push(
      await runInRuntime(
        bytes,
        mapped(feeds, (value) => sampleOf(value, i)),
      ),
    );
  return mapped(runs[0]!, (_, name) => joined(runs.map((run) => run[name]!)));
}

function mapped(values: Values, change: (value: Value, name: string) => Value): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]));
}

function sampleOf({ dtype, shape, data }: Value, index: number): Value {
  const size = data.length / shape[0]!;
  return { dtype, shape: [1, ...shape.slice(1)], data: data.slice(index * size, (index + 1) * size) };
}

function joined(parts: readonly Value[]): Value {
  const { dtype, shape } = parts[0]!;
  const data = Float32Array.from(parts.flatMap((part) => [...(part.data as Float32Array)]));
  return { dtype, shape: [shape[0]! * parts.length, ...shape.slice(1)], data };
}
