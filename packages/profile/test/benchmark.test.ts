import { init, memoryUse } from "@neft/kernels";
import { arrayNodes, GraphBuilder, lenet5, Model } from "@neft/model";
import { beforeAll, describe, expect, it } from "vitest";
import { toyNet } from "../../evaluation/test/toy.js";
import { cloningWorkers } from "../../training/test/workers.js";
import { type BenchmarkOptions, type BenchmarkProgress, benchmark, type ThreadSource } from "../src/index.js";

beforeAll(() => init());

/** A clock that advances 10 µs with every reading, so that measurements end after a fixed number of passes. */
const countingClock = () => {
  let time = 0;
  return () => (time += 0.01);
};

const threads = (size: number): ThreadSource => ({ size, use: (use) => use(cloningWorkers(size)) });

/** Settings of a short benchmark. */
const short = { seconds: 0.0001, batch: 8, samples: 40 } as const;
const quick = (options: Pick<BenchmarkOptions, "model"> & Partial<BenchmarkOptions>) =>
  benchmark({ now: countingClock(), ...short, ...options });

describe("benchmark", () => {
  it("measures the steps as they run, every number of threads and every strategy", async () => {
    const model = lenet5({ seed: 1 });
    const progress: BenchmarkProgress[] = [];
    const result = await quick({ model, threads: [threads(2)], onProgress: (one) => progress.push(one) });
    expect(result.build).toBe("simd128");
    expect(result.layers.map(({ name, fused, outputShape }) => [name, fused.join("+"), outputShape.join("×")])).toEqual(
      [
        ["c1", "MaxPool+Relu", "8×6×14×14"],
        ["c2", "MaxPool+Relu", "8×16×5×5"],
        [expect.stringMatching(/flatten/i), "", "8×400"],
        ["f1", "Relu", "8×120"],
        ["f2", "Relu", "8×84"],
        ["f3", "", "8×10"],
      ],
    );
    const onArray = new Set(arrayNodes(model).map(({ node }) => node.name));
    for (const { name, forward, backward, variation } of result.layers) {
      expect(forward.ms).toBeGreaterThan(0);
      expect(backward!.ms).toBeGreaterThan(0);
      expect(variation !== null, name).toBe(onArray.has(name));
      expect(forward.rate !== null, name).toBe(onArray.has(name));
      if (forward.rate) expect(forward.share).toBeCloseTo(forward.rate / result.roofline, 10);
    }
    expect(result.evaluation.map(({ threads, samples }) => [threads, samples])).toEqual([
      [1, 40],
      [2, 40],
    ]);
    expect(result.training.map(({ strategy, threads }) => [strategy, threads])).toEqual([
      ["noise-injection", 1],
      ["ovf", 1],
      ["noise-injection", 2],
      ["ovf", 2],
    ]);
    for (const { stepsPerSecond } of result.training) expect(stepsPerSecond).toBeGreaterThan(0);
    expect(result.estimates.finetuning).toHaveLength(4);
    expect(result.memory.training.ovf!).toBeGreaterThan(result.memory.training["noise-injection"]!);
    expect(result.warnings).toEqual([]);
    expect(progress.map(({ done, total }) => [done, total])).toEqual(Array.from({ length: 9 }, (_, i) => [i, 9]));
    model.dispose();
  });

  it("attributes time to the layer that takes it", async () => {
    const net = new GraphBuilder("net", { seed: 1 });
    const wide = net.conv2d(net.input("x", [16, 24, 24]), { name: "wide", outputs: 48, kernel: 3 });
    const model = net.build({ y: net.linear(net.flatten(net.globalAvgPool(wide)), { name: "narrow", outputs: 2 }) });
    // Of 10 million multiply-adds a sample, a hundred are in the last layer.
    const { layers } = await benchmark({ model, ...short, seconds: 0.05, strategies: ["none"] });
    const [first, last] = [layers[0]!, layers.at(-1)!];
    expect([first.name, last.name]).toEqual(["wide", "narrow"]);
    expect(first.forward.ms).toBeGreaterThan(3 * last.forward.ms);
    expect(first.backward!.ms).toBeGreaterThan(3 * last.backward!.ms);
    model.dispose();
  });

  it("leaves weights, running statistics and memory as they were", async () => {
    const model = toyNet({ batchNorm: true, dropout: true });
    const before = new Map([...model.parameters].map(([name, tensor]) => [name, tensor.toArray()]));
    const { live } = memoryUse();
    await quick({ model, strategies: ["ovf", "irs"] });
    expect(memoryUse().live).toBe(live);
    for (const [name, tensor] of model.parameters) expect(tensor.toArray(), name).toEqual(before.get(name));
    model.dispose();
  });

  it("measures evaluation only if the batch is fixed, and says so", async () => {
    const fixed = fixedNetwork();
    const { layers, training, evaluation, estimates, batch, warnings } = await quick({ model: fixed });
    expect(batch).toBe(4);
    expect(layers.every(({ backward }) => backward === null)).toBe(true);
    expect([training, estimates.finetuning]).toEqual([[], []]);
    expect(evaluation[0]!.chipsPerSecond).toBeGreaterThan(0);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^training isn't measured: the network's batch is fixed at 4/);
    fixed.dispose();
  });

  it("asks for the shape of samples whose sizes are free", async () => {
    const net = new GraphBuilder("net", { seed: 1 });
    const pooled = net.globalAvgPool(net.conv2d(net.input("x", [3, 8, 8]), { name: "c", outputs: 4, kernel: 3 }));
    const whole = net.build({ y: net.linear(net.flatten(pooled), { name: "f", outputs: 5 }) });
    const model = new Model({ ...whole, inputs: [{ ...whole.inputs[0]!, shape: ["N", 3, "H", "W"] }] });
    await expect(quick({ model })).rejects.toThrow(
      /^shape: expected the shape of a sample, because sizes of input "x" \[N, 3, H, W\] are free, got none; give sizes/,
    );
    const { layers } = await quick({ model, shape: [3, 10, 12], strategies: ["none"] });
    expect(layers[0]!.outputShape).toEqual([8, 4, 8, 10]);
    await expect(quick({ model, shape: [4, 10, 12] })).rejects.toThrow(/\[N, 3, H, W\]|channels|expected/);
    model.dispose();
  });

  it("gives zeros to a network that takes integers, which may be indices", async () => {
    const net = new GraphBuilder("net", { seed: 1 });
    const real = net.node("Cast", [net.input("x", [6])], { to: "f32" });
    const whole = net.build({ y: net.linear(real, { name: "f", outputs: 3 }) });
    const model = new Model({ ...whole, inputs: [{ ...whole.inputs[0]!, dtype: "i64" }] });
    const { layers, training } = await quick({ model, strategies: ["none"] });
    expect(layers.map(({ op, variation }) => [op, variation === null])).toEqual([
      ["Cast", true],
      ["Gemm", false],
    ]);
    expect(training).toHaveLength(1);
    model.dispose();
  });

  it("stops at a signal, frees its tensors and releases the model", async () => {
    const model = lenet5({ seed: 1 });
    const { live } = memoryUse();
    for (const stage of ["layers", "evaluation on 1 thread", "ovf on 1 thread"]) {
      const controller = new AbortController();
      const reason = new Error(`stopped at ${stage}`);
      const onProgress = ({ measuring }: BenchmarkProgress) => {
        // An event, which is seen only if the benchmark returns to the event loop.
        if (measuring === stage) setTimeout(() => controller.abort(reason));
      };
      const running = benchmark({ model, ...short, seconds: 30, onProgress, signal: controller.signal });
      if (stage === "layers") await expect(running).rejects.toBe(reason);
      else {
        controller.abort(reason);
        await expect(running).rejects.toBe(reason);
      }
      expect(memoryUse().live).toBe(live);
    }
    model.dispose();
  });

  it("predicts the smallest finetuning that finetune accepts, and needs no batch where nothing trains", async () => {
    const model = toyNet();
    const { estimates } = await quick({ model, trainingSamples: 10, batch: 8, strategies: ["none"] });
    expect(estimates.finetuning).toHaveLength(1);
    expect(estimates.finetuning[0]!.seconds).toBeGreaterThan(0);
    const fixed = fixedNetwork();
    expect((await quick({ model: fixed, trainingSamples: 10, batch: 128 })).training).toEqual([]);
    for (const one of [model, fixed]) one.dispose();
  });

  it("measures one thread once, also if a pool of one worker is given", async () => {
    const model = toyNet();
    const progress: BenchmarkProgress[] = [];
    const { evaluation, training, estimates } = await quick({
      model,
      threads: [threads(1)],
      strategies: ["none"],
      onProgress: (one) => progress.push(one),
    });
    expect([evaluation.length, training.length, estimates.evaluation.length]).toEqual([1, 1, 1]);
    expect(progress.map(({ done, total }) => [done, total])).toEqual(Array.from({ length: 5 }, (_, i) => [i, 5]));
    model.dispose();
  });

  it("refuses settings that evaluate and finetune refuse", async () => {
    const model = toyNet();
    for (const [given, message] of [
      [{ sigma: 30 }, /^sigma: expected/],
      [{ strategies: ["sgd"] }, /^strategies: expected one of/],
      [{ bitsPerCell: 3 }, /^bitsPerCell: expected a divisor/],
      [{ seconds: 0 }, /^seconds: expected/],
      [{ strategies: ["ovf", "none", "ovf"] }, "strategies: expected different strategies, got ovf twice"],
      [{ trainingSamples: 10, batch: 9 }, "batch: expected at most the number of training samples, 8, got 9"],
      [{ trainingSamples: 1, batch: 1 }, "batch: expected at most the number of training samples, 0, got 1"],
    ] as const) {
      await expect(quick({ model, ...(given as object) })).rejects.toThrow(message);
    }
    model.dispose();
  });
});

/** A network that mixes its samples, so that it runs at its own batch of 4. */
function fixedNetwork(): Model {
  const net = new GraphBuilder("fixed", { seed: 1 });
  const hidden = net.relu(net.linear(net.input("x", [6]), { name: "f1", outputs: 5 }));
  const axes = net.constant("axes", BigInt64Array.of(0n), [1], "i64");
  const mean = net.node("ReduceMean", [hidden, axes], { keepdims: 1 });
  const model = net.build({ y: net.linear(net.node("Sub", [hidden, mean]), { name: "f2", outputs: 3 }) });
  return new Model({ ...model, inputs: [{ ...model.inputs[0]!, shape: [4, 6] }] });
}
