import { init } from "@neft/kernels";
import { type Model, trainableParameters } from "@neft/model";
import { exportOnnx, importOnnx, onnxOperators } from "@neft/onnx";
import { assign } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { computedWeightFile, makers, rounded, storages, uses } from "./computed-weights.js";
import { numbers } from "./onnx-file.js";
import { differences, runHere, runInRuntime } from "./runtime.js";

const feeds = { x: { dtype: "f32", shape: [3, 4], data: numbers(12, 8).map((value) => value / 4) } } as const;

/** Gives every parameter values of its own. */
function change(model: Model): void {
  [...model.parameters].forEach(([, tensor], i) => {
    assign(
      tensor,
      (tensor.toArray() as Float32Array).map((value, at) =>
        rounded(value * 0.75 + 0.25 + i * 0.125 + (at % 3) * 0.0625),
      ),
    );
  });
}

describe("exportOnnx of computed weights", () => {
  beforeAll(() => init());

  it("knows how every operator makes a weight", () => {
    // What Dropout makes of a weight isn't fixed.
    expect(Object.keys(makers).sort()).toEqual(
      Object.keys(onnxOperators)
        .filter((op) => op !== "Dropout")
        .sort(),
    );
  });

  it.each(Object.keys(makers))("is the trained network where %s makes them", { timeout: 60_000 }, async (op) => {
    const wrong: string[] = [];
    for (const use of Object.keys(uses)) {
      for (const storage of Object.keys(storages)) {
        const bytes = computedWeightFile(makers[op]!, use, storage);
        const say = (what: string, all: string[]) =>
          wrong.push(...all.slice(0, 1).map((one) => `${use}, ${storage}: ${what}: ${one}`));
        const model = importOnnx(bytes);
        expect(trainableParameters(model).length).toBeGreaterThan(0);
        const before = runHere(model, feeds);
        // bfloat16 isn't among the types onnxruntime casts from on every machine.
        const runtime = (file: Uint8Array) => (storage === "raw bfloat16" ? undefined : runInRuntime(file, feeds));
        const expected = await runtime(bytes);
        if (expected) say("imported", differences(before, expected));
        if (Buffer.compare(exportOnnx(model), bytes) !== 0)
          wrong.push(`${use}, ${storage}: bytes changed without a change`);
        change(model);
        const here = runHere(model, feeds);
        if (differences(here, before).length === 0) wrong.push(`${use}, ${storage}: the change changed nothing`);
        const exported = exportOnnx(model);
        const there = await runtime(exported);
        if (there) say("onnxruntime", differences(there, here));
        const back = importOnnx(exported);
        say("imported again", differences(runHere(back, feeds), here));
        model.dispose();
        back.dispose();
      }
    }
    expect(wrong).toEqual([]);
  });
});
