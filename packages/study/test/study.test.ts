import { createHash } from "node:crypto";
import {
  type Cell,
  canonicalJson,
  cellsOf,
  checkPlan,
  collect,
  compareMethods,
  differenceOf,
  keyOfCell,
  missingCells,
  type Options,
  runCells,
  type Store,
  type StudyNetwork,
  type StudyRow,
  shardOf,
} from "@neft/study";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const digest = (contents: string | Uint8Array): string => createHash("sha256").update(contents).digest("hex");
const maker = { neft: "0.1.0", build: "simd128" } as const;

const network: StudyNetwork = {
  name: "lenet5",
  sha256: "a".repeat(64),
  train: { spec: "mnist:train", limit: 1000, sha256: "b".repeat(64) },
  test: { spec: "mnist:test", sha256: "c".repeat(64) },
  resolve: (kind, options): Options => {
    const known = ["seed", "sigma", "device", "chips", "strategy", "epochs", "clip", "beta", "time"];
    const unknown = Object.keys(options).find((name) => !known.includes(name));
    if (unknown) throw new RangeError(`${kind}: expected known options, got ${unknown}`);
    return { device: "rram1", ...(kind === "evaluate" ? { sigma: [0.1] } : { sigma: 0.2 }), ...options };
  },
};

const plan = (parts: object = {}) =>
  checkPlan({
    kind: "plan",
    format: 1,
    networks: [{ model: "lenet5.onnx", train: "mnist:train", test: "mnist:test" }],
    methods: { imported: {}, equalised: { equalise: true }, ovf: { finetune: { strategy: "ovf" } } },
    sigma: { test: [0.1, 0.2] },
    seeds: [1, 2, 3],
    ...parts,
  });

const study = (parts?: object) => cellsOf(plan(parts), [network], maker, digest);

/** A store in memory. `fail` is called before each write. */
function memoryStore(fail: () => void = () => {}): Store & { readonly results: Map<string, string> } {
  const results = new Map<string, string>();
  const models = new Map<string, Uint8Array>();
  const checkpoints = new Map<string, Uint8Array>();
  return {
    results,
    readResult: async (key) => results.get(key),
    writeResult: async (key, text) => {
      fail();
      results.set(key, text);
    },
    readModel: async (key) => models.get(key)!,
    writeModel: async (bytes) => {
      models.set(digest(bytes), bytes);
      return digest(bytes);
    },
    readCheckpoint: async (key) => checkpoints.get(key),
    writeCheckpoint: async (key, bytes) => void checkpoints.set(key, bytes),
    removeCheckpoint: async (key) => void checkpoints.delete(key),
    writeRun: async () => {},
    readRun: async () => undefined,
  };
}

/** The result of a cell that only depends on the cell. */
const resultOf = (key: string, { kind, options }: Cell): string =>
  kind === "evaluate"
    ? canonicalJson({
        kind,
        digital: 99,
        chips: { accuracy: [0, 1, 2, 3].map((chip) => (Number.parseInt(key.slice(chip, chip + 4), 16) % 1000) / 10) },
        metrics: { seed: options.seed },
      })
    : canonicalJson({ kind, model: key, cost: { forward: 4, backward: 4, epochs: 1 }, report: null });

describe("canonical JSON", () => {
  it("doesn't depend on the order of members", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
      }),
    );
  });

  it("is JSON of the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([
    [Number.NaN, "value: expected a JSON value, got NaN"],
    [{ a: [1, Infinity] }, "value.a[1]: expected a JSON value, got Infinity"],
    [{ a: new Map() }, "value.a: expected a JSON value"],
    [{ a: () => 1 }, "value.a: expected a JSON value"],
  ])("is refused for %o", (value, message) => {
    expect(() => canonicalJson(value)).toThrow(message);
  });
});

describe("a plan", () => {
  it.each<[string, object, RegExp]>([
    ["an unknown member", { method: {} }, /the file: .*method/],
    ["no network", { networks: [] }, /networks/],
    ["no method", { methods: {} }, /methods: expected at least one method/],
    ["σ above 1", { sigma: { test: [10] } }, /sigma\.test\.0/],
    ["the same seed twice", { seeds: [1, 1] }, /plan: seeds: expected different numbers, got 1, 1/],
    ["a seed that isn't whole", { seeds: [0.5] }, /seeds\.0/],
    ["another format", { format: 2 }, /format/],
  ])("with %s is refused", (_, parts, message) => {
    expect(() => plan(parts)).toThrow(message);
  });

  it("has a cell for each equalisation, finetuning and evaluation", () => {
    const { cells, rows, chains } = study();
    // 3 seeds × (2 evaluations; 1 + 2; 1 + 2).
    expect(cells.size).toBe(3 * (2 + 3 + 3));
    expect(rows.length).toBe(3 * 3 * 2);
    expect(chains.flat().sort()).toEqual([...cells.keys()].sort());
    expect(chains.map((chain) => chain.length).sort()).toEqual([1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3]);
    for (const [key, cell] of cells) expect(keyOfCell(cell, digest)).toBe(key);
  });

  it("names its cells by their content", () => {
    const [first] = study().cells;
    const data = `{"sha256":"${"c".repeat(64)}","spec":"mnist:test"}`;
    const options = '{"device":"rram1","seed":1,"sigma":[0.1]}';
    expect(first![0]).toBe(
      digest(
        `{"build":"simd128","data":${data},"format":1,"kind":"evaluate","model":{"sha256":"${"a".repeat(64)}"},"neft":"0.1.0","options":${options}}`,
      ),
    );
    const other = cellsOf(plan(), [network], { ...maker, neft: "0.2.0" }, digest);
    expect([...study().cells.keys()].filter((key) => other.cells.has(key))).toEqual([]);
  });

  it("tries all combinations of a grid", () => {
    const { rows } = study({
      methods: { ovf: { finetune: { strategy: "ovf" }, grid: { beta: [0.01, 0.1], clip: [2, 3] } } },
    });
    expect([...new Set(rows.map(({ method }) => method))]).toEqual([
      "ovf, beta 0.01, clip 2",
      "ovf, beta 0.01, clip 3",
      "ovf, beta 0.1, clip 2",
      "ovf, beta 0.1, clip 3",
    ]);
  });

  it("trains a network once for all σ of its evaluations, and once for each σ of training", () => {
    const { cells } = study({ sigma: { train: [0.1, 0.3], test: [0.1, 0.2, 0.3] }, seeds: [1] });
    const kinds = [...cells.values()].map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "finetune").length).toBe(2);
    expect(kinds.filter((kind) => kind === "equalise").length).toBe(2);
    expect(kinds.filter((kind) => kind === "evaluate").length).toBe(3 * (1 + 2 + 2));
  });

  it("splits evaluations by age", () => {
    const { rows } = study({ evaluate: { time: [1, 3600] }, methods: { imported: {} }, seeds: [1] });
    expect(rows.map(({ sigma, time_s }) => [sigma, time_s])).toEqual([
      [0.1, 1],
      [0.1, 3600],
      [0.2, 1],
      [0.2, 3600],
    ]);
  });

  it.each<[string, object, string]>([
    [
      "options that a call doesn't take",
      { methods: { ovf: { finetune: { speed: 1 } } } },
      'plan: methods: "ovf": finetune: expected known options, got speed',
    ],
    [
      "two methods that do the same",
      { methods: { a: { finetune: { strategy: "ovf" } }, b: { finetune: { strategy: "ovf" } } } },
      'plan: methods: expected methods that differ, got "a" and "b" with the same options',
    ],
    ["a grid of nothing", { methods: { a: { grid: { beta: [1] } } } }, "expected finetune beside grid"],
  ])("with %s is refused", (_, parts, message) => {
    expect(() => study(parts)).toThrow(message);
  });

  it("without training samples can't finetune", () => {
    const { train: _, ...untrained } = network;
    expect(() => cellsOf(plan(), [untrained], maker, digest)).toThrow(
      'plan: networks: "lenet5": expected train, the samples to train on, got none',
    );
  });
});

describe("a run of cells", () => {
  it("ends with the same results wherever it was stopped, and runs no cell twice that has a result", async () => {
    const whole = study();
    const expected = memoryStore();
    await runCells(whole, { store: expected, perform: async (key, cell) => resultOf(key, cell) });
    expect(expected.results.size).toBe(whole.cells.size);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 10 }), async (stops) => {
        const ran: string[] = [];
        const store = memoryStore();
        for (const stop of [...stops, Infinity]) {
          const controller = new AbortController();
          let left = stop;
          const run = runCells(whole, {
            store,
            signal: controller.signal,
            perform: async (key, cell) => {
              // Stopped in the middle of a cell.
              if (left-- === 0) controller.abort(new Error("stopped"));
              controller.signal.throwIfAborted();
              ran.push(key);
              return resultOf(key, cell);
            },
          });
          if (stop < whole.cells.size - store.results.size) await expect(run).rejects.toThrow("stopped");
          else await run;
        }
        expect(new Map([...store.results].sort())).toEqual(new Map([...expected.results].sort()));
        expect(ran.length).toBe(new Set(ran).size);
      }),
      { numRuns: 30 },
    );
  });

  it("in parts has the cells of all, each once, with chains kept whole", async () => {
    const whole = study();
    const store = memoryStore();
    const ran: string[] = [];
    for (const index of [2, 0, 1]) {
      const perform = async (key: string, cell: Cell) => {
        if ("from" in cell.model) expect(ran).toContain(cell.model.from);
        ran.push(key);
        return resultOf(key, cell);
      };
      await runCells(whole, { store, perform, chains: shardOf(whole, { index, count: 3 }) });
    }
    expect(ran.sort()).toEqual([...whole.cells.keys()].sort());
    expect(await missingCells(whole, store)).toEqual([]);
  });

  it("goes on after a cell that fails, without the rest of its chain", async () => {
    const whole = study({ seeds: [1] });
    const store = memoryStore();
    const failing = whole.chains.find((chain) => chain.length === 3)![0]!;
    const failed = await runCells(whole, {
      store,
      perform: async (key, cell) => {
        if (key === failing) throw new Error("diverged");
        return resultOf(key, cell);
      },
    });
    expect(failed).toEqual([{ key: failing, error: new Error("diverged") }]);
    expect(store.results.size).toBe(whole.cells.size - 3);
    await expect(collect(plan({ seeds: [1] }), whole, maker, store)).rejects.toThrow(
      `study: expected results of all ${whole.cells.size} cells, got none of 3`,
    );
  });

  it("reports cells that are done and the share of the one that runs", async () => {
    const whole = study({ seeds: [1], methods: { imported: {} } });
    const seen: number[] = [];
    await runCells(whole, {
      store: memoryStore(),
      perform: async (key, cell, { onShare }) => {
        onShare(0.5);
        return resultOf(key, cell);
      },
      onProgress: ({ done, total, cell }) => {
        expect(total).toBe(2);
        seen.push(done + (cell?.share ?? 0));
      },
    });
    expect(seen).toEqual([0, 0.5, 1, 1, 1.5, 2]);
  });

  it("collects rows with the cost of the network and the values of each chip", async () => {
    const whole = study({ seeds: [1] });
    const store = memoryStore();
    await runCells(whole, { store, perform: async (key, cell) => resultOf(key, cell) });
    const { rows } = await collect(plan({ seeds: [1] }), whole, maker, store);
    expect(rows.map(({ method, cost }) => [method, cost.forward])).toEqual([
      ["imported", 0],
      ["imported", 0],
      ["equalised", 4],
      ["equalised", 4],
      ["ovf", 4],
      ["ovf", 4],
    ]);
    expect(rows.every(({ chips }) => chips.accuracy.length === 4)).toBe(true);
  });
});

describe("a comparison", () => {
  const row = (method: string, seed: number, accuracy: number[]): StudyRow => ({
    model: "m",
    method,
    device: "rram1",
    trainSigma: null,
    seed,
    sigma: 0.2,
    digital: 99,
    chips: { accuracy },
    metrics: {},
    cost: { forward: 0, backward: 0, epochs: 0 },
  });

  it("takes differences chip by chip, with an interval over seeds", () => {
    const a = [row("a", 1, [90, 92]), row("a", 2, [91, 93]), row("a", 3, [90, 94])];
    const b = [row("b", 3, [88, 91]), row("b", 1, [89, 90]), row("b", 2, [90, 90])];
    const difference = differenceOf(a, b);
    // Means of the differences by seed: 1.5, 2, 2.5; Student's 97.5 % quantile of 2 degrees of freedom is 4.302653.
    expect(difference.mean).toBeCloseTo(2, 12);
    expect(difference.half).toBeCloseTo((4.302653 * 0.5) / Math.sqrt(3), 6);
    expect(difference.over).toBe("seeds");
    const [cell] = compareMethods([...b, ...a]);
    expect(cell!.methods.map(({ method }) => method)).toEqual(["a", "b"]);
    expect(cell!.conclusion).toBe(
      "a is better than all others: than b, the next, by 2.00 ± 1.24 points (95 %, over seeds).",
    );
  });

  it("doesn't claim what lies within the interval", () => {
    const rows = [row("a", 1, [90, 80]), row("b", 1, [80, 89])];
    const [cell] = compareMethods(rows);
    expect(cell!.differences[0]!.over).toBe("chips");
    expect(cell!.conclusion).toBe("a has the highest mean, but doesn't differ beyond the 95 % interval from b.");
  });

  it("refuses other seeds or chips", () => {
    expect(() => differenceOf([row("a", 1, [1])], [row("b", 2, [1])])).toThrow(
      "comparison of a and b: expected the same chips at seed 1, got 1 and 0",
    );
    expect(() => differenceOf([row("a", 1, [1, 2])], [row("b", 1, [1])])).toThrow("got 2 and 1");
    expect(() => differenceOf([row("a", 1, [1])], [row("b", 1, [1]), row("b", 2, [1])])).toThrow(
      "expected the same seeds, got 1 and 2",
    );
  });
});
