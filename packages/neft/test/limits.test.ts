import { createWorkers, type Dataset, evaluate, finetune, GraphBuilder, init, type Model, makeDataset } from "neft";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluateRows, finetuneRows } from "../src/command/options.js";

/** Numbers out of range are refused at once, by the API and by the command. */

let model: Model;
let data: Dataset;
beforeAll(async () => {
  await init();
  const net = new GraphBuilder("net", { seed: 1 });
  model = net.build({ logits: net.linear(net.flatten(net.input("image", [1, 2, 2])), { outputs: 2 }) });
  const values = Uint8Array.from({ length: 80 }, (_, i) => i);
  data = makeDataset("test", { name: "twenty", values, labels: new Int32Array(20), shape: [1, 2, 2], classes: 2 });
});
afterAll(() => model.dispose());

type Call = (option: unknown) => Promise<unknown>;

const inEvaluate =
  (name: string): Call =>
  (value) =>
    evaluate(model, data, { [name]: value });
const inFinetune =
  (name: string, within?: string): Call =>
  (value) =>
    finetune(model, data, { batch: 4, ...(within ? { [within]: { [name]: value } } : { [name]: value }) });
const inStrategy =
  (id: string, name: string): Call =>
  (value) =>
    finetune(model, data, { batch: 4, strategy: { id, [name]: value } });

const counts = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e9, 1e15, 2 ** 53, 1e300];
const seeds = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1e300];
const positive = [0, -1, Number.NaN, Number.POSITIVE_INFINITY];
const ofStrategy = finetuneRows.strategy.kind.rows;
const ofValidation = finetuneRows.validation.kind.rows;
const many = (length: number) => new Array<number>(length).fill(0.1);

/** An option with invalid values, and the command's flag for it. */
const rows: [
  option: string,
  call: Call,
  wrong: readonly unknown[],
  flag?: { readonly parse?: (word: string, who: string) => unknown },
][] = [
  ["chips", inEvaluate("chips"), counts, evaluateRows.chips.kind],
  ["workers", inEvaluate("workers"), counts, evaluateRows.workers.kind],
  ["seed", inEvaluate("seed"), seeds, evaluateRows.seed.kind],
  ["precision", inEvaluate("precision"), positive, evaluateRows.precision.kind],
  ["weightBits", inEvaluate("weightBits"), counts, evaluateRows.weightBits.kind],
  ["bitsPerCell", inEvaluate("bitsPerCell"), counts, evaluateRows.bitsPerCell.kind],
  ["sigma", inEvaluate("sigma"), [many(1001), many(1e6), [], -1, Number.NaN]],
  ["scale", inEvaluate("scale"), positive, evaluateRows.scale.kind],
  ["epochs", inFinetune("epochs"), counts, finetuneRows.epochs.kind],
  ["batch", inFinetune("batch"), counts, finetuneRows.batch.kind],
  ["shards", inFinetune("shards"), counts, finetuneRows.shards.kind],
  ["seed of a finetuning", inFinetune("seed"), seeds, finetuneRows.seed.kind],
  ["learningRate", inFinetune("learningRate"), positive, finetuneRows.learningRate.kind],
  [
    "validation.images",
    inFinetune("images", "validation"),
    counts.filter((n) => n !== 1e9 && n !== 1e15),
    ofValidation.images.kind,
  ],
  ["validation.chips", inFinetune("chips", "validation"), counts, ofValidation.chips.kind],
  [
    "validation.every",
    inFinetune("every", "validation"),
    counts.filter((n) => n !== 1e9 && n !== 1e15),
    ofValidation.every.kind,
  ],
  ["sizes", (value) => inStrategy("irs", "sizes")([value]), counts, { parse: one(ofStrategy.sizes.kind.parse) }],
  ["hidden", inStrategy("irs", "hidden"), counts, ofStrategy.hidden.kind],
  ["deltaSigma", inStrategy("ovf", "deltaSigma"), [[], many(64), many(1e6)]],
];

function one(parse: (word: string, who: string) => readonly unknown[]) {
  return (word: string, who: string) => parse(word, who)[0];
}

describe("numbers out of range", () => {
  it.each(rows)("are refused at once for %s", async (_, call, wrong, flag) => {
    const passed: string[] = [];
    for (const value of wrong) {
      const start = performance.now();
      const message = await call(value).then(
        () => "no error",
        (error: Error) => error.message,
      );
      if (!/expected .*, got /.test(message)) passed.push(`${String(value).slice(0, 20)}: ${message}`);
      expect(performance.now() - start).toBeLessThan(2000);
      if (flag && typeof value === "number")
        expect(() => flag.parse!(String(value), "--flag")).toThrow(/^--flag: expected/);
    }
    expect(passed).toEqual([]);
  });

  it("are refused for workers of a pool", () => {
    for (const size of counts)
      expect(() => createWorkers(size)).toThrow("pool: expected a number of workers from 1 to 256");
  });
});
