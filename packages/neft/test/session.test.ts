import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import {
  createSession,
  type Dataset,
  evaluate,
  exportOnnx,
  type FinetuneOptions,
  finetune,
  GraphBuilder,
  importOnnx,
  init,
  makeDataset,
  OnnxError,
  predict,
  type Session,
  type SessionNetwork,
} from "neft";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

/** Sessions in Node: the same numbers as the functions, and an end of every call. */

const side = 8;
const classes = 3;

/** A network's file. `hidden` makes it large. */
function fileOf(hidden = 8): Uint8Array {
  const net = new GraphBuilder("net", { seed: 2 });
  const x = net.relu(net.conv2d(net.input("image", [1, side, side]), { name: "conv", outputs: 4, kernel: 3 }));
  const h = net.relu(net.linear(net.flatten(x), { name: "fc1", outputs: hidden }));
  const model = net.build({ logits: net.linear(h, { name: "fc2", outputs: classes }) });
  const bytes = exportOnnx(model);
  model.dispose();
  return bytes;
}

function samples(count = 90): Dataset {
  const values = Uint8Array.from({ length: count * side * side }, (_, i) => (i * 7919 + (i >> 5)) % 251);
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  return makeDataset("samples", { name: "some", values, labels, shape: [1, side, side] });
}

const chips = { sigma: [0.1, 0.3], chips: 7, seed: 3 };
const training: Omit<FinetuneOptions, "validationData"> = {
  strategy: "ovf",
  epochs: 2,
  batch: 16,
  shards: 2,
  validation: { images: 15, chips: 2 },
};
/** An evaluation that takes minutes. */
const long = { sigma: 0.1, chips: 100_000 };

let session: Session;
let file: Uint8Array;
/** Opens a session whose engine the test can reach. */
async function open(workers = 2): Promise<{ session: Session; engine: Worker }> {
  const on = vi.spyOn(Worker.prototype, "on");
  try {
    const opened = await createSession({ workers });
    return { session: opened, engine: on.mock.contexts[0] as Worker };
  } finally {
    on.mockRestore();
  }
}

/** A copy of an array whose memory was moved elsewhere. */
function moved<Items extends Uint8Array | Int32Array>(array: Items): Items {
  const copy = array.slice();
  structuredClone(copy, { transfer: [copy.buffer] });
  return copy as Items;
}

/** Milliseconds that a promise takes to reject, and its reason. */
async function rejection(promise: Promise<unknown>): Promise<{ reason: unknown; milliseconds: number }> {
  const start = performance.now();
  const reason = await promise.then(
    () => expect.fail("expected a rejection, got a result"),
    (error: unknown) => error,
  );
  return { reason, milliseconds: performance.now() - start };
}

beforeAll(async () => {
  await init();
  file = fileOf();
  session = (await open()).session;
});
afterAll(() => session.close());

describe("a session", () => {
  it("describes the engine, the network and the data as plain data", async () => {
    const { info } = session;
    expect(info).toMatchObject({ build: "simd128", sharedMemory: true, workers: 2 });
    const network = await session.importOnnx(file);
    expect(structuredClone(network.info)).toEqual(network.info);
    expect(network.info.name).toBe("net");
    expect(network.info.inputs[0]).toMatchObject({ name: "image", shape: ["N", 1, side, side] });
    expect(network.info.graph.nodes.filter(({ onCrossbar }) => onCrossbar).map(({ operator }) => operator)).toEqual([
      "Conv",
      "Gemm",
      "Gemm",
    ]);
    expect(network.info.graph.nodes[0]).toMatchObject({
      inputs: ["image", "conv.weight", "conv.bias"],
      parameters: 40,
      shape: [1, 4, 6, 6],
    });
    expect(network.info.summary).toHaveLength(network.info.graph.nodes.length);
    const data = await session.addDataset(samples());
    expect(data.info).toEqual({
      name: "some",
      count: 90,
      shape: [1, side, side],
      layout: "NCHW",
      classes,
      bytes: true,
    });
  });

  it("evaluates, predicts, finetunes and exports as the functions do, bit for bit", async () => {
    const [model, own] = [importOnnx(file), samples()];
    const [network, data] = [await session.importOnnx(file), await session.addDataset(own)];
    const events: unknown[] = [];
    const result = await session.evaluate(network, data, { ...chips, onProgress: (event) => events.push(event) });
    expect(result).toEqual(await evaluate(model, own, chips));
    expect(events.length).toBeGreaterThan(1);

    expect(await session.predict(network, data)).toEqual(predict(model, own));
    const onChips = await session.predict(network, data, { sigma: 0.2, index: 4, chips: 3 });
    expect(onChips).toEqual([4, 5, 6].map((index) => predict(model, own, { sigma: 0.2, index })));

    const original = await session.copy(network);
    const steps: unknown[] = [];
    const trained = await session.finetune(network, data, { ...training, onProgress: (event) => steps.push(event) });
    const expected: unknown[] = [];
    expect(trained).toEqual(await finetune(model, own, { ...training, onProgress: (event) => expected.push(event) }));
    expect(steps).toEqual(expected);
    expect(await session.exportOnnx(network)).toEqual(exportOnnx(model));
    expect(await session.exportOnnx(original)).toEqual(file);
    expect(await session.evaluate(network, data, chips)).toEqual(await evaluate(model, own, chips));
    model.dispose();
  });

  it("reports the accuracy of each chip as it is read", async () => {
    const [network, data] = [await session.importOnnx(file), await session.addDataset(samples())];
    const read: number[] = [];
    const { results } = await session.evaluate(network, data, {
      sigma: 0.3,
      chips: 9,
      onProgress: ({ digital, from, accuracies }) => {
        for (const [i, accuracy] of accuracies.entries()) if (!digital) read[from + i] = accuracy;
      },
    });
    expect(read).toHaveLength(9);
    expect(Math.min(...read)).toBe(results[0]!.accuracy.worst);
    const predictions = await session.predict(network, data, { sigma: 0.3, chips: 9 });
    const labels = samples().labels;
    const expected = predictions.map(({ argmax }) => (100 * argmax.filter((one, i) => one === labels[i]).length) / 90);
    expect(read).toEqual(expected);
  });

  it("takes validation data, floats, files, moved bytes, and large data in pieces", async () => {
    const own = samples();
    const [model, network] = [importOnnx(file), await session.importOnnx(file.slice(), { transfer: true })];
    const [data, validationData] = [await session.addDataset(own), await session.addDataset(samples(30))];
    const result = await session.finetune(network, data, { ...training, validationData });
    expect(result).toEqual(await finetune(model, own, { ...training, validationData: samples(30) }));

    const given = { ...chips, keepScores: true };
    const measured = await session.evaluate(network, data, { ...given, temperatureData: validationData });
    expect(measured).toEqual(await evaluate(model, own, { ...given, temperatureData: samples(30) }));
    const foreign = { temperatureData: {} as never };
    await expect(session.evaluate(network, data, foreign)).rejects.toThrow(
      "evaluate: temperatureData: expected a dataset of this session",
    );
    await expect(session.evaluate(network, data, { metrics: ["mine"] })).rejects.toThrow(
      "metrics: expected one of accuracy",
    );

    const floats = { ...own, bytes: false, values: Float32Array.from(own.values, (value) => value / 255) };
    const moved = await session.addDataset(floats, { transfer: true });
    expect(floats.values.byteLength).toBe(0);
    expect(await session.predict(network, moved, { scale: 1 })).toEqual(
      predict(model, { ...floats, values: Float32Array.from(own.values, (value) => value / 255) }, { scale: 1 }),
    );
    // Three pieces, the last one short.
    const count = Math.ceil((9 * 2 ** 20) / (side * side));
    const many = samples(count);
    const sent = await session.addDataset(many);
    expect(await session.predict(network, sent)).toEqual(predict(model, many));

    const idx = (name: string, shape: number[], bytes: Uint8Array) => ({
      name,
      bytes: Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap((n) => [0, 0, n >> 8, n & 255]), ...bytes]),
    });
    const files = [
      idx("images", [90, side, side], own.values as Uint8Array),
      idx("labels", [90], Uint8Array.from(own.labels)),
    ];
    const decoded = await session.addDataset({ kind: "idx", name: "pair", files });
    expect(decoded.info).toEqual({ ...data.info, name: "pair" });
    expect(await session.predict(network, decoded)).toEqual(predict(model, own));
    model.dispose();
  });

  it("sends labels without the rest of their memory", async () => {
    const post = vi.spyOn(Worker.prototype, "postMessage");
    const other = (await open(1)).session;
    const own = samples();
    const large = new Int32Array(1_000_000);
    large.set(own.labels, 5);
    await other.addDataset({ ...own, labels: large.subarray(5, 5 + own.count) });
    const sent = post.mock.calls.map(([{ argument }]) => argument?.labels).find(Boolean);
    post.mockRestore();
    await other.close();
    expect(sent).toEqual(own.labels);
    expect(sent.buffer.byteLength).toBe(own.labels.byteLength);
  });

  it("serves calls at once, and another session beside it", async () => {
    const other = (await open(1)).session;
    const calls = await Promise.all(
      [session, other].map(async (one) => {
        const [network, data] = [await one.importOnnx(file), await one.addDataset(samples())];
        const alone = await one.evaluate(network, data, chips);
        expect(await Promise.all([1, 2].map(() => one.evaluate(network, data, chips)))).toEqual([alone, alone]);
        return alone;
      }),
    );
    expect(calls[0]).toEqual(calls[1]);
    await other.close();
  });
});

describe("errors", () => {
  it("keep class, message and fields", async () => {
    const [network, data] = [await session.importOnnx(file), await session.addDataset(samples())];
    const model = importOnnx(file);
    const direct = await evaluate(model, samples(), { sigma: -1 }).catch((error: Error) => error);
    const { reason } = await rejection(session.evaluate(network, data, { sigma: -1 }));
    expect(reason).toBeInstanceOf(RangeError);
    expect(reason).toMatchObject({ option: "sigma", message: (direct as Error).message });
    expect((reason as Error).constructor).toBe((direct as Error).constructor);

    const onnx = (await rejection(session.importOnnx(new Uint8Array(9)))).reason;
    expect(onnx).toBeInstanceOf(OnnxError);
    expect(() => importOnnx(new Uint8Array(9))).toThrow((onnx as Error).message);
    // An error of a job worker, through the engine.
    const wild = samples();
    const nan = new GraphBuilder("nan", { seed: 1 });
    const scaled = nan.linear(nan.flatten(nan.input("image", [1, side, side])), { name: "fc", outputs: classes });
    const broken = nan.build({ logits: scaled });
    const bytes = exportOnnx(broken);
    broken.dispose();
    const at = Buffer.from(bytes).indexOf(Buffer.from(new Float32Array(classes).buffer));
    expect(at).toBeGreaterThan(0);
    bytes.set(new Uint8Array(new Float32Array([Number.NaN]).buffer), at);
    const spoiled = await session.importOnnx(bytes);
    const unfit = await rejection(session.evaluate(spoiled, data, chips));
    const sameModel = importOnnx(bytes);
    await expect(evaluate(sameModel, wild, chips)).rejects.toThrow((unfit.reason as Error).message);
    for (const one of [model, sameModel]) one.dispose();
  });

  it.each([
    [
      "a network that isn't one",
      () => session.evaluate(3 as never, 4 as never),
      /evaluate: network: expected a network/,
    ],
    ["a promise", () => session.exportOnnx(session.importOnnx(file) as never), /a promise; await it/],
    ["bytes that aren't", () => session.importOnnx("x" as never), /importOnnx: bytes: expected a file's bytes/],
    ["an unknown option", () => session.importOnnx(file, { fast: 1 } as never), /expected no option but .* got fast/],
    ["samples of another class", () => session.addDataset({ values: [1] } as never), /expected a Uint8Array or/],
    [
      "labels that aren't a class",
      () => session.addDataset({ ...samples(), classes: 2 }),
      /expected labels from 0 to 1/,
    ],
    [
      "an unknown kind of files",
      () => session.addDataset({ kind: "tar", files: [] } as never),
      /kind: expected idx or/,
    ],
    [
      "files that aren't",
      () => session.addDataset({ kind: "idx", files: [null, null] } as never),
      /^addDataset: files: expected a list of files with name and bytes, got \[null, null\]$/,
    ],
    [
      "no list of files",
      () => session.addDataset({ kind: "idx", files: 3 } as never),
      /^addDataset: files: expected a list/,
    ],
    ...(["idx", "cifar10", "npz"] as const).flatMap((kind) => {
      const files = [
        { name: "a", bytes: new Uint8Array(9) },
        { name: "b", bytes: new Uint8Array(9) },
      ].slice(0, kind === "idx" ? 2 : 1);
      const add = (more: object) => () => session.addDataset({ kind, files, ...more } as never);
      return [
        [`an unknown member with ${kind}`, add({ lables: 1 }), /^addDataset: expected no option but .*, got lables$/],
        [
          `a part that isn't one with ${kind}`,
          add({ part: "exam" }),
          /part: expected train or test or val, got "exam"$/,
        ],
        [`a purpose that isn't one with ${kind}`, add({ purpose: 3 }), /purpose: expected train or test, got 3$/],
        [`arrays that aren't with ${kind}`, add({ arrays: [] }), /arrays: expected a list of one or two names/],
      ] satisfies [string, () => Promise<unknown>, RegExp][];
    }),
    [
      "files of a class",
      () =>
        session.addDataset(
          new (class {
            kind = "npz";
            files = [];
          })() as never,
        ),
      /^addDataset: .* as a plain object/,
    ],
    [
      "an import of moved bytes",
      () => session.importOnnx(moved(file)),
      /^importOnnx: bytes: expected bytes in memory, got an array whose memory was moved/,
    ],
    [
      "external data of moved bytes",
      () => session.importOnnx(file, { externalData: { w: moved(file) } }),
      /^importOnnx: externalData: "w": expected bytes in memory/,
    ],
    [
      "values of moved bytes",
      () => session.addDataset({ ...samples(), values: moved(samples().values as Uint8Array) }),
      /^addDataset: values: expected bytes in memory/,
    ],
    [
      "labels of moved bytes",
      () => session.addDataset({ ...samples(), labels: moved(samples().labels) }),
      /^addDataset: labels: expected bytes in memory/,
    ],
    [
      "a file of moved bytes",
      () => session.addDataset({ kind: "npz", files: [{ name: "a", bytes: moved(file) }] }, { transfer: true }),
      /^addDataset: "a": expected bytes in memory/,
    ],
    [
      "the same bytes moved twice",
      () => {
        const bytes = file.slice();
        return session.addDataset(
          {
            kind: "idx",
            files: [
              { name: "a", bytes },
              { name: "b", bytes },
            ],
          },
          { transfer: true },
        );
      },
      /^addDataset: "b": expected bytes in memory/,
    ],
    [
      "three files of two",
      () => session.addDataset({ kind: "idx", files: ["a", "b", "c"].map((name) => ({ name, bytes: file })) }),
      /expected 1 to 2 for idx, got 3/,
    ],
    ["no workers", () => createSession({ workers: 0 }), /workers: expected a whole number from 1 to 256, got 0/],
  ])("name %s", async (_, call, message) => {
    const { reason } = await rejection(call());
    expect((reason as Error).message).toMatch(message);
    expect(reason).toBeInstanceOf(RangeError);
  });

  it("name options that a session's calls don't have", async () => {
    const [network, data] = [await session.importOnnx(file), await session.addDataset(samples())];
    for (const [options, message] of [
      [{ workers: 2 }, /expected no option but .*, got workers/],
      [{ chips: () => 3 }, /^evaluate: expected plain data, got a function for options.chips$/],
      [{ signal: 3 }, /signal: expected an AbortSignal, got 3/],
      [{ onProgress: 3 }, /onProgress: expected a function, got 3/],
    ] as const) {
      await expect(session.evaluate(network, data, options as never)).rejects.toThrow(message);
    }
    await expect(session.predict(network, data, { chips: 0 })).rejects.toThrow(/chips: expected a whole number ≥ 1/);
  });

  it("refuse options that aren't a plain object", async () => {
    const [network, data] = [await session.importOnnx(file), await session.addDataset(samples())];
    class Chosen {
      readonly chips = 3;
    }
    const refused = [
      [new Chosen(), /: expected options .*as a plain object, got an instance of a class$/],
      [Object.create({ chips: 3 }), /: expected options .*as a plain object, got an instance of a class$/],
      [[], /: expected options.*, got \[\]$/],
      [null, /: expected options.*, got null$/],
      [3, /: expected options.*, got 3$/],
    ] as const;
    const calls = {
      evaluate: (options) => session.evaluate(network, data, options),
      finetune: (options) => session.finetune(network, data, options),
      predict: (options) => session.predict(network, data, options),
      importOnnx: (options) => session.importOnnx(file, options),
      addDataset: (options) => session.addDataset(samples(), options),
      createSession: (options) => createSession(options),
    } satisfies Record<string, (options: never) => Promise<unknown>>;
    for (const [name, call] of Object.entries(calls))
      for (const [options, message] of refused) {
        const { reason } = await rejection(call(options as never));
        expect(reason).toBeInstanceOf(RangeError);
        expect((reason as Error).message).toMatch(new RegExp(`^${name}${message.source}`));
      }
  });

  it("name what can't be sent to the engine", async () => {
    const [network, data] = [await session.importOnnx(file), await session.addDataset(samples())];
    const cycle: Record<string, unknown> = {};
    Object.assign(cycle, { cycle, inner: { symbol: Symbol("s") } });
    for (const [call, message] of [
      [() => session.predict(network, data, { onProgress: () => {} } as never), /^predict: .*onProgress/],
      [
        () => session.predict(network, data, { chips: (() => 3) as never }),
        /^predict: .*a function for options.chips$/,
      ],
      [() => session.evaluate(network, data, { sigma: cycle as never }), /Symbol\(s\) for options.sigma.inner.symbol$/],
      [() => session.addDataset({ ...samples(), name: (() => {}) as never }), /^addDataset: .*a function for name$/],
      [() => session.addDataset({ ...samples(), shape: [() => 1] as never }), /^addDataset: .*a function for shape.0$/],
    ] as const) {
      const { reason } = await rejection(call());
      expect(reason).toBeInstanceOf(RangeError);
      expect((reason as Error).message).toMatch(message);
    }
  });

  it("end a call when its onProgress throws or rejects", async () => {
    const [network, data] = [await session.importOnnx(file), await session.addDataset(samples())];
    const thrower = () => {
      throw new TypeError("mine");
    };
    for (const onProgress of [thrower, async () => thrower()]) {
      const { reason, milliseconds } = await rejection(session.evaluate(network, data, { ...long, onProgress }));
      expect(reason).toEqual(new TypeError("mine"));
      expect(milliseconds).toBeLessThan(5000);
    }
    expect(await session.predict(network, data)).toMatchObject({ shape: [90, classes] });
  });

  it("refuse what was disposed of, and disposing during a call", async () => {
    const [network, data] = [await session.importOnnx(file), await session.addDataset(samples())];
    const stop = new AbortController();
    const call = session.evaluate(network, data, { ...long, signal: stop.signal });
    await expect(network.dispose()).rejects.toThrow(/expected model "net" to be free/);
    stop.abort();
    await rejection(call);
    await network.dispose();
    await network.dispose();
    await expect(session.evaluate(network, data)).rejects.toThrow(/expected a network in use/);
    const disposed = data.dispose();
    const another = await session.importOnnx(file);
    await expect(session.evaluate(another, data)).rejects.toThrow(/expected a dataset in use/);
    await disposed;
    const other = (await open(1)).session;
    await expect(other.evaluate(network, data)).rejects.toThrow(/expected a network of this session/);
    await other.close();
  });
});

describe("an abort", () => {
  it("ends an evaluation, a prediction and the sending of data at once, with the signal's reason", async () => {
    const [network, data] = [await session.importOnnx(file), await session.addDataset(samples())];
    const calls: ((signal: AbortSignal) => Promise<unknown>)[] = [
      (signal) => session.evaluate(network, data, { ...long, signal }),
      (signal) => session.predict(network, data, { sigma: 0.1, chips: 100_000, signal }),
      (signal) => session.addDataset(samples(2 ** 20), { signal }),
    ];
    for (const call of calls) {
      const stop = new AbortController();
      const promise = rejection(call(stop.signal));
      await new Promise((resolve) => setTimeout(resolve, 20));
      const at = performance.now();
      const reason = new Error("enough");
      stop.abort(reason);
      expect((await promise).reason).toBe(reason);
      expect(performance.now() - at).toBeLessThan(200);
    }
    await expect(session.predict(network, data, { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
    expect(await session.predict(network, data)).toMatchObject({ shape: [90, classes] });
  });

  it("lets every next call wait for the end of the aborted one in the engine", async () => {
    const data = await session.addDataset(samples());
    const short = { ...training, epochs: 1 };
    const nexts: ((network: SessionNetwork) => Promise<unknown>)[] = [
      (network) => network.dispose(),
      (network) => session.finetune(network, data, short),
      (network) => session.copy(network),
      (network) => session.evaluate(network, data, chips),
    ];
    const busy: ((network: SessionNetwork, signal: AbortSignal) => Promise<unknown>)[] = [
      (network, signal) => session.evaluate(network, data, { ...long, signal }),
      (network, signal) => session.predict(network, data, { sigma: 0.1, chips: 100_000, signal }),
    ];
    for (const call of busy)
      for (const next of nexts) {
        const network = await session.importOnnx(file);
        const stop = new AbortController();
        const promise = rejection(call(network, stop.signal));
        await new Promise((resolve) => setTimeout(resolve, 30));
        stop.abort();
        await promise;
        await next(network);
      }
    // After a finetuning, too, and before it has ended for its caller.
    for (const next of nexts) {
      const network = await session.importOnnx(file);
      const stop = new AbortController();
      const onProgress = () => stop.abort();
      const epochs = 100_000;
      const call = session.finetune(network, data, { ...training, epochs, signal: stop.signal, onProgress });
      await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
      await next(network);
      expect((await call).ended.reason).toBe("aborted");
    }
  });

  it("ends a finetuning within a second, with the best weights so far", async () => {
    const [network, data] = [await session.importOnnx(file), await session.addDataset(samples())];
    const stop = new AbortController();
    let at = 0;
    const result = await session.finetune(network, data, {
      ...training,
      epochs: 100_000,
      validation: { ...training.validation, every: 1_000_000 },
      signal: stop.signal,
      onProgress: ({ step }) => {
        if (step < 5 || at > 0) return;
        at = performance.now();
        stop.abort();
      },
    });
    expect(performance.now() - at).toBeLessThan(1000);
    expect(result.ended.reason).toBe("aborted");
    expect(result.steps).toBeGreaterThanOrEqual(5);
    expect(await session.exportOnnx(network)).not.toEqual(file);
  });

  it("ends an import while the engine is busy with it", async () => {
    const large = fileOf(200_000);
    const before = (await session.importOnnx(file)).info;
    const stop = new AbortController();
    const promise = rejection(session.importOnnx(large, { transfer: true, signal: stop.signal }));
    setTimeout(() => stop.abort(), 5);
    const { reason, milliseconds } = await promise;
    expect((reason as Error).name).toBe("AbortError");
    expect(milliseconds).toBeLessThan(1000);
    expect((await session.importOnnx(file)).info).toEqual(before);
  });
});

describe("the end of", () => {
  it("an engine ends its calls within a second, and later ones", async () => {
    const { session: own, engine } = await open(1);
    const [network, data] = [await own.importOnnx(file), await own.addDataset(samples())];
    const calls = [own.evaluate(network, data, long), own.predict(network, data, { chips: 100_000 })].map(rejection);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const at = performance.now();
    void engine.terminate();
    const reasons = await Promise.all(calls);
    expect(performance.now() - at).toBeLessThan(1000);
    for (const { reason } of reasons)
      expect((reason as Error).message).toMatch(/: expected the session's engine to run, got its end: .*exit/);
    await expect(own.exportOnnx(network)).rejects.toThrow(/exportOnnx: .*create another session/);
    await own.close();
  });

  it("a session ends its calls, and later ones", async () => {
    const own = (await open(1)).session;
    const [network, data] = [await own.importOnnx(file), await own.addDataset(samples())];
    const call = rejection(own.evaluate(network, data, long));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await own.close();
    const { reason, milliseconds } = await call;
    expect((reason as Error).message).toMatch(/^evaluate: expected the session to stay open/);
    expect(milliseconds).toBeLessThan(1100);
    await own.close();
    await expect(own.addDataset(samples())).rejects.toThrow(/addDataset: expected an open session, got a closed one/);
  });
});

describe("a process", () => {
  let folder: string;
  beforeAll(() => {
    // In the package, so that it finds neft.
    folder = mkdtempSync(fileURLToPath(new URL("./session-", import.meta.url)));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs `code` after the setup of a session in a process of its own; returns what it prints. */
  function run(code: string, options: readonly string[] = []): string {
    const script = join(folder, "script.mjs");
    const setup = `
      import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
      import { createSession, makeDataset } from "neft";
      const file = new URL("../../../../examples/models/mnist-lenet5.onnx", import.meta.url);
      const session = await createSession({ workers: 1 });
      const network = await session.importOnnx(readFileSync(file));
      const [values, labels] = [new Uint8Array(784 * 50).fill(90), new Int32Array(50)];
      const data = await session.addDataset(makeDataset("t", { name: "t", values, labels, shape: [1, 28, 28], classes: 10 }));
      const evaluate = (chips) => session.evaluate(network, data, { sigma: 0.1, chips });`;
    writeFileSync(script, `${setup}\n${code}\n`);
    return execFileSync(process.execPath, [...options, script], { encoding: "utf8", timeout: 30_000 });
  }

  it("ends by itself with an open session, and stays while a call is in progress", () => {
    expect(run(`await evaluate(2); console.log("done");`)).toBe("done\n");
    expect(run(`evaluate(40).then(() => console.log("later"));`)).toBe("later\n");
  });

  it("goes on after it closes a session with a call in progress", () => {
    const code = `const call = evaluate(100_000).catch(({ message }) => console.log(message));
      await session.close();
      console.log("closed");`;
    expect(run(code).split("\n")).toEqual([expect.stringMatching(/^evaluate: .*got closed/), "closed", ""]);
  });

  it("gets the same numbers when a job worker dies", () => {
    const code = "console.log(JSON.stringify(await evaluate(1000)));";
    // Loaded by every thread: the first job worker exits amid its jobs, in place of its third answer.
    const [preload, marker] = [join(folder, "preload.mjs"), join(folder, "died")];
    writeFileSync(
      preload,
      `import { existsSync, writeFileSync } from "node:fs";
      import { parentPort, workerData } from "node:worker_threads";
      if (workerData?.role === "job") {
        const post = parentPort.postMessage.bind(parentPort);
        let answers = 0;
        parentPort.postMessage = (...words) => {
          if (++answers < 3 || existsSync(${JSON.stringify(marker)})) return post(...words);
          writeFileSync(${JSON.stringify(marker)}, "");
          process.exit(3);
        };
      }`,
    );
    const [alone, survived] = [run(code), run(code, ["--import", preload])];
    expect(existsSync(marker)).toBe(true);
    expect(survived).toBe(alone);
  });
});

describe("a browser's engine", () => {
  const start = { role: "engine", kernels: {} as never, workers: 1 } as const;
  /** Records the URLs that workers start from. */
  const urls: string[] = [];
  beforeAll(() => {
    class FakeWorker extends EventTarget {
      constructor(url: URL | string) {
        super();
        urls.push(String(url));
      }
      postMessage(): void {}
      terminate(): void {}
    }
    vi.stubGlobal("Worker", FakeWorker);
  });
  afterAll(() => void vi.unstubAllGlobals());

  it("has one URL for the same code", async () => {
    const { engineFromBlob } = await import("../src/session/engine-from-blob.js");
    for (const code of ["1;", "1;", "2;", "1;"]) engineFromBlob(code, start);
    expect(urls.every((url) => url.startsWith("blob:"))).toBe(true);
    expect(urls.map((url) => urls.indexOf(url))).toEqual([0, 0, 2, 0]);
    expect(await (await fetch(urls[2]!)).text()).toBe("2;");
  });
});

describe("a browser's bundle in Node", () => {
  it.each([
    ["spawn-web.js", () => import("../src/spawn-web.js")],
    ["spawn-from-origin.js", () => import("../src/session/spawn-from-origin.js")],
  ])("says what to import instead: %s", async (_, load) => {
    const { checkHost } = await load();
    expect(() => checkHost("createSession")).toThrow(
      /^createSession: expected a browser with workers, got .*; in Node import from "neft"$/,
    );
  });
});

describe("memory", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;

  /** Bytes in use after a collection. */
  async function bytesInUse(): Promise<number> {
    for (let i = 0; i < 3; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  }

  it("doesn't grow with evaluations and exports", async () => {
    const model = new Uint8Array(readFileSync(new URL("../../../examples/models/mnist-lenet5.onnx", import.meta.url)));
    const shape = [1, 28, 28];
    const values = new Uint8Array(200 * 784).fill(100);
    const own = makeDataset("leak", { name: "grey", values, labels: new Int32Array(200), shape, classes: 10 });
    const [network, data] = [await session.importOnnx(model), await session.addDataset(own)];
    let second = 0;
    for (let call = 1; call <= 20; call++) {
      await session.evaluate(network, data, { sigma: 0.1, chips: 2, onProgress: () => {} });
      await session.exportOnnx(network);
      if (call === 2) second = await bytesInUse();
    }
    expect((await bytesInUse()) - second).toBeLessThan(1e6);
  });
});
