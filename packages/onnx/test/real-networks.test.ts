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

/** Networks that don't run yet. */
const waiting = new Set([
  // At its smallest size, a pool has a window larger than its input.
  "PP-OCRv2 orientation",
]);

/** Networks that are compared less closely: rounding grows along many layers, at a few of the outputs. Others: 1e-3. */
const tolerances: Readonly<Record<string, number>> = { "M-LSD tiny 512": 5e-3, "M-LSD large 512": 5e-3 };

const ready = networks.filter(({ name }) => !waiting.has(name));

beforeAll(() => init());

describe("networks agree with onnxruntime at all sizes", () => {
  it.each(ready)("$name", async (network) => {
    const bytes = bytesOf(network, resolve);
    const model = importOnnx(bytes, { operators });
    try {
      for (const sizes of network.sizes) {
        const feeds = feedsOf(network, sizes);
        const expected = await (network.single ? runOneByOne(bytes, feeds) : runInRuntime(bytes, feeds));
        const closeness = { tolerance: tolerances[network.name] ?? 1e-3, scaled: true };
        expect(differences(runHere(model, feeds), expected, closeness), JSON.stringify(sizes)).toEqual([]);
      }
    } finally {
      model.dispose();
    }
  });
});

describe("networks that wait are refused with the reason", () => {
  it.each([...waiting])("%s", (name) => {
    const network = networks.find((one) => one.name === name)!;
    expect(() => {
      const model = importOnnx(bytesOf(network, resolve), { operators });
      try {
        for (const sizes of network.sizes) runHere(model, feedsOf(network, sizes));
      } finally {
        model.dispose();
      }
    }).toThrow(/: expected .+, got /s);
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
