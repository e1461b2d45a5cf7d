import { rram1 } from "@neft/crossbar";
import { init, memoryUse } from "@neft/kernels";
import { Model, modelToRecord } from "@neft/model";
import { parameter, tensor } from "@neft/tensor";
import { type FinetuneOptions, type FinetuneProgress, finetune, strategies } from "@neft/training";
import { describe, expect, it } from "vitest";
import { toyImages, toyNet, toyNormalisation } from "../../evaluation/test/toy.js";
import { cloningWorkers } from "./workers.js";

// Rows of tests below draw samples.
await init();

/** The network with its batch fixed at 4, and shapes that nothing can free of it. */
function fixedAt4(model: Model): Model {
  const reshape = (input: string, shape: string, output: string) => ({
    name: output,
    op: "Reshape",
    inputs: [input, shape],
    outputs: [output],
    attributes: {},
  });
  const sizes = (shape: readonly number[]) => tensor(BigInt64Array.from(shape, BigInt), [shape.length], "i64");
  return new Model({
    ...model,
    inputs: [{ name: "image", dtype: "f32", shape: [4, 1, 8, 8] }],
    outputs: [{ name: "rows", dtype: "f32", shape: [4, 4] }],
    nodes: [...model.nodes, reshape("logits", "flat", "all"), reshape("all", "square", "rows")],
    constants: new Map([...model.constants, ["flat", sizes([16])], ["square", sizes([4, 4])]]),
  });
}

const data = toyImages(76);
const options = {
  data,
  normalisation: toyNormalisation(data),
  device: rram1,
  sigma: 0.15,
  batch: 8,
  epochs: 2,
  learningRate: 3e-3,
  validation: { images: 16, chips: 2 },
};

type Given = Partial<FinetuneOptions>;

async function trained(model: Model, given: Given) {
  const losses: number[] = [];
  const onProgress = (progress: FinetuneProgress) => {
    if (progress.kind === "step") losses.push(progress.loss);
  };
  const result = await finetune({ ...options, strategy: "noise-injection", ...given, model, onProgress });
  const weights = modelToRecord(model).parameters;
  model.dispose();
  return { losses, result, weights };
}

describe("a network whose batch is fixed at 4", () => {
  it.each<[string, Given]>([
    ["labels", {}],
    ["labels, with four passes a step", { strategy: "ovf" }],
    ["labels, with a draw for each sample", { perSample: true }],
    ["labels, with heads", { strategy: { id: "irs", hidden: 8 } }],
    ["the clean network", { strategy: "distillation" }],
  ])("trains run by run towards %s, as one with a free batch", async (_, given) => {
    const [free, fixed] = [await trained(toyNet(), given), await trained(fixedAt4(toyNet()), given)];
    expect(fixed.result.ended).toEqual({ reason: "finished" });
    expect(fixed.losses).toHaveLength(14);
    expect(fixed.result.validations[0]).toEqual(free.result.validations[0]);
    for (const [i, loss] of fixed.losses.entries()) expect(loss / free.losses[i]! - 1).toBeCloseTo(0, 3);
    expect(fixed.losses[0]).toBeCloseTo(free.losses[0]!, 5);
  });

  it("trains with every strategy, and with modifiers that run the network", async () => {
    for (const [id, { cost, hasHeads, target }] of strategies) {
      if (cost() === undefined) continue;
      const strategy = hasHeads ? { id, hidden: 8 } : { id };
      const distill = target === "labels" ? 0.1 : undefined;
      const { result, losses } = await trained(fixedAt4(toyNet({ batchNorm: true })), {
        strategy,
        distill,
        recalibrate: 2,
      });
      expect(result.ended, id).toEqual({ reason: "finished" });
      expect(losses.every(Number.isFinite), id).toBe(true);
    }
  });

  it("gives the same bits for any number of workers, and frees its tensors", async () => {
    const run = (given: Given) => trained(fixedAt4(toyNet({ dropout: true })), { shards: 3, batch: 16, ...given });
    await run({});
    const { live } = memoryUse();
    const alone = await run({});
    expect(memoryUse().live).toBe(live);
    for (const count of [1, 3]) expect(await run({ workers: cloningWorkers(count, count) })).toEqual(alone);
  });

  it("has the batch statistics of each run", async () => {
    const { result } = await trained(fixedAt4(toyNet({ batchNorm: true })), { batchNorm: "batch", epochs: 6 });
    expect(result.ended).toEqual({ reason: "finished" });
    expect(result.best!.accuracy!).toBeGreaterThan(result.validations[0]!.accuracy!);
  });

  it.each<[string, Given, string]>([
    [
      "a batch that isn't whole runs",
      { batch: 6 },
      "batch: expected a multiple of 4 (the network's batch is fixed at 4: ",
    ],
    [
      "a last batch that isn't whole runs",
      { dropLast: false, validation: { images: 17, chips: 2 } },
      "dropLast: expected an epoch's last batch of a multiple of 4 samples (the network's batch is fixed at 4: ",
    ],
  ])("refuses %s", async (_, given, message) => {
    const model = fixedAt4(toyNet());
    await expect(finetune({ ...options, ...given, model })).rejects.toThrow(message);
    model.dispose();
  });
});

describe("a network without parameters of floats", () => {
  it("is refused, with its largest tensor", async () => {
    const product = { name: "p", op: "MatMul", inputs: ["x", "w"], outputs: ["y"], attributes: {} };
    const model = new Model({
      name: "constant",
      inputs: [{ name: "x", dtype: "f32", shape: ["N", 64] }],
      outputs: [{ name: "y", dtype: "f32", shape: ["N", 4] }],
      nodes: [product],
      parameters: new Map(),
      constants: new Map([["w", parameter(new Float32Array(256).fill(0.1), [64, 4])]]),
    });
    await expect(finetune({ ...options, model, strategy: "none" })).rejects.toThrow(
      'model "constant": expected parameters of floats to train, got none; its largest tensor is the f32 [64, 4] of node "p" (MatMul)',
    );
    model.dispose();
  });
});
