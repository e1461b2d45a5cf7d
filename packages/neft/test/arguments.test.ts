import * as neft from "neft";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/**
 * Every function of the API with wrong values in each place: what comes is our error, never one about a member of undefined.
 */

let model: neft.Model;
let data: neft.Dataset;
let bytes: Uint8Array;
beforeAll(async () => {
  await neft.init();
  const net = new neft.GraphBuilder("net", { seed: 1 });
  model = net.build({ logits: net.linear(net.flatten(net.input("image", [1, 2, 2])), { outputs: 2 }) });
  bytes = neft.exportOnnx(model);
  const values = Uint8Array.from({ length: 40 }, (_, i) => i);
  data = neft.makeDataset("test", { name: "ten", values, labels: new Int32Array(10), shape: [1, 2, 2], classes: 2 });
});
afterAll(() => model.dispose());

/** Values of all kinds, and what kind each is. */
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
  tensor: () => neft.tensor([1, 2, 3, 4], [1, 1, 2, 2]),
};
type Kind = keyof typeof values;

interface Row {
  /** Right arguments. */
  readonly right: () => unknown[];
  /** Values that a place takes, though they are of the table above. */
  readonly takes?: readonly (readonly Kind[])[];
}

const settings = () => ({ chips: 1 });
const training = () => ({ batch: 4, validation: { images: 2, chips: 1 } });
const builder = (use: (net: neft.GraphBuilder, x: string, ...args: never[]) => unknown) => {
  return (...args: unknown[]) => {
    const net = new neft.GraphBuilder("net", { seed: 1 });
    return use(net, net.input("x", [2, 4, 4]), ...(args as never[]));
  };
};

/** Each function of the API, and how it is called right. */
const functions: Readonly<Record<string, Row & { readonly call?: (...args: never[]) => unknown }>> = {
  defineDevice: { right: () => [{ ...neft.deviceNamed("rram1") }] },
  deviceNamed: { right: () => ["rram1"] },
  decodeCifar10: { right: () => [[cifar()], "name"], takes: [[], ["undefined", "text", "empty"]] },
  decodeIdx: { right: () => [...idx(), "name"], takes: [[], [], ["undefined", "text", "empty"]] },
  decodeNpz: { right: () => [npz(), "name"], takes: [[], ["undefined", "text", "empty"]] },
  gatherBatch: {
    right: () => [data, [0, 1], neft.normalisationOf(data, {}), [1, 1, 2, 2]],
    takes: [["dataset"], ["list", "bytes", "floats"]],
  },
  makeDataset: {
    right: () => ["me", { name: "x", values: new Uint8Array(8), labels: new Int32Array(2), shape: [4] }],
    takes: [["text", "empty"]],
  },
  split: { right: () => [data, 2, 1n], takes: [["dataset"], [], ["bigint"]] },
  take: { right: () => [data, 2], takes: [["dataset"], ["huge"]] },
  init: { right: () => [{}], takes: [["undefined", "object"]] },
  arrayNodes: { right: () => [model], takes: [["model"]] },
  lenet5: { right: () => [{ seed: 1 }] },
  resnet18: { right: () => [{ seed: 1 }] },
  vgg8: { right: () => [{ seed: 1 }] },
  summary: { right: () => [model, 1], takes: [["model"], ["undefined"]] },
  run: {
    right: () => [model, neft.tensor([1, 2, 3, 4], [1, 1, 2, 2]), {}],
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
  evaluate: { right: () => [model, data, settings()], takes: [["model"], ["dataset"], ["undefined", "object"]] },
  finetune: { right: () => [own(), data, training()], takes: [[], ["dataset"], []] },
  normalisationOf: { right: () => [data, {}], takes: [["dataset"], ["object"]] },
  createWorkers: { right: () => [2] },
  alignedTable: { right: () => [[neft.left("a")], [["b"]]], takes: [["list"], ["list"]] },
  left: { right: () => ["a"], takes: [["text", "empty"]] },
  right: { right: () => ["a"], takes: [["text", "empty"]] },
  parseDataSpec: { right: () => ["mnist:test", "who"], takes: [[], ["undefined", "text", "empty"]] },
  readDataset: { right: () => ["mnist:test"] },
  readModel: { right: () => ["no file"] },
};

/** Methods of a builder. */
const methods: typeof functions = {
  constructor: {
    right: () => ["net", { seed: 1 }],
    takes: [["text", "empty"]],
    call: (...args: unknown[]) => new neft.GraphBuilder(...(args as ["net", { seed: number }])),
  },
  input: {
    right: () => ["y", [2, 3]],
    takes: [["text"]],
    call: builder((net, _, ...args) => net.input(...(args as unknown as [string, number[]]))),
  },
};

function own(): neft.Model {
  const net = new neft.GraphBuilder("net", { seed: 1 });
  return net.build({ logits: net.linear(net.flatten(net.input("image", [1, 2, 2])), { outputs: 2 }) });
}

const cifar = () => new Uint8Array(3073);
const idx = () => [
  Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7),
  Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 0),
];
const npz = () => Uint8Array.of(80, 75, 5, 6);

/** Members of the API that are no functions to be called, or take nothing. */
const others = new Set(["build", "isRelaxedAvailable", "memoryUse", "GraphBuilder", "Model", "OnnxError", "Tensor"]);

/** "who: expected …, got …", several of them in a list, or what a system says about a path. */
const ours = /expected[\s\S]*, got |can't read /;

describe("wrong arguments", () => {
  it("are tried in every function of the API", () => {
    const all = Object.entries(neft).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
    expect(all.filter((name) => !others.has(name)).sort()).toEqual(Object.keys(functions).sort());
  });

  it.each(Object.entries({ ...functions, ...methods }))(
    "of %s get errors that say what was expected",
    async (name, row) => {
      const call = (row.call ?? (neft as unknown as Record<string, unknown>)[name]) as (...args: unknown[]) => unknown;
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
    },
  );
});
