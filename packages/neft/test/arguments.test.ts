import * as neft from "neft";
import * as tensors from "neft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { npy as npyFile } from "../../data/test/formats.js";

/**
 * Calls every function of the API with wrong values for each argument. Errors must be ours, never a TypeError of the engine.
 */

let model: neft.Model;
let data: neft.Dataset;
let bytes: Uint8Array;
let result: neft.BenchmarkResult;
beforeAll(async () => {
  await neft.init();
  const net = new neft.GraphBuilder("net", { seed: 1 });
  model = net.build({ logits: net.linear(net.flatten(net.input("image", [1, 2, 2])), { outputs: 2 }) });
  bytes = neft.exportOnnx(model);
  const values = Uint8Array.from({ length: 40 }, (_, i) => i);
  data = neft.makeDataset("test", { name: "ten", values, labels: new Int32Array(10), shape: [1, 2, 2], classes: 2 });
  result = await neft.benchmark(model, quick);
});
afterAll(() => model.dispose());

/** Values of all types, by type. */
const values: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  zero: () => 0,
  minus: () => -1,
  half: () => 0.5,
  NaN: () => Number.NaN,
  huge: () => 1e15,
  bigint: () => 1n,
  text: () => "no such thing",
  empty: () => "",
  symbol: () => Symbol("x"),
  object: () => ({}),
  list: () => [],
  listOfObjects: () => [{}],
  floats: () => new Float32Array(3),
  bytes: () => Uint8Array.of(1, 2, 3),
  buffer: () => new ArrayBuffer(8),
  promise: () => Promise.resolve(1),
  function: () => () => 1,
  model: () => model,
  dataset: () => data,
  tensor: () => tensors.tensor([1, 2, 3, 4], [1, 1, 2, 2]),
};
type Kind = keyof typeof values;

interface Row {
  /** Valid arguments. */
  readonly right: () => unknown[];
  /** Values of the table above that an argument accepts. */
  readonly takes?: readonly (readonly Kind[])[];
}

const quick = { seconds: 0.0005, batch: 4, samples: 10, strategies: ["none"] };
let strategyCount = 0;
const two = () => tensors.tensor([1, 2, 3, 4], [2, 2]);
const settings = () => ({ chips: 1 });
const training = () => ({ batch: 4, validation: { images: 2, chips: 1 } });
const method =
  (name: string) =>
  (...args: unknown[]): unknown => {
    const net = new neft.GraphBuilder("net", { seed: 1 });
    const x = net.input("x", [2, 4, 4]);
    net.relu(x, { name: "h" });
    net.flatten(x, { name: "f" });
    return (net as unknown as Record<string, (...all: unknown[]) => unknown>)[name]!(...args);
  };

/** Each function of the API with valid arguments. */
const functions: Readonly<Record<string, Row>> = {
  GraphBuilder: { right: () => ["net", { seed: 1 }], takes: [["text", "empty"]] },
  Model: { right: () => [{ ...model }], takes: [["model"]] },
  defineDevice: { right: () => [{ ...neft.devices.get("rram1") }] },
  defineChip: { right: () => [{ device: "pcm" }, "chip"], takes: [[], ["undefined", "text", "empty"]] },
  deviceFromJson: { right: () => [JSON.stringify(neft.devices.get("rram1"))] },
  deviceFromCsv: { right: () => ["g_uS,sigma_uS\n1,0.3\n2,0.4", { id: "own" }] },
  computeProduct: { right: () => [product(), undefined, undefined], takes: [[], ["undefined"], ["undefined"]] },
  decodeCifar10: { right: () => [[cifar()], "name"], takes: [[], ["undefined", "text"]] },
  decodeIdx: { right: () => [...idx(), "name"], takes: [[], ["undefined"], ["undefined", "text"]] },
  decodeInputs: { right: () => [npz(), "name"], takes: [[], ["undefined", "text", "empty"]] },
  decodeNpy: { right: () => [npy(), "name"], takes: [[], ["undefined", "text"]] },
  decodeNpz: { right: () => [npz(), "name"], takes: [[], ["undefined", "text", "empty"]] },
  gatherBatch: {
    right: () => [data, [0, 1], tensors.normalisationOf(data, {}), [1, 1, 2, 2]],
    takes: [["dataset"], ["list", "bytes", "floats"]],
  },
  makeDataset: {
    right: () => ["me", { name: "x", values: new Uint8Array(8), labels: new Int32Array(2), shape: [4] }],
    takes: [["text", "empty"], ["dataset"]],
  },
  split: { right: () => [data, { validation: 2 }], takes: [["dataset"]] },
  ...Object.fromEntries(["exp", "log", "square"].map((name) => [name, { right: () => [two()], takes: [["tensor"]] }])),
  ...Object.fromEntries(
    ["add", "sub", "mul", "matmul"].map((name) => [
      name,
      { right: () => [two(), two()], takes: [["tensor"], ["tensor"]] },
    ]),
  ),
  scale: { right: () => [two(), 0.5], takes: [["tensor"], ["zero", "minus", "half", "huge"]] },
  ...Object.fromEntries(
    ["softmax", "logSoftmax", "reduceMean", "reduceSum"].map((name) => [
      name,
      { right: () => [two(), {}], takes: [["tensor"], ["undefined", "object"]] },
    ]),
  ),
  ...Object.fromEntries(
    ["normals", "uniforms"].map((name) => [name, { right: () => [7n, 3], takes: [["bigint"], ["zero"]] }]),
  ),
  crossEntropy: { right: () => [two(), Int32Array.of(0, 1)], takes: [[], []] },
  feedbackLoss: {
    right: () => [two(), [two()], Int32Array.of(0, 1), { beta: 0.1, gamma: [1] }],
    takes: [[], ["list"], [], []],
  },
  defineStrategy: {
    right: () => [{ id: `own-${++strategyCount}`, summary: "x", defaults: {}, loss: () => two() }],
  },
  predict: { right: () => [model, data, {}], takes: [["model"], ["dataset"], ["undefined", "object"]] },
  take: { right: () => [data, 2], takes: [["dataset"], ["huge"]] },
  init: { right: () => [{}], takes: [["undefined", "object"]] },
  lenet5: { right: () => [{ seed: 1 }] },
  resnet18: { right: () => [{ seed: 1 }] },
  vgg8: { right: () => [{ seed: 1 }] },
  summary: { right: () => [model, 1], takes: [["model"], ["undefined"]] },
  run: {
    right: () => [model, tensors.tensor([1, 2, 3, 4], [1, 1, 2, 2]), {}],
    takes: [["model"], ["tensor"], ["undefined", "object"]],
  },
  exportOnnx: { right: () => [model], takes: [["model"]] },
  exportOnnxFiles: { right: () => [model], takes: [["model"]] },
  externalFilesOf: { right: () => [bytes] },
  importOnnx: { right: () => [bytes, {}], takes: [[], ["undefined", "object"]] },
  noGrad: { right: () => [() => 1], takes: [["function"]] },
  scope: { right: () => [() => 1], takes: [["function"]] },
  tensor: {
    right: () => [[1, 2], [2], "f32"],
    takes: [[], [], ["undefined"]],
  },
  benchmark: { right: () => [model, quick], takes: [["model"], ["undefined", "object"]] },
  drawBenchmark: { right: () => [result, "title"], takes: [[], ["text", "empty"]] },
  evaluate: { right: () => [model, data, settings()], takes: [["model"], ["dataset"], ["undefined", "object"]] },
  equalise: { right: () => [own(), {}], takes: [["model"], ["undefined", "object"]] },
  finetune: { right: () => [own(), data, training()], takes: [["model"], ["dataset"], []] },
  normalisationOf: { right: () => [data, {}], takes: [["dataset"], ["object"]] },
  createWorkers: { right: () => [2] },
  createSession: { right: () => [{ workers: 1 }], takes: [["undefined", "object"]] },
  sampleStatistics: { right: () => [[98.5, 99]], takes: [["floats", "bytes"]] },
  readDataset: { right: () => ["mnist:test", "test"], takes: [[], ["undefined"]] },
  readInputs: { right: () => ["no file"] },
  readModel: { right: () => ["no file"] },
};

/** Methods of a builder; x is one of its values. */
const layer = (name: string, ...more: unknown[]): [string, Row] => [
  name,
  { right: () => ["x", ...more], takes: [[], more.length === 0 ? [] : ["undefined", "object"]] },
];
const methods: Readonly<Record<string, Row>> = {
  input: { right: () => ["y", [2, 3]], takes: [["text", "empty"], ["list"]] },
  shapeOf: { right: () => ["x"] },
  parameter: { right: () => ["w", Float32Array.of(1, 2), [2]], takes: [["text", "empty"]] },
  constant: { right: () => ["c", Float32Array.of(1, 2), [2], "f32"], takes: [["text", "empty"]] },
  node: { right: () => ["Relu", ["x"], {}, {}], takes: [[], [], ["undefined", "object"], ["undefined", "object"]] },
  add: { right: () => ["x", "x", {}], takes: [[], [], ["undefined", "object"]] },
  build: { right: () => [{ y: "h" }] },
  ...Object.fromEntries([
    ...["relu", "sigmoid", "tanh", "globalAvgPool", "flatten", "softmax", "logSoftmax"].map((name) => layer(name, {})),
    ...["batchNorm", "leakyRelu", "dropout"].map((name) => layer(name, {})),
  ]),
  linear: { right: () => ["f", { outputs: 2 }] },
  conv2d: { right: () => ["x", { outputs: 2, kernel: 1 }] },
  maxPool2d: { right: () => ["x", { kernel: 2 }] },
  avgPool2d: { right: () => ["x", { kernel: 2 }] },
};

function own(): neft.Model {
  const net = new neft.GraphBuilder("net", { seed: 1 });
  return net.build({ logits: net.linear(net.flatten(net.input("image", [1, 2, 2])), { outputs: 2 }) });
}

/** The product of the model's only layer. */
function product(): tensors.ArrayProduct {
  let found: tensors.ArrayProduct | undefined;
  const seen = (one: tensors.ArrayProduct) => {
    found = one;
    return tensors.computeProduct(one);
  };
  tensors.run(model, values.tensor!() as tensors.Tensor, { backend: { product: seen } });
  return { ...found!, input: tensors.tensor([1, 2, 3, 4], [1, 4]) };
}

const cifar = () => new Uint8Array(3073);
const idx = () => [
  Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7),
  Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 0),
];
const npy = () => npyFile("<f4", [2, 1], Float32Array.of(1, 2));
const npz = () => Uint8Array.of(80, 75, 5, 6);

/** Exports that are not functions, or take no arguments. */
const others = new Set(["backendInfo", "OnnxError", "Tensor", "loadOperators"]);

/** Exports of `neft` and `neft/tensor`. */
const library = { ...neft, ...tensors };

/** Matches "who: expected …, got …", a list of such lines, or a system's reason for a path. */
const ours = /expected[\s\S]*, got |can't read /;

describe("wrong arguments", () => {
  it("are tested for every function of the API", () => {
    const all = Object.entries(library).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
    expect(all.filter((name) => !others.has(name)).sort()).toEqual(Object.keys(functions).sort());
  });

  it("are tested for every method of a builder", () => {
    const all = Object.getOwnPropertyNames(neft.GraphBuilder.prototype).filter((name) => name !== "constructor");
    expect(all.sort()).toEqual(Object.keys(methods).sort());
  });

  const calls: [string, Row, (...args: unknown[]) => unknown][] = [
    ...Object.entries(functions).map(([name, row]): [string, Row, (...args: unknown[]) => unknown] => {
      const api = (library as unknown as Record<string, (...args: unknown[]) => unknown>)[name]!;
      const isClass = name === "GraphBuilder" || name === "Model";
      return [name, row, isClass ? (...args) => Reflect.construct(api, args) as unknown : api];
    }),
    ...Object.entries(methods).map(([name, row]): [string, Row, (...args: unknown[]) => unknown] => [
      `builder.${name}`,
      row,
      method(name),
    ]),
  ];

  it.each(calls)("of %s get errors with the expected value", async (name, row, call) => {
    // Some valid arguments name missing files; all other valid calls must succeed.
    if (!["decodeInputs", "decodeNpz", "readInputs", "readModel"].includes(name)) await call(...row.right());
    const failures: string[] = [];
    const places = row.right().length;
    for (let place = 0; place < places; place++) {
      for (const [kind, make] of Object.entries(values)) {
        if (row.takes?.[place]?.includes(kind)) continue;
        const args = row.right();
        args[place] = make();
        try {
          await call(...args);
          failures.push(`${name}, argument ${place}, ${kind}: no error`);
        } catch (error) {
          const { message } = error as Error;
          const isOurs = ours.test(message) && !/not a function|not iterable|Cannot |undefined \(/.test(message);
          if (!isOurs) failures.push(`${name}, argument ${place}, ${kind}: ${(error as Error).name}: ${message}`);
        }
      }
    }
    expect(failures).toEqual([]);
  });

  it.each<[string, () => unknown, string]>([
    [
      "an ArrayBuffer",
      () => neft.importOnnx(new ArrayBuffer(8) as never),
      "got an ArrayBuffer; wrap it: new Uint8Array",
    ],
    [
      "a path",
      () => neft.importOnnx("model.onnx" as never),
      'importOnnx: bytes: expected a file\'s bytes as a Uint8Array, got "model.onnx"',
    ],
    [
      "a promise",
      () => neft.exportOnnx(Promise.resolve(model) as never),
      "exportOnnx: model: expected a model, got a promise; await it",
    ],
    [
      "what readModel returns",
      () => neft.summary({ model } as never),
      "summary: model: expected a model, got an object",
    ],
  ])("say what to do with %s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
