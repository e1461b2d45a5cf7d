import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Dataset,
  decodeNpz,
  evaluate,
  exportOnnx,
  finetune,
  importOnnx,
  init,
  Model,
  makeDataset,
  take,
} from "neft";
import { tensor } from "neft/tensor";
import { InferenceSession, Tensor as RuntimeTensor } from "onnxruntime-node";
import { beforeAll, describe, expect, it } from "vitest";
import { runNeft, writeIdx } from "./fixtures.js";
import { evaluationFile } from "./results-file.js";

beforeAll(() => init());

const folder = fileURLToPath(new URL("./reports/", import.meta.url));
const bytesOf = async (name: string): Promise<Uint8Array> => new Uint8Array(await readFile(`${folder}${name}`));
const dataOf = async (number: string): Promise<Dataset> => decodeNpz(await bytesOf(`${number}_data.npz`));

const arrays = { float32: Float32Array, uint8: Uint8Array, int8: Int8Array, int32: Int32Array, bool: Uint8Array };

interface Feeding {
  /** Samples per run. */
  readonly batch: number;
  /** Shape of one sample. Default: that of the data. */
  readonly shape?: readonly number[];
  readonly type?: keyof typeof arrays | "int64";
  /** Converts a stored value to an input. */
  readonly value?: (stored: number) => number;
}

/** Scores computed by onnxruntime, in batches. The last batch is filled up with its last sample. */
async function scoresInRuntime(bytes: Uint8Array, data: Dataset, feeding: Feeding): Promise<number[][]> {
  const { batch, shape = data.shape, type = "float32", value = (stored: number) => stored } = feeding;
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const size = shape.reduce((a, b) => a * b, 1);
  const rows: number[][] = [];
  try {
    for (let first = 0; first < data.count; first += batch) {
      const samples = Array.from({ length: batch }, (_, i) => Math.min(first + i, data.count - 1));
      const values = samples.flatMap((i) => Array.from(data.values.subarray(i * size, (i + 1) * size), value));
      const fed = type === "int64" ? BigInt64Array.from(values, BigInt) : new arrays[type](values);
      const x = new RuntimeTensor(type, fed as never, [batch, ...shape]);
      const [y] = Object.values(await session.run({ [session.inputNames[0]!]: x }));
      const all = Array.from(y!.data as Float32Array);
      const classes = all.length / batch;
      for (let i = 0; i < batch && first + i < data.count; i++) rows.push(all.slice(i * classes, (i + 1) * classes));
    }
    return rows;
  } finally {
    await session.release();
  }
}

const largest = (row: readonly number[]): number => row.indexOf(Math.max(...row));
const softmax = (row: readonly number[]): number[] => {
  const exps = row.map((score) => Math.exp(score - Math.max(...row)));
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((e) => e / sum);
};

/** Accuracy in percent and mean confidence of correct answers, from rows of probabilities. */
function countRows(rows: readonly number[][], { labels }: Dataset): { accuracy: number; right: number } {
  const right = rows.filter((row, i) => largest(row) === labels[i]);
  const confidence = right.reduce((sum, row) => sum + Math.max(...row), 0) / right.length;
  return { accuracy: (100 * right.length) / rows.length, right: confidence };
}

const reports: {
  name: string;
  data: string;
  feeding: Feeding;
  /** Whether the model's outputs are probabilities. */
  probabilities: boolean;
}[] = [
  { name: "04_softmax_last", data: "04", feeding: { batch: 1 }, probabilities: true },
  { name: "04_softmax_cast", data: "04", feeding: { batch: 1 }, probabilities: true },
  { name: "04_softmax_flatten", data: "04", feeding: { batch: 1 }, probabilities: true },
  { name: "05_symbols_hw", data: "05", feeding: { batch: 1 }, probabilities: false },
  { name: "05_symbols_unnamed", data: "05", feeding: { batch: 1 }, probabilities: false },
  // Its batch is fixed at 1.
  { name: "07_batch1_flatten0", data: "07", feeding: { batch: 1, shape: [4, 4, 1] }, probabilities: true },
  // Squeeze would drop the batch axis of a single sample, so all samples run together.
  { name: "08_squeeze", data: "08", feeding: { batch: 40 }, probabilities: false },
  { name: "17_uint8", data: "17", feeding: { batch: 1, type: "uint8" }, probabilities: false },
];

describe.each(reports)("$name", ({ name, data: number, feeding, probabilities }) => {
  it("gives onnxruntime's scores, with any number of samples and workers", async () => {
    const bytes = await bytesOf(`${name}.onnx`);
    const all = await dataOf(number);
    const outputs = await scoresInRuntime(bytes, all, feeding);
    const rows = probabilities ? outputs : outputs.map(softmax);
    const model = importOnnx(bytes);
    for (const count of [all.count, all.count - 1, 1]) {
      const data = take(all, count);
      const { digital, results, warnings } = await evaluate(model, data, { sigma: [0, 0.1], chips: 2 });
      const expected = countRows(rows.slice(0, count), data);
      expect(digital.accuracy).toBe(expected.accuracy);
      expect(digital.confidence.right).toBeCloseTo(expected.right, 4);
      expect(results[0]!.accuracy.mean).toBe(digital.accuracy);
      expect(warnings).toEqual([]);
      if (count === all.count - 1) {
        expect(await evaluate(model, data, { sigma: [0, 0.1], chips: 2, workers: 2 })).toEqual({
          digital,
          results,
          warnings,
        });
      }
    }
    expect(countRows(rows, all).accuracy).toBe(100);
    if (number === "04") expect(countRows(rows, all).right).toBeCloseTo(0.8097232580184937, 4);
    model.dispose();
  });

  it.each(["noise-injection", "irs"])("is fit for finetuning by %s", async (strategy) => {
    const bytes = await bytesOf(`${name}.onnx`);
    const data = await dataOf(number);
    const model = importOnnx(bytes);
    const before = await evaluate(model, data, { chips: 1 });
    // The last batch and some shards have one sample.
    const options = {
      strategy,
      batch: 3,
      shards: 3,
      dropLast: false,
      epochs: 1,
      sigma: 0.05,
      validation: { images: 3 },
    } as const;
    if (strategy === "irs" && !["05", "07"].includes(number)) {
      await expect(finetune(model, data, options)).rejects.toThrow("expected a feature before its last layer");
      expect(await evaluate(model, data, { chips: 1 })).toEqual(before);
      return;
    }
    const result = await finetune(model, data, options);
    expect(result.ended.reason).toBe("finished");
    const written = exportOnnx(model);
    expect(written.length).toBe(bytes.length);
    const after = await evaluate(model, data, { chips: 1 });
    const again = importOnnx(written);
    expect(await evaluate(again, data, { chips: 1 })).toEqual(after);
    const outputs = await scoresInRuntime(written, data, feeding);
    expect(countRows(probabilities ? outputs : outputs.map(softmax), data).accuracy).toBe(after.digital.accuracy);
    model.dispose();
    again.dispose();
  });

  it("is inspected", async () => {
    const { code, stdout, stderr } = await runNeft(["inspect", `${name}.onnx`], { cwd: folder });
    expect(stderr).toBe("");
    expect(stdout).toContain("Every operator of this model is supported.");
    expect(code).toBe(0);
  });
});

describe("operators that rearrange scores after a softmax", () => {
  const ends = ["last", "cast", "flatten"];

  it("change no number of an evaluation or a training", async () => {
    const data = await dataOf("04");
    const results: unknown[] = [];
    for (const end of ends) {
      const model = importOnnx(await bytesOf(`04_softmax_${end}.onnx`));
      const evaluated = await evaluate(model, data, { chips: 5, seed: 3 });
      const { validations } = await finetune(model, data, { batch: 8, epochs: 2, seed: 3 });
      const weights = [...model.parameters.values()].map((one) => Array.from(one.toArray() as Float32Array));
      results.push({ evaluated, validations, weights });
      model.dispose();
    }
    for (const other of results.slice(1)) expect(other).toEqual(results[0]);
  });
});

/** Fixed pseudorandom numbers from 0 to 1. */
function numbers(count: number, seed: number): number[] {
  let state = seed * 2654435761;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) | 0;
    return (state >>> 8) / 2 ** 24;
  });
}

type Parts = ConstructorParameters<typeof Model>[0];
interface Node {
  readonly op: string;
  readonly inputs: string[];
  readonly attributes?: Parts["nodes"][number]["attributes"];
}

/** A chain of nodes on the input "x". In a node's inputs, "" is the previous node's output. Tensors whose name begins with w are parameters. */
function chain(
  input: Pick<Parts["inputs"][number], "dtype" | "shape">,
  nodes: readonly Node[],
  fixed: Readonly<Record<string, readonly [shape: number[], values: readonly number[], dtype?: "f32" | "i64"]>>,
): Model {
  const places = nodes.map((_, i) => (i === nodes.length - 1 ? "y" : `v${i}`));
  const tensorsOf = (isParameter: boolean) =>
    new Map(
      Object.entries(fixed)
        .filter(([name]) => name.startsWith("w") === isParameter)
        .map(([name, [shape, values, dtype = "f32"]]) => [name, tensor(values, shape, dtype)]),
    );
  return new Model({
    name: "chain",
    inputs: [{ name: "x", ...input }],
    outputs: [{ name: "y", dtype: "f32", shape: [input.shape[0]!, 3] }],
    nodes: nodes.map(({ op, inputs, attributes = {} }, i) => ({
      name: `${op}_${i}`,
      op,
      inputs: inputs.map((name) => (name === "" ? (places[i - 1] ?? "x") : name)),
      outputs: [places[i]!],
      attributes,
    })),
    parameters: tensorsOf(true),
    constants: tensorsOf(false),
  });
}

const bytes = (shape: number[], count: number, layout: "NCHW" | "NHWC" = "NCHW"): Dataset => {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Uint8Array.from(numbers(count * size, 5), (n) => Math.floor(256 * n));
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  return makeDataset("test", { name: "bytes", values, labels, shape, layout });
};

const centred = (count: number, seed: number): number[] => numbers(count, seed).map((n) => 2 * n - 1);
const product: Node = { op: "MatMul", inputs: ["", "w"] };
const weight = { w: [[12, 3], centred(36, 8)] } as const;
const asWeight = { w: [[12, 3] as number[], weight.w[1]] as const };

describe("inputs of integer types", () => {
  const asFloat: Node = { op: "Cast", inputs: [""], attributes: { to: "f32" } };
  const types = [
    ["u8", "uint8", 255],
    ["i8", "int8", 127],
    ["i32", "int32", 255],
    ["i64", "int64", 255],
    ["bool", "bool", 1],
  ] as const;

  it.each(types)("of type %s take the values unchanged", async (dtype, type, most) => {
    const scale = { s: [[] as number[], [most]] as const };
    const nodes = [asFloat, { op: "Div", inputs: ["", "s"] }, product];
    const model = importOnnx(exportOnnx(chain({ dtype, shape: ["N", 12] }, nodes, { ...asWeight, ...scale })));
    const stored = bytes([12], 41);
    const data = { ...stored, values: stored.values.map((n) => n % (most + 1)) };
    const rows = await scoresInRuntime(exportOnnx(model), data, { batch: 41, type });
    const expected = countRows(rows.map(softmax), data);
    const { digital } = await evaluate(model, data, { chips: 1 });
    expect(digital.accuracy).toBe(expected.accuracy);
    expect(digital.confidence.right).toBeCloseTo(expected.right, 4);
    const result = await finetune(model, data, { batch: 8, validation: { images: 9 } });
    expect(result.steps).toBe(4);
    // Fractions, and numbers out of the type's range.
    const refusals = [{ scale: 254 }, { mean: 0.5 }, ...(most === 255 && dtype !== "u8" ? [] : [{ mean: -1000 }])];
    for (const options of refusals) {
      const message =
        /^dataset "bytes": expected integers from .* for the network's \w+ input, got .* in sample \d+ after/;
      await expect(evaluate(model, data, { ...options, chips: 1 })).rejects.toThrow(message);
      await expect(finetune(model, data, options)).rejects.toThrow(message);
    }
  });

  it("take either order of axes with free sizes, and transpose NHWC themselves, as TensorFlow's exporters do", async () => {
    const nodes: Node[] = [
      asFloat,
      { op: "Transpose", inputs: [""], attributes: { perm: [0, 3, 1, 2] } },
      { op: "Div", inputs: ["", "s"] },
      { op: "Conv", inputs: ["", "wk"], attributes: { pads: [1, 1, 1, 1] } },
      { op: "GlobalAveragePool", inputs: [""] },
      { op: "Squeeze", inputs: [""] },
      { op: "Softmax", inputs: [""] },
    ];
    const fixed = { s: [[], [255]], wk: [[3, 3, 3, 3], centred(81, 4).map((n) => 8 * n)] } as const;
    const open = fixed as unknown as Parameters<typeof chain>[2];
    const last = bytes([6, 5, 3], 21, "NHWC");
    const first = {
      ...last,
      shape: [3, 6, 5],
      layout: "NCHW" as const,
      values: Uint8Array.from(last.values, (_, i) => {
        const [sample, channel, pixel] = [Math.floor(i / 90), Math.floor(i / 30) % 3, i % 30];
        return last.values[sample * 90 + pixel * 3 + channel]!;
      }),
    };
    const channelsFirst = nodes.filter(({ op }) => op !== "Transpose");
    for (const [shape, own, made] of [
      [["N", 6, 5, 3], last, nodes],
      [["N", "h", "w", 3], last, nodes],
      [["N", "a", "b", "c"], last, nodes],
      [["N", "a", "b", "c"], first, channelsFirst],
    ] as const) {
      const file = exportOnnx(chain({ dtype: "u8", shape }, made, open));
      const model = importOnnx(file);
      const rows = await scoresInRuntime(file, own, { batch: 21, type: "uint8" });
      for (const data of [last, first]) {
        const { digital } = await evaluate(model, data, { chips: 1 });
        const expected = countRows(rows, data);
        expect(digital.accuracy).toBe(expected.accuracy);
        expect(digital.confidence.right).toBeCloseTo(expected.right, 3);
      }
    }
  });
});

describe("a last batch of one sample", () => {
  it.each<[string, string | number]>([
    ["any batch", "N"],
    ["a batch fixed at 1 that can be any", 1],
  ])("is read like the others by a network of %s", async (_, batch) => {
    const nodes: Node[] = [
      { op: "Conv", inputs: ["", "wk"], attributes: { pads: [1, 1, 1, 1] } },
      { op: "GlobalAveragePool", inputs: [""] },
      batch === 1 ? { op: "Reshape", inputs: ["", "rows"] } : { op: "Squeeze", inputs: [""] },
      { op: "Softmax", inputs: [""] },
    ];
    const fixed = { wk: [[3, 3, 3, 3], centred(81, 4).map((n) => 40 * n)], rows: [[2], [1, 3], "i64"] } as const;
    const file = exportOnnx(chain({ dtype: "f32", shape: [batch, 3, 4, 4] }, nodes, fixed as never));
    const model = importOnnx(file);
    const data = bytes([3, 4, 4], 201);
    const value = (n: number): number => Math.fround(n / 255);
    const rows = await scoresInRuntime(file, data, { batch: batch === 1 ? 1 : 201, value });
    const { digital, results } = await evaluate(model, data, { sigma: [0, 0.3], chips: 3 });
    const expected = countRows(rows, data);
    expect(digital.accuracy).toBe(expected.accuracy);
    expect(digital.confidence.right).toBeCloseTo(expected.right, 4);
    expect(results[0]!.accuracy.mean).toBe(digital.accuracy);
    // A chip gives a sample the same scores alone and in a batch.
    const parts = [
      take(data, 200),
      { ...data, count: 1, values: data.values.slice(-48), labels: data.labels.slice(-1) },
    ];
    const alone = await Promise.all(parts.map((part) => evaluate(model, part, { sigma: 0.3, chips: 3 })));
    const right = alone.map(({ results: [one] }, i) => (one!.accuracy.mean * parts[i]!.count) / 100);
    expect((results[1]!.accuracy.mean * 201) / 100).toBeCloseTo(right[0]! + right[1]!, 9);
    expect((await finetune(model, data, { batch: 7, shards: 7, dropLast: false })).ended.reason).toBe("finished");
  });
});

describe("a batch that the file fixes at 8", () => {
  const mean: Node[] = [{ op: "ReduceMean", inputs: ["", "axes"], attributes: { keepdims: 1 } }];

  it("is used if the network can't run at another one, with the last batch filled up", async () => {
    // The network transposes samples and classes, with constants that depend on the 8.
    const nodes: Node[] = [product, { op: "Reshape", inputs: ["", "flat"] }, { op: "Reshape", inputs: ["", "back"] }];
    const fixed = { ...asWeight, flat: [[1], [24], "i64"], back: [[2], [8, 3], "i64"] } as const;
    const file = exportOnnx(chain({ dtype: "f32", shape: [8, 12] }, nodes, fixed as never));
    const model = importOnnx(file);
    const value = (n: number): number => Math.fround(n / 255);
    for (const count of [41, 40, 8, 1]) {
      const data = take(bytes([12], 41), count);
      const rows = await scoresInRuntime(file, data, { batch: 8, value });
      const expected = countRows(rows.map(softmax), data);
      const settings = { sigma: [0, 0.2], chips: 3 };
      const here = await evaluate(model, data, settings);
      expect(here.digital.accuracy).toBe(expected.accuracy);
      if (expected.accuracy > 0) expect(here.digital.confidence.right).toBeCloseTo(expected.right, 4);
      expect(here.results[0]!.accuracy.mean).toBe(here.digital.accuracy);
      if (count === 41) expect(await evaluate(model, data, { ...settings, workers: 2 })).toEqual(here);
      expect((await evaluate(model, data, { ...settings, perSample: true })).digital).toEqual(here.digital);
    }
    await expect(finetune(model, bytes([12], 41), { batch: 12 })).rejects.toThrow(
      /^batch: expected a multiple of 8 \(the network's batch is fixed at 8: .*node "Reshape_1"/,
    );
    const { ended, steps } = await finetune(model, bytes([12], 41), { batch: 16, sigma: 0.05, workers: 2, shards: 2 });
    expect([ended.reason, steps]).toEqual(["finished", 2]);
  });

  it("is reported to mix samples if it does", async () => {
    const constants = { ...asWeight, axes: [[1], [0], "i64"] } as const;
    const deviation = (batch: number | string): Model => {
      const made = chain(
        { dtype: "f32", shape: [batch, 12] },
        [...mean, { op: "Sub", inputs: ["x", ""] }, product],
        constants as never,
      );
      return importOnnx(exportOnnx(made));
    };
    const { warnings } = await evaluate(deviation(8), bytes([12], 16), { chips: 1 });
    expect(warnings).toEqual([
      expect.stringMatching(/^node "ReduceMean_0" \(ReduceMean\): mixes the 8 samples of a batch/),
    ]);
    await expect(evaluate(deviation("N"), bytes([12], 16), { chips: 1 })).rejects.toThrow('node "ReduceMean_0"');
    await expect(finetune(deviation("N"), bytes([12], 16), { batch: 4 })).rejects.toThrow('node "ReduceMean_0"');
  });
});

describe("probabilities without recoverable logits", () => {
  const nodes: Node[] = [product, { op: "Softmax", inputs: [""] }, { op: "Mul", inputs: ["", "m"] }];
  const data = bytes([12], 20);
  const file = (): Uint8Array =>
    exportOnnx(chain({ dtype: "f32", shape: ["N", 12] }, nodes, { ...asWeight, m: [[], [-1]] as const } as never));
  const message = /node "Softmax_1" \(Softmax\): .*probabilities/;

  it("give a warning in evaluations and are refused for finetuning", async () => {
    const model = importOnnx(file());
    const { warnings } = await evaluate(model, data, { chips: 1 });
    expect(warnings).toEqual([expect.stringMatching(message)]);
    await expect(finetune(model, data, { batch: 4 })).rejects.toThrow(message);
  });

  it("give a warning of the command and in its file", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "neft-networks-"));
    try {
      await writeFile(join(cwd, "net.onnx"), file());
      const spec = await writeIdx(cwd, { name: "data", images: 12, side: 2 });
      const model = chain({ dtype: "f32", shape: ["N", 4] }, nodes, {
        w: [[4, 4], centred(16, 3)],
        m: [[], [-1]],
      } as never);
      await writeFile(join(cwd, "net.onnx"), exportOnnx(model));
      const words = ["net.onnx", "--data", spec, "--workers", "1"];
      const evaluated = await runNeft(["evaluate", ...words, "--chips", "2", "--json", "e.json"], { cwd });
      expect(evaluated.stderr).toMatch(new RegExp(`^neft: warning: ${message.source}`, "m"));
      expect(evaluated.code).toBe(0);
      const written: unknown = JSON.parse(await readFile(join(cwd, "e.json"), "utf8"));
      expect(evaluationFile(written).warnings).toEqual([expect.stringMatching(message)]);
      const finetuned = await runNeft(["finetune", ...words, "-o", "out.onnx"], { cwd });
      expect(finetuned.stderr).toMatch(message);
      expect(finetuned.code).not.toBe(0);
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  });
});
