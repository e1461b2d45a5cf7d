import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { contest, geometricMean, median, medianRatio } from "../harness/contest.mjs";
import { atLeast, atMost, makeRecord, makeSkipped, recordKey, slowdown } from "../harness/record.mjs";
import {
  checkOutputs,
  checkSampled,
  convForwardEntry,
  convInputEntry,
  convWeightEntry,
  gemmEntry,
} from "../harness/reference.mjs";
import { comparison, table } from "../harness/report.mjs";
import { readResults, resultFiles, writeResults } from "../harness/results.mjs";

const base = { bench: "b", build: "simd128", what: "w" };

describe("contest", () => {
  it("runs contestants in turn and takes what a contestant measured itself", async () => {
    const order = [];
    const named = (name, ms) => () => {
      order.push(name);
      return ms;
    };
    const options = { rounds: 2, warmUp: 1, sampleMs: 1, best: 1 };
    const times = await contest({ a: named("a", 5), b: async () => named("b", 10)() }, options);
    expect(order).toEqual(["a", "b", "a", "b", "a", "b"]);
    expect([...times.a, ...times.b]).toEqual([5, 5, 10, 10]);
  });

  it("takes medians of the rounds' ratios", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(medianRatio([2, 20, 9], [1, 4, 3])).toBe(3);
    expect(geometricMean([2, 8])).toBeCloseTo(4, 12);
  });
});

describe("records", () => {
  it("say whether a goal is met", () => {
    expect(makeRecord({ ...base, ours: 1, unit: "ms", ratio: 0.9, goal: atLeast(0.9) })).toMatchObject({
      goal: "≥ 0.9",
      met: true,
    });
    expect(makeRecord({ ...base, ours: 1, unit: "ms", ratio: 1.1, goal: atMost(1) })).toMatchObject({
      goal: "≤ 1",
      met: false,
    });
    expect(makeRecord({ ...base, ours: 1, unit: "ms" })).toMatchObject({
      goal: null,
      met: null,
      peer: null,
      ratio: null,
    });
  });

  it("compare with earlier ones in the direction of their unit or goal", () => {
    const record = (ratio, unit, goal) => makeRecord({ ...base, ours: 7, unit, ratio, goal });
    expect(slowdown(record(2, "ms"), record(1, "ms"))).toBe(2);
    expect(slowdown(record(1, "GFLOP/s"), record(2, "GFLOP/s"))).toBe(2);
    expect(slowdown(record(1, "×", atLeast(1)), record(2, "×", atLeast(1)))).toBe(2);
    expect(slowdown(record(1, "ms"), record(1, "s"))).toBeUndefined();
    expect(slowdown(makeSkipped({ ...base, reason: "none" }), record(1, ""))).toBeUndefined();
  });

  it("print what got slower by more than a tenth", () => {
    const [before, after] = [1, 1.2].map((ratio) => makeRecord({ ...base, ours: 1, unit: "ms", ratio }));
    expect(comparison([after], [before])).toContain(`${recordKey(after)}: 1.20 times`);
    expect(comparison([before], [before])).toContain("nothing got slower");
    expect(table([after, makeSkipped({ ...base, reason: "no torch" })])).toContain("skipped: no torch");
  });
});

describe("result files", () => {
  let path;
  let folder;
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), "neft-results-"));
    folder = pathToFileURL(`${path}/`);
  });
  afterEach(() => rmSync(path, { recursive: true }));

  const machine = (cpu, node = "v20.1.0") => ({ cpu, cores: 2, node });
  const write = (ratio, ...of) => {
    const records = [makeRecord({ ...base, ours: 1, unit: "ms", ratio })];
    writeResults({ machine: machine(...of), records }, folder);
  };
  const ratios = (...of) => readResults(machine(...of), folder).map(({ ratio }) => ratio);

  it("keep the last results of every machine, by all that describes it", () => {
    expect(ratios("One(R) Processor")).toEqual([]);
    write(1, "One(R) Processor");
    expect(resultFiles(folder)).toEqual(["latest.json"]);
    write(2, "Two");
    expect(resultFiles(folder)).toEqual(["latest.json", "machines/one-processor-2-v20-1-0.json"]);
    write(4, "One(R) Processor", "v22.0.0");
    expect(ratios("One(R) Processor")).toEqual([1]);
    expect(ratios("One(R) Processor", "v22.0.0")).toEqual([4]);
    expect(ratios("Two")).toEqual([2]);
    expect(ratios("Three")).toEqual([]);
    write(3, "One(R) Processor");
    expect(resultFiles(folder)).toEqual([
      "latest.json",
      "machines/one-processor-2-v22-0-0.json",
      "machines/two-2-v20-1-0.json",
    ]);
    expect(ratios("One(R) Processor")).toEqual([3]);
    expect(ratios("Two")).toEqual([2]);
  });

  it.each(["<", "{}", '{"records":[]}'])("are named where they are damaged, not written over: %s", (text) => {
    writeFileSync(join(path, "latest.json"), text);
    const message = /latest\.json: expected results of npm run bench, got something else; restore or delete it$/;
    expect(() => ratios("One")).toThrow(message);
    expect(() => write(1, "One")).toThrow(message);
  });
});

describe("references", () => {
  it("throw at a wrong entry", () => {
    const a = [1, 2, 3, 4];
    const b = [5, 6, 7, 8];
    const product = { transA: false, transB: false, m: 2, n: 2, k: 2 };
    const entry = (i) => gemmEntry(i, product, a, b);
    checkSampled("right", [19, 22, 43, 50], entry);
    expect(() => checkSampled("wrong", [19, 22, 43, 51], entry)).toThrow("expected 50 at 3, got 51");
  });

  it("throw at a wrong, missing or surplus element of a network's outputs", () => {
    const expected = { scores: [0.5, 2000], classes: [1n] };
    checkOutputs("close", { scores: [0.5009, 2001.9], classes: [1n] }, expected);
    const check =
      (scores, classes = [1n]) =>
      () =>
        checkOutputs("net", { scores, classes }, expected);
    expect(check([0.502, 2000])).toThrow("net: expected 0.5 at 0 of scores, got 0.502");
    expect(check([0.5, Number.NaN])).toThrow("expected 2000 at 1 of scores, got NaN");
    expect(check([0.5])).toThrow("expected 2 elements of scores, got 1");
    expect(check([0.5, 2000], [2n])).toThrow("expected 1 at 0 of classes, got 2");
  });

  it("agree with each other: ⟨dy, y⟩ = ⟨dx, x⟩ = ⟨dW, W⟩ of a strided, padded, grouped convolution", () => {
    const layer = { n: 2, c: 4, h: 5, width: 6, oc: 6, kernel: 3, stride: 2, padding: 1, groups: 2, oh: 3, ow: 3 };
    const values = (count, scale) => Float64Array.from({ length: count }, (_, i) => ((i * scale) % 11) - 5);
    const [x, w, dy] = [values(2 * 4 * 5 * 6, 7), values(6 * 2 * 9, 3), values(2 * 6 * 3 * 3, 5)];
    const inner = (against, entry) =>
      against.reduce((sum, value, i) => sum + value * [...entry(i)].reduce((inner, [a, b]) => inner + a * b, 0), 0);
    const forward = inner(dy, (i) => convForwardEntry(i, layer, x, w));
    expect(inner(x, (i) => convInputEntry(i, layer, dy, w))).toBe(forward);
    expect(inner(w, (i) => convWeightEntry(i, layer, x, dy))).toBe(forward);
    expect(forward).not.toBe(0);
  });
});
