import { env } from "node:process";
import { init } from "@neft/kernels";
import { type Model, trainableParameters } from "@neft/model";
import { exportOnnx, importOnnx } from "@neft/onnx";
import { assign } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { sameBytes } from "../../tensor/test/bytes.js";
import { computedWeightFile, makers, rounded, storages, uses } from "./computed-weights.js";
import { DataType, type FileNode, int64s, numbers, onnxFile } from "./onnx-file.js";
import { differences, runHere, runInRuntime } from "./runtime.js";
import { versions } from "./sample-file.js";

const feeds = { x: { dtype: "f32", shape: [3, 4], data: numbers(12, 8).map((value) => value / 4) } } as const;

/** Gives every parameter different values. */
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

/**
 * Pairs of a use and a storage. Without `npm run fuzz` two storages for each use: raw, and another one, which differs from operator to operator,
 * so that each operator has every use and every storage, and all operators together have every pair.
 */
function pairsOf(operator: number): [use: string, storage: string][] {
  const names = Object.keys(storages);
  return Object.keys(uses).flatMap((use, i) => {
    const chosen = env.NEFT_FUZZ === undefined ? ["raw", names[(i + operator) % names.length]!] : names;
    return [...new Set(chosen)].map((storage): [string, string] => [use, storage]);
  });
}

describe("exportOnnx of computed weights", () => {
  beforeAll(() => init());

  it("has a case for every operator", () => {
    // The output of Dropout isn't constant.
    expect(Object.keys(makers).sort()).toEqual([...versions().keys()].filter((op) => op !== "Dropout").sort());
  });

  const cases = Object.entries(makers).map(([op, maker], i) => ({ op, maker, pairs: pairsOf(i) }));
  it.each(cases)("gives the trained network when $op computes them", { timeout: 60_000 }, async ({ maker, pairs }) => {
    const wrong: string[] = [];
    for (const [use, storage] of pairs) {
      const bytes = computedWeightFile(maker, use, storage);
      const say = (what: string, all: string[]) =>
        wrong.push(...all.slice(0, 1).map((one) => `${use}, ${storage}: ${what}: ${one}`));
      const model = importOnnx(bytes);
      expect(trainableParameters(model).length).toBeGreaterThan(0);
      const before = runHere(model, feeds);
      // onnxruntime doesn't cast from bfloat16 on every machine.
      const runtime = (file: Uint8Array) => (storage === "raw bfloat16" ? undefined : runInRuntime(file, feeds));
      const expected = await runtime(bytes);
      if (expected) say("imported", differences(before, expected));
      if (!sameBytes(exportOnnx(model), bytes)) wrong.push(`${use}, ${storage}: bytes changed without a change`);
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
    expect(wrong).toEqual([]);
  });
});

/** A random network: nodes that compute matrices from matrices, and products with some of them. */
function randomFile(seed: number): Uint8Array {
  const draws = numbers(400, seed + 1);
  let at = 0;
  const pick = <T>(of: readonly T[]): T => of[Math.floor(((draws[at++ % 400]! + 2) / 4) * of.length) % of.length]!;
  const initializers = [
    int64s("matrix", [4, 4]),
    int64s("flat", [-1]),
    int64s("rows", [3, 1, 0, 2]),
    int64s("axis", [0]),
  ];
  const nodes: FileNode[] = [];
  const matrices: string[] = [];
  for (let i = 0; i < 3; i++) {
    const tensor = storages[pick(["raw", "float_data", "raw half", "half in int32_data", "raw double"])]!(
      `w${i}`,
      [4, 4],
      numbers(16, seed + i).map(rounded),
    );
    initializers.push(tensor);
    nodes.push({ op: "Cast", inputs: [`w${i}`], outputs: [`c${i}`], attributes: { to: DataType.FLOAT } });
    matrices.push(`c${i}`);
    if (tensor.dataType === DataType.FLOAT) matrices.push(`w${i}`);
  }
  for (let i = 0; i < 8; i++) {
    const [a, b, v] = [pick(matrices), pick(matrices), `v${i}`];
    const kinds: Record<string, FileNode[]> = {
      Transpose: [{ op: "Transpose", inputs: [a], outputs: [v] }],
      Identity: [{ op: "Identity", inputs: [a], outputs: [v] }],
      Reshape: [
        { op: "Reshape", inputs: [a, "flat"], outputs: [`${v}f`] },
        { op: "Reshape", inputs: [`${v}f`, "matrix"], outputs: [v] },
      ],
      Squeeze: [
        { op: "Unsqueeze", inputs: [a, "axis"], outputs: [`${v}u`] },
        { op: "Squeeze", inputs: [`${v}u`, "axis"], outputs: [v] },
      ],
      Cast: [{ op: "Cast", inputs: [a], outputs: [v], attributes: { to: DataType.FLOAT } }],
      Mul: [{ op: "Mul", inputs: [a, b], outputs: [v] }],
      Add: [{ op: "Add", inputs: [a, b], outputs: [v] }],
      Tanh: [{ op: "Tanh", inputs: [a], outputs: [v] }],
      Gather: [{ op: "Gather", inputs: [a, "rows"], outputs: [v] }],
    };
    nodes.push(...kinds[pick(Object.keys(kinds))]!);
    matrices.push(v);
  }
  let x = "x";
  for (let i = 0; i < 5; i++) {
    const [w, y] = [pick(matrices), `x${i}`];
    const kinds: FileNode[] = [
      { op: "MatMul", inputs: [x, w], outputs: [y] },
      { op: "Gemm", inputs: [x, w], outputs: [y], attributes: { transB: 1 } },
      { op: "Add", inputs: [x, "row"], outputs: [y] },
      { op: "MatMul", inputs: [x, w], outputs: [y] },
    ];
    nodes.push(pick(kinds), { op: "Tanh", inputs: [y], outputs: [`${y}t`] });
    x = `${y}t`;
  }
  nodes.unshift({ op: "ReduceMean", inputs: ["w0f"], outputs: ["row"], attributes: { axes: [0], keepdims: 0 } });
  nodes.unshift({ op: "Cast", inputs: ["w0"], outputs: ["w0f"], attributes: { to: DataType.FLOAT } });
  const outputs = new Set([x, pick(matrices), pick(matrices)]);
  for (let i = 0; i < 3; i++) outputs.delete(`w${i}`);
  return onnxFile({
    opset: 13,
    nodes,
    initializers,
    inputs: [{ name: "x", shape: ["batch", 4] }],
    outputs: [...outputs].map((name) => ({ name })),
  });
}

describe("exportOnnx of random networks", () => {
  beforeAll(() => init());

  it("gives the trained network", { timeout: 120_000 }, async () => {
    const wrong: string[] = [];
    for (let seed = 0; seed < 120; seed++) {
      const bytes = randomFile(seed);
      const model = importOnnx(bytes);
      const say = (what: string, all: string[]) =>
        wrong.push(...all.slice(0, 1).map((one) => `${seed}: ${what}: ${one}`));
      say("imported", differences(runHere(model, feeds), await runInRuntime(bytes, feeds)));
      if (!sameBytes(exportOnnx(model), bytes)) wrong.push(`${seed}: bytes changed without a change`);
      change(model);
      const here = runHere(model, feeds);
      const exported = exportOnnx(model);
      say("onnxruntime", differences(await runInRuntime(exported, feeds), here));
      const back = importOnnx(exported);
      say("imported again", differences(runHere(back, feeds), here));
      model.dispose();
      back.dispose();
    }
    expect(wrong).toEqual([]);
  });
});
