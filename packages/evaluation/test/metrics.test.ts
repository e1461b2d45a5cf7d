import { readFileSync } from "node:fs";
import { rram1, weightChip, withSigma } from "@neft/crossbar";
import {
  type ChipScores,
  chipPurposes,
  createEvaluationState,
  defaultMetrics,
  defineMetric,
  disposeEvaluationState,
  type EvaluateOptions,
  type EvaluationResult,
  evaluate,
  evaluateChips,
  fitTemperature,
  meanEstimate,
  metrics,
  predict,
} from "@neft/evaluation";
import { init, memoryUse } from "@neft/kernels";
import { assign } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { cloningWorkers, toyImages, toyNet, toyNormalisation } from "./toy.js";

const learnt: Record<string, string> = JSON.parse(
  readFileSync(new URL("./golden/toy-weights.json", import.meta.url), "utf8"),
);

const all = [...metrics.keys()];
const yieldAccuracy = [60, 90];
let options: EvaluateOptions;
let temperatureData: EvaluateOptions["temperatureData"];

beforeAll(async () => {
  await init();
  const model = toyNet({ seed: 3 });
  for (const [name, parameter] of model.parameters) {
    const bytes = Uint8Array.from(atob(learnt[name]!), (character) => character.charCodeAt(0));
    assign(parameter, new Float32Array(bytes.buffer));
  }
  const normalisation = toyNormalisation(toyImages(450));
  options = { model, data: toyImages(230, { seed: 2 }), normalisation, device: rram1, sigma: 0.25, chips: 6, seed: 5 };
  temperatureData = { data: toyImages(120, { seed: 3 }), normalisation };
});

/** Softmax of each row of scores divided by a temperature, in float64. */
function softmaxes({ scores, classes }: Pick<ChipScores, "scores" | "classes">, temperature: number): number[][] {
  return Array.from({ length: scores.length / classes }, (_, row) => {
    const own = [...scores.subarray(row * classes, (row + 1) * classes)].map((score) => score / temperature);
    const most = Math.max(...own);
    const exponentials = own.map((score) => Math.exp(score - most));
    const total = exponentials.reduce((sum, one) => sum + one, 0);
    return exponentials.map((one) => one / total);
  });
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const entropyOf = (p: readonly number[]): number =>
  -p.reduce((sum, one) => sum + (one > 0 ? one * Math.log(one) : 0), 0);

/** All metrics by their definitions, from the softmax of each chip, [chips][samples][classes]. */
function naive(chips: readonly number[][][], labels: Int32Array) {
  const rows = chips.map((samples) =>
    samples.map((p, i) => {
      const confidence = Math.max(...p);
      return { confidence, right: p.indexOf(confidence) === labels[i], loss: -Math.log(p[labels[i]!]!) };
    }),
  );
  const perChip = {
    accuracy: rows.map((samples) => 100 * average(samples.map(({ right }) => Number(right)))),
    loss: rows.map((samples) => average(samples.map(({ loss }) => loss))),
    confidence: rows.map((samples) => average(samples.map(({ confidence }) => confidence))),
  };
  const confidenceOf = (wanted: boolean) =>
    average(rows.flat().flatMap(({ confidence, right }) => (right === wanted ? [confidence] : [])));
  const gaps = rows.map((samples) => {
    const bins = Array.from({ length: 15 }, () => 0);
    for (const { confidence, right } of samples) bins[Math.ceil(confidence * 15) - 1]! += Number(right) - confidence;
    return bins.reduce((sum, gap) => sum + Math.abs(gap), 0) / samples.length;
  });
  const overSamples = (value: (sample: readonly number[][]) => number) =>
    average(chips[0]!.map((_, i) => value(chips.map((samples) => samples[i]!))));
  const n = chips.length;
  return {
    perChip,
    confidence: { right: confidenceOf(true), wrong: confidenceOf(false) },
    nll: average(perChip.loss),
    ece: average(gaps),
    "mutual-information": overSamples((ps) => {
      const meanP = ps[0]!.map((_, c) => average(ps.map((p) => p[c]!)));
      return entropyOf(meanP) - average(ps.map(entropyOf));
    }),
    kl: overSamples((ps) => {
      let sum = 0;
      for (const p of ps) for (const q of ps) sum += p.reduce((kl, one, c) => kl + one * Math.log(one / q[c]!), 0);
      return sum / (n * (n - 1));
    }),
  };
}

describe("metrics", () => {
  it("are those of their definitions, from the scores of each chip, raw and at the temperature", async () => {
    const given = { ...options, metrics: all, yieldAccuracy, temperatureData, keepScores: true };
    const { digital, results } = await evaluate(given);
    const [result] = results;
    const { labels, count } = options.data;
    const chips = Array.from({ length: 6 }, (_, index) =>
      predict({ ...options, on: { chip: withSigma(weightChip({ device: rram1 }), 0.25), seed: 5, index } }),
    );
    expect(result!.scores).toEqual(Float32Array.from(chips.flatMap(({ scores }) => [...scores])));
    const clean = predict({ ...options, on: { chip: withSigma(weightChip({ device: rram1 }), 0), seed: 5, index: 0 } });
    expect(digital.scores).toEqual(clean.scores);
    const { temperature } = result!.scaled!;
    expect(temperature).not.toBe(1);
    for (const [at, { metrics: values, perChip }] of [
      [1, result!],
      [temperature, result!.scaled!],
    ] as const) {
      const want = naive(
        chips.map(({ scores }) => softmaxes({ scores, classes: 4 }, at)),
        labels,
      );
      for (const name of ["loss", "confidence"] as const) {
        expect(perChip[name]).toHaveLength(6);
        for (const [i, value] of perChip[name].entries()) expect(value, name).toBeCloseTo(want.perChip[name][i]!, 5);
      }
      expect(values.nll!.mean).toBeCloseTo(want.nll, 5);
      expect(values.nll).toEqual(meanEstimate(perChip.loss));
      expect(values.ece!.mean).toBeCloseTo(want.ece, 5);
      expect(values.confidence!.right).toBeCloseTo(want.confidence.right, 5);
      expect(values.confidence!.wrong).toBeCloseTo(want.confidence.wrong, 5);
      expect(values["mutual-information"]).toBeCloseTo(want["mutual-information"], 5);
      expect(values.kl).toBeCloseTo(want.kl, 5);
      if (at === 1) {
        expect(result!.perChip.accuracy).toEqual(want.perChip.accuracy.map((one) => expect.closeTo(one, 9)));
        expect(values.yield!.map(({ accuracy, share }) => [accuracy, share])).toEqual(
          yieldAccuracy.map((least) => [least, average(want.perChip.accuracy.map((one) => Number(one >= least)))]),
        );
      }
    }
    // Each label's class is one of the four, and the network is better than chance.
    expect(digital.loss).toBeLessThan(Math.log(4));
    expect(count).toBe(230);
    // What results had before is the same.
    const { accuracy, confidence, mutualInformation } = result!;
    expect(result!.metrics.accuracy).toMatchObject(accuracy);
    expect(result!.metrics.confidence).toEqual(confidence);
    expect(result!.metrics["mutual-information"]).toBe(mutualInformation);
    expect(Object.keys(result!.scaled!.metrics)).toEqual(all.filter((id) => metrics.get(id)!.isScaled));
  });

  it("have the same bits for any number of workers and order of jobs, and leave no memory", async () => {
    const given = { ...options, sigma: [0, 0.25], metrics: all, yieldAccuracy, temperatureData, keepScores: true };
    const { live } = memoryUse();
    const alone = await evaluate(given);
    expect(memoryUse().live).toBe(live);
    for (const count of [1, 3])
      expect(await evaluate({ ...given, workers: cloningWorkers(count, count) })).toEqual(alone);
    // Chips without variation are equal.
    const [{ metrics: values, scaled, perChip }] = alone.results as [EvaluationResult["results"][number]];
    expect([values.kl, scaled!.metrics.kl, values["mutual-information"]]).toEqual([0, 0, 0]);
    expect(perChip.loss).toEqual(Array(6).fill(alone.digital.loss));
  });

  it("are the cheap ones where none are named, and a temperature changes no raw number", async () => {
    const [plain, scaled] = await Promise.all([evaluate(options), evaluate({ ...options, temperatureData })]);
    expect(Object.keys(plain.results[0]!.metrics)).toEqual(defaultMetrics);
    expect(plain.results[0]!.scaled).toBeUndefined();
    const { scaled: _, ...raw } = scaled.results[0]!;
    expect(raw).toEqual(plain.results[0]);
    const one = await evaluate({ ...options, chips: 1, metrics: ["kl", "nll"] });
    expect(one.results[0]!.metrics).toEqual({
      kl: null,
      nll: { mean: plain.results[0]!.perChip.loss[0], std: null, ci95: null, ci99: null },
    });
  });

  it("has no 99 % interval where looks widened that of 95 %", async () => {
    const { results } = await evaluate({ ...options, chips: 30, precision: 50 });
    expect(results[0]!.stopping).toEqual({ precision: 50, reached: true, looks: [24] });
    expect(results[0]!.metrics.accuracy!.ci99).toBeNull();
    expect(results[0]!.perChip.loss).toHaveLength(24);
  });

  it("a temperature minimises the loss of its data, on chips of its own", async () => {
    const { results } = await evaluate({ ...options, temperatureData, temperatureChips: 3 });
    const { temperature } = results[0]!.scaled!;
    const { data } = temperatureData!;
    const state = createEvaluationState({ model: options.model, ...temperatureData!, logits: "logits" });
    const chip = withSigma(weightChip({ device: rram1 }), 0.25);
    const scoresFor = (purpose: string) =>
      evaluateChips(state, { chip, seed: 5, purpose, from: 0, to: 3, probabilities: true, scores: true }).scores!;
    const scores = scoresFor(chipPurposes.temperatureChip);
    expect(scores).not.toEqual(scoresFor(chipPurposes.chip));
    const lossAt = (at: number) =>
      naive([softmaxes({ scores, classes: 4 }, at)], Int32Array.of(...data.labels, ...data.labels, ...data.labels)).nll;
    for (const factor of [0.98, 1.02]) expect(lossAt(temperature)).toBeLessThan(lossAt(temperature * factor));
    const size = scores.length / 3;
    const chips = [0, 1, 2].map((i) => ({ scores: scores.subarray(i * size, (i + 1) * size), labels: data.labels }));
    expect(fitTemperature(chips)).toBe(temperature);
    disposeEvaluationState(state);
  });

  it("warns of a temperature at the end of its range", async () => {
    const { data } = options;
    const on = { chip: withSigma(weightChip({ device: rram1 }), 0), seed: 5, index: 0 };
    const own = { ...data, labels: predict({ ...options, on }).argmax };
    const { normalisation } = options;
    const { results, warnings } = await evaluate({
      ...options,
      sigma: 0,
      temperatureData: { data: own, normalisation },
    });
    expect(results[0]!.scaled!.temperature).toBe(2 ** -10);
    expect(warnings.some((one) => one.startsWith("temperature: expected a minimum of the loss"))).toBe(true);
  });

  it("reports progress of the fit", async () => {
    const seen: string[] = [];
    await evaluate({
      ...options,
      chips: 2,
      temperatureData,
      temperatureChips: 2,
      onProgress: ({ done, total, fitting, accuracies }) =>
        seen.push(`${done}/${total} ${fitting ?? false} ${accuracies.length}`),
    });
    expect(seen).toEqual(["2/5 true 0", "3/5 false 1", "5/5 false 2"]);
  });
});

describe("defineMetric", () => {
  /** Share of samples whose label is among the two largest scores, in percent. */
  const top2 = ({ scores, labels, samples, classes }: ChipScores): number => {
    const isIn = (label: number, i: number): boolean => {
      const row = scores.subarray(i * classes, (i + 1) * classes);
      return row.filter((score) => score > row[label]!).length < 2;
    };
    return (100 * labels.filter(isIn).length) / samples;
  };

  it("adds a metric of each chip's scores, or of all chips' values, which runs with workers too", async () => {
    defineMetric({ id: "top-2", about: "label among the two largest scores", unit: "%", ofChip: top2 });
    defineMetric({
      id: "spread",
      about: "range of accuracies",
      ofChips: ({ accuracy }) => Math.max(...accuracy) - Math.min(...accuracy),
    });
    const given = { ...options, metrics: ["top-2", "spread", "accuracy"] };
    const alone = await evaluate(given);
    expect(await evaluate({ ...given, workers: cloningWorkers(3) })).toEqual(alone);
    const { metrics: values, perChip, scores } = alone.results[0]!;
    const { values: each, mean } = values["top-2"] as { values: number[]; mean: number };
    expect(each).toHaveLength(6);
    expect(each.every((one, i) => one >= perChip.accuracy[i]! && one <= 100)).toBe(true);
    expect(mean).toBeCloseTo(average(each), 10);
    expect(values.spread).toBe(Math.max(...perChip.accuracy) - Math.min(...perChip.accuracy));
    expect(scores).toBeUndefined();
  });

  it.each<[object, string]>([
    [{ id: "nll", about: "x", ofChip: top2 }, 'defineMetric: id: expected a new id, got "nll", which is taken'],
    [{ id: "A", about: "x", ofChip: top2 }, "id: expected an id of lower-case letters"],
    [{ id: "both", about: "x", ofChip: top2, ofChips: () => 1 }, "expected ofChip or ofChips, got both"],
    [{ id: "none", about: "x" }, "expected ofChip or ofChips, got neither"],
    [{ id: "wrong", about: "x", ofChip: 3 }, "ofChip: expected a function, got 3"],
    [{ id: "wrong", about: "x", ofChip: top2, kind: 1 }, "expected no option but"],
  ])("refuses %o", (row, message) => {
    expect(() => defineMetric(row as never)).toThrow(message);
    for (const id of ["A", "both", "none", "wrong"]) expect(metrics.has(id)).toBe(false);
  });

  it("refuses a value that isn't a finite number", async () => {
    defineMetric({ id: "not-a-number", about: "x", ofChip: () => Number.NaN });
    await expect(evaluate({ ...options, chips: 1, metrics: ["not-a-number"] })).rejects.toThrow(
      'metric "not-a-number": expected a finite number, got NaN',
    );
  });
});

describe("evaluate refuses", () => {
  it.each<[Partial<Record<keyof EvaluateOptions, unknown>>, string]>([
    [
      { metrics: ["accurracy"] },
      "metrics: expected one of accuracy, yield, confidence, nll, ece, mutual-information, kl",
    ],
    [{ metrics: [] }, "metrics: expected at least one, got none"],
    [{ metrics: ["yield"] }, "yieldAccuracy: expected accuracies with the metric yield, got none"],
    [{ yieldAccuracy: 101 }, "yieldAccuracy: expected a number ≥ 0 and ≤ 100, got 101"],
    [{ temperatureChips: 0 }, "temperatureChips: expected a whole number ≥ 1"],
    [
      { keepScores: true, chips: 100_000, sigma: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] },
      "evaluate: expected at most 2 GiB of kept class scores, got 2.1 GiB: 230 samples × 4 classes × (1 + 6 × 100000 chips) × 4 bytes",
    ],
  ])("%o", async (wrong, message) => {
    await expect(evaluate({ ...options, ...wrong } as EvaluateOptions)).rejects.toThrow(message);
  });
});
