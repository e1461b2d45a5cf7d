import {
  createWorkers,
  type Dataset,
  devices,
  evaluate,
  exportOnnx,
  type FinetuneOptions,
  finetune,
  GraphBuilder,
  importOnnx,
  init,
  Model,
  makeDataset,
  type Workers,
} from "neft";
import { noGrad, run, scope, tensor } from "neft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { poolOf } from "../src/workers.js";

/** Concurrent calls: each gives the same result as alone, or is refused. */

const classes = 3;
const shape = [1, 6, 6];

function network(seed: number): Model {
  const net = new GraphBuilder(`net${seed}`, { seed });
  let x = net.input("image", shape);
  x = net.relu(net.batchNorm(net.conv2d(x, { name: "conv", outputs: 4, kernel: 3 }), { name: "norm" }));
  return net.build({ logits: net.linear(net.flatten(x), { name: "fc", outputs: classes }) });
}

function samples(seed: number, count = 120): Dataset {
  const values = Uint8Array.from({ length: count * 36 }, (_, i) => (i * 7919 * seed + (i >> 3)) % 251);
  const labels = Int32Array.from({ length: count }, (_, i) => (i * seed) % classes);
  return makeDataset("samples", { name: `samples${seed}`, values, labels, shape });
}

const chips = { sigma: [0.1, 0.3], chips: 6, seed: 3 };
const training: FinetuneOptions = {
  strategy: "noise-injection",
  batch: 16,
  shards: 2,
  epochs: 2,
  learningRate: 0.01,
  validation: { images: 20, chips: 2, every: 2 },
};

let pool: ReturnType<typeof createWorkers>;
beforeAll(async () => {
  await init();
  pool = createWorkers(2);
});
afterAll(() => pool.close());

/** The model's bytes after a separate training. */
async function trained(seed: number, workers: Workers | undefined): Promise<Uint8Array> {
  const model = network(seed);
  await finetune(model, samples(seed), { ...training, workers });
  const bytes = exportOnnx(model);
  model.dispose();
  return bytes;
}

async function evaluated(seed: number, workers: Workers | undefined): Promise<unknown> {
  const model = network(seed);
  const result = await evaluate(model, samples(seed), { ...chips, workers });
  model.dispose();
  return result;
}

describe("concurrent calls", () => {
  it.each([
    ["on one pool", () => pool],
    ["in this thread", () => undefined],
  ])("give what they give alone, %s", async (_, workersOf) => {
    const workers = workersOf();
    const calls = [
      () => evaluated(1, workers),
      () => trained(2, workers),
      () => evaluated(3, workers),
      () => trained(4, workers),
      () => trained(5, workers),
      () => evaluated(6, workers),
    ];
    const alone: unknown[] = [];
    for (const call of calls) alone.push(await call());
    expect(await Promise.all(calls.map((call) => call()))).toEqual(alone);
    expect(await Promise.all([...calls].reverse().map((call) => call()))).toEqual([...alone].reverse());
  });

  it("ignore an enclosing scope or noGrad", async () => {
    const [alone, step] = [await evaluated(1, undefined), await trained(2, undefined)];
    const calls: Promise<unknown>[] = [];
    scope(() => noGrad(() => void calls.push(evaluated(1, undefined), trained(2, undefined))));
    expect(await Promise.all(calls)).toEqual([alone, step]);
  });

  it("use the weights and samples of the time of the call, however long they wait for workers", async () => {
    const alone = await evaluated(1, undefined);
    const [model, data] = [network(1), samples(1)];
    const first = trained(2, pool);
    const second = evaluate(model, data, { ...chips, workers: pool });
    data.values.fill(0);
    data.labels.fill(0);
    await first;
    expect(await second).toEqual(alone);
    model.dispose();
  });

  /** Overwrites every number and string of a call's options, including nested ones. */
  function spoil(options: object): void {
    for (const [name, value] of Object.entries(options)) {
      if (typeof value === "number") Object.assign(options, { [name]: value + 1 });
      else if (typeof value === "string") Object.assign(options, { [name]: "none" });
      else if (Array.isArray(value) || value?.constructor === Object) spoil(value);
    }
  }

  it.each([
    ["on one pool", () => pool],
    ["in this thread", () => undefined],
  ])("have the options of when they were made, %s", async (_, workersOf) => {
    const input = () => ({ scale: 200, mean: [0.4], std: [0.3], device: structuredClone(devices.get("fefet2")) });
    const makeChips = () => ({ ...structuredClone(chips), ...input(), workers: workersOf() });
    const makeTraining = () => ({
      ...structuredClone(training),
      ...input(),
      strategy: { id: "irs", gamma: [0.5, 0.25], taps: ["conv", "norm"], sizes: [2, 1] },
      optimiser: { id: "adam", betas: [0.9, 0.99] as const },
      schedule: { id: "step", every: 1, gamma: 0.5 },
      freeze: ["norm.bias"],
      workers: workersOf(),
    });
    const evaluation = async (change: (options: object) => void) => {
      const [model, options] = [network(1), makeChips()];
      const call = evaluate(model, samples(1), options);
      change(options);
      return call.finally(() => model.dispose());
    };
    const finetuning = async (change: (options: object) => void) => {
      const [model, options] = [network(2), makeTraining()];
      const call = finetune(model, samples(2), options);
      change(options);
      const result = await call;
      const bytes = exportOnnx(model);
      model.dispose();
      return { result, bytes };
    };
    const leave = () => {};
    expect(await evaluation(spoil)).toEqual(await evaluation(leave));
    expect(await finetuning(spoil)).toEqual(await finetuning(leave));
  });

  it("end at an abort while they wait for workers; a finetuning keeps its initial weights", async () => {
    const model = network(1);
    const before = exportOnnx(model);
    const first = trained(2, pool);
    const controller = new AbortController();
    const { signal } = controller;
    const evaluation = evaluate(network(3), samples(3), { ...chips, workers: pool, signal });
    const finetuning = finetune(model, samples(1), { ...training, workers: pool, signal });
    controller.abort(new Error("no time"));
    await expect(evaluation).rejects.toThrow("no time");
    expect(await finetuning).toMatchObject({ ended: { reason: "aborted" }, steps: 0, validations: [], best: null });
    expect(exportOnnx(model)).toEqual(before);
    await first;
    model.dispose();
  });

  it("are refused by a worker that doesn't know their task", async () => {
    const task = { id: "lost", open: () => ({ do: () => {}, close: () => {} }) };
    const stray = poolOf(pool).lend((lease) => lease.run(task, {}, [0], () => {}));
    await expect(stray).rejects.toThrow(/^worker: expected a task that it serves \(chips, .*\), got "lost"$/);
    await evaluated(1, pool);
  });
});

describe("one model", () => {
  const x = () => tensor(new Float32Array(36), [1, ...shape]);
  const ofShared = (model: Model) => new Model({ ...model, name: "other" });

  it("serves any number of concurrent evaluations", async () => {
    const [model, alone] = [network(1), await evaluated(1, undefined)];
    const call = (workers?: Workers) => evaluate(model, samples(1), { ...chips, workers });
    expect(await Promise.all([call(), call(pool), call()])).toEqual([alone, alone, alone]);
    model.dispose();
  });

  /** Calls that conflict with a finetuning, and the name in the error. */
  const uses: [string, (model: Model) => unknown][] = [
    ["evaluate", (model) => evaluate(model, samples(1), chips)],
    ["finetune", (model) => finetune(model, samples(1), training)],
    ["exportOnnx", (model) => exportOnnx(model)],
    ["run", (model) => scope(() => run(model, x()).outputs.size)],
    ["dispose", (model) => model.dispose()],
  ];

  describe.each([
    ["itself", (model: Model) => model],
    ["another that shares its tensors", ofShared],
  ])("as %s", (_, other) => {
    it.each(uses)("is refused to %s while a finetuning changes it, and free afterwards", async (who, use) => {
      for (const workers of [undefined, pool]) {
        const model = network(2);
        const alone = await trained(2, undefined);
        const call = finetune(model, samples(2), { ...training, workers });
        const refused = (async () => use(other(model)))();
        await expect(refused).rejects.toThrow(
          new RegExp(`^${who}: expected model ".*" to be free, got one that finetune changes; await that first`),
        );
        await call;
        expect(exportOnnx(model)).toEqual(alone);
        await use(other(model));
        if (who !== "dispose") model.dispose();
      }
    });

    it.each(["finetune", "dispose"])("is refused to %s while an evaluation reads it", async (who) => {
      const model = network(1);
      const call = evaluate(model, samples(1), { ...chips, workers: pool });
      const use = new Map(uses).get(who)!;
      await expect((async () => use(other(model)))()).rejects.toThrow(
        new RegExp(`^${who}: expected model ".*" to be free, got one that evaluate reads`),
      );
      exportOnnx(other(model));
      await call;
      model.dispose();
    });
  });

  it("can be exported and run, but not changed, in a finetuning's onProgress", async () => {
    const model = network(2);
    const seen: Uint8Array[] = [];
    const refused: unknown[] = [];
    await finetune(model, samples(2), {
      ...training,
      onProgress: (progress) => {
        if (progress.kind !== "validation") return;
        seen.push(exportOnnx(model));
        scope(() => run(model, x()).outputs.size);
        refused.push(finetune(model, samples(2), training).catch((error: Error) => error.message));
        refused.push(evaluate(model, samples(2), chips).catch((error: Error) => error.message));
        expect(() => model.dispose()).toThrow("expected model");
      },
    });
    expect(seen.length).toBeGreaterThan(2);
    expect(await Promise.all(refused)).toEqual(refused.map(() => expect.stringContaining("got one that finetune")));
    expect(seen).toContainEqual(exportOnnx(model));
    model.dispose();
  });

  it("is free after every way a call can end", async () => {
    const model = network(1);
    const settings = { ...training, workers: pool };
    const abort = AbortSignal.abort(new Error("at once"));
    await expect(evaluate(model, samples(1), { ...chips, signal: abort })).rejects.toThrow("at once");
    await finetune(model, samples(1), { ...settings, signal: abort });
    const onProgress = (): void => {
      throw new Error("full");
    };
    await expect(evaluate(model, samples(1), { ...chips, onProgress })).rejects.toThrow("full");
    await expect(finetune(model, samples(1), { ...settings, onProgress })).rejects.toThrow("full");
    await expect(evaluate(model, samples(1), { ...chips, scale: 1e-39 })).rejects.toThrow("finite");
    await expect(evaluate(model, samples(1), { ...chips, chips: 0 })).rejects.toThrow("chips");
    await expect(finetune(model, samples(1), { ...settings, epochs: 0 })).rejects.toThrow("epochs");
    const closing = createWorkers(1);
    const call = finetune(model, samples(1), { ...settings, workers: closing });
    const ended = expect(call).rejects.toThrow("closed");
    await closing.close();
    await ended;
    const copy = importOnnx(exportOnnx(model));
    copy.dispose();
    model.dispose();
  });

  it("keeps all of its tensors while it is used", async () => {
    const model = network(1);
    const call = evaluate(model, samples(1), chips);
    for (const one of model.parameters.values())
      expect(() => one.dispose()).toThrow("dispose: expected a tensor that no call uses, got one that evaluate uses");
    await call;
    model.dispose();
  });
});
