import { init } from "@neft/kernels";
import { Model } from "@neft/model";
import { importOnnx, OnnxError } from "@neft/onnx";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { ownNetworks } from "./networks.js";
import { floats, int64s, numbers, onnxFile } from "./onnx-file.js";

/** A small file with most features of the format, so that a change is likely to matter. */
const small = onnxFile({
  nodes: [
    { op: "Conv", inputs: ["x", "w", "b"], outputs: ["c"], attributes: { pads: [1, 1, 1, 1], strides: [2, 2] } },
    { op: "MaxPool", inputs: ["c"], outputs: ["p"], attributes: { kernel_shape: [2, 2], ceil_mode: 1 } },
    { op: "Shape", inputs: ["p"], outputs: ["s"] },
    { op: "Slice", inputs: ["s", "zero", "one"], outputs: ["n"] },
    { op: "Concat", inputs: ["n", "rest"], outputs: ["t"], attributes: { axis: 0 } },
    { op: "Reshape", inputs: ["p", "t"], outputs: ["r"] },
    { op: "Transpose", inputs: ["f"], outputs: ["g"], attributes: { perm: [1, 0] } },
    { op: "MatMul", inputs: ["r", "g"], outputs: ["m"] },
    { op: "Clip", inputs: ["m", "low"], outputs: ["k"] },
    { op: "Softmax", inputs: ["k"], outputs: ["y"], attributes: { axis: -1 } },
  ],
  inputs: [{ name: "x", shape: [1, 1, 6, 6] }],
  outputs: [{ name: "y", shape: [1, 3] }],
  initializers: [
    floats("w", [2, 1, 3, 3], numbers(18)),
    floats("b", [2], [1, 2]),
    floats("f", [3, 8], numbers(24)),
    floats("low", [], [0]),
    int64s("zero", [0]),
    int64s("one", [1]),
    int64s("rest", [-1]),
  ],
});

/** Importing must soon give a model or an OnnxError. */
function survives(bytes: Uint8Array): void {
  let result: Model | undefined;
  try {
    result = importOnnx(bytes);
  } catch (error) {
    if (!(error instanceof OnnxError)) throw error;
    expect(error.message.length).toBeGreaterThan(10);
  }
  if (result !== undefined) expect(result).toBeInstanceOf(Model);
  result?.dispose();
}

const seeded = (numRuns: number) => ({ seed: 20250807, numRuns });
const mutations = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 });

function mutated(bytes: Uint8Array, changes: readonly (readonly [number, number])[]): Uint8Array {
  const copy = bytes.slice();
  for (const [at, value] of changes) copy[at % copy.length] = value;
  return copy;
}

describe("importOnnx of broken files", () => {
  beforeAll(() => init());

  it("imports the whole file", () => {
    expect(importOnnx(small).nodes.length).toBeGreaterThan(5);
  });

  it("survives every truncation", () => {
    for (let length = 0; length < small.length; length++) survives(small.slice(0, length));
  });

  it("survives changed bytes", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(mutations, (changes) => survives(mutated(small, changes))),
      seeded(3000),
    );
  });

  it("survives removed and inserted bytes", { timeout: 120_000 }, () => {
    const cut = fc.tuple(fc.nat(small.length), fc.nat(12), fc.uint8Array({ maxLength: 12 }));
    fc.assert(
      fc.property(cut, ([at, count, put]) => {
        survives(Uint8Array.of(...small.slice(0, at), ...put, ...small.slice(at + count)));
      }),
      seeded(1000),
    );
  });

  it("survives random bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), survives), seeded(500));
  });

  it.each(ownNetworks.slice(0, 2))("survives changes to $name", { timeout: 120_000 }, ({ bytes }) => {
    const near = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(near, fc.option(fc.nat(bytes.length)), (changes, length) => {
        survives(
          mutated(
            bytes,
            changes.map(([at, value]) => [at % 20_000, value]),
          ).slice(0, length ?? bytes.length),
        );
      }),
      seeded(150),
    );
  });
});
