import { init } from "@neft/kernels";
import { arrayNodes, type Model, run, summary } from "@neft/model";
import { exportOnnxFiles, importOnnx, OnnxError } from "@neft/onnx";
import { assign, noGrad, scope, tensor } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { bufferMemory } from "../../tensor/test/bytes.js";
import { bombs, crowds } from "./bombs.js";

const externalData = { "weights.bin": new Uint8Array(2 ** 20) };

/** Imports a file. Returns undefined if it is refused with an OnnxError. */
function imported(bytes: Uint8Array): Model | undefined {
  try {
    return importOnnx(bytes, { externalData });
  } catch (error) {
    expect(error).toBeInstanceOf(OnnxError);
    return undefined;
  }
}

/** Calls every function that inspects a model. None may take longer than the file's size justifies. */
function use(model: Model): void {
  arrayNodes(model);
  summary(model);
  const width = model.inputs[0]!.shape[1] as number;
  scope(() => noGrad(() => run(model, tensor(new Float32Array(width), [1, width]))));
  for (const weight of model.parameters.values())
    assign(
      weight,
      (weight.toArray() as Float32Array).map((v) => v + 1),
    );
  exportOnnxFiles(model);
  model.dispose();
}

describe("importOnnx of decompression bombs", () => {
  beforeAll(() => init());

  // Two seconds on an idle machine; other tests run in parallel.
  it.each(Object.entries(bombs))("ends soon for %s", { timeout: 30_000 }, (_, make) => {
    const bytes = make();
    const before = bufferMemory();
    const model = imported(bytes);
    const grown = bufferMemory() - before;
    // Only array buffers are measured: the heap is mostly garbage, and a file can inflate arrays only.
    expect(grown).toBeLessThan(400e6);
    if (model !== undefined) use(model);
  });

  // Quadratic time would take minutes.
  it.each(Object.entries(crowds))("takes linear time for thousands of nodes: %s", { timeout: 30_000 }, (_, make) => {
    const model = imported(make());
    expect(model).toBeDefined();
    use(model!);
  });
});
