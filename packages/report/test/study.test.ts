import { createReport, type StudyRow } from "@neft/report";
import { describe, expect, it } from "vitest";
import { cellsOf, pairedDifference, summaryOf } from "../src/study-summary.js";
import { study, studyRow } from "./results.js";

const chips = (...accuracy: number[]): Pick<StudyRow, "chips"> => ({ chips: { accuracy } });
const cell = (...rows: StudyRow[]) => ({ panel: "p", method: "m", sigma: 0.2, rows });

describe("cells", () => {
  it("stand in a plot for each model, device and σ of training; untrained networks in all of theirs", () => {
    const cells = cellsOf([
      studyRow({ method: "none", trainSigma: null }),
      studyRow({ method: "OVF", trainSigma: 0.2 }),
      studyRow({ method: "OVF", trainSigma: 0.2, seed: 2 }),
      studyRow({ method: "OVF", trainSigma: 0.4 }),
      studyRow({ method: "none", trainSigma: null, device: "fefet2" }),
    ]);
    expect(cells.map(({ panel, method, rows }) => [panel, method, rows.length])).toEqual([
      ["lenet5, rram1, trained at σ 0.2", "none", 1],
      ["lenet5, rram1, trained at σ 0.4", "none", 1],
      ["lenet5, rram1, trained at σ 0.2", "OVF", 2],
      ["lenet5, rram1, trained at σ 0.4", "OVF", 1],
      ["lenet5, fefet2", "none", 1],
    ]);
  });

  it("have the interval over chips with one seed, and over seeds with several", () => {
    // Mean 92, standard deviation 2, t(2) = 4.302653.
    const one = summaryOf(cell(studyRow(chips(90, 92, 94))));
    expect(one.mean).toBe(92);
    expect(one.half).toBeCloseTo((4.302653 * 2) / Math.sqrt(3), 5);
    // Means of seeds 92 and 93: standard deviation 0.707107, t(1) = 12.706205.
    const two = summaryOf(cell(studyRow(chips(90, 92, 94)), studyRow({ seed: 2, ...chips(92, 94) })));
    expect(two.mean).toBe(92.5);
    expect(two.half).toBeCloseTo((12.706205 * Math.SQRT1_2) / Math.SQRT2, 5);
    expect(two.interval![1]).toBeLessThanOrEqual(100);
    expect(summaryOf(cell(studyRow(chips(90)))).half).toBeNull();
  });
});

describe("paired differences", () => {
  it("pair chips of a seed", () => {
    const difference = pairedDifference(cell(studyRow(chips(91, 94, 97))), cell(studyRow(chips(90, 92, 94))));
    // Differences 1, 2, 3.
    expect(difference!.mean).toBe(2);
    expect(difference!.half).toBeCloseTo(4.302653 / Math.sqrt(3), 5);
  });

  it("pair seeds, and every seed with a network that wasn't trained", () => {
    const seeds = [studyRow(chips(91, 93)), studyRow({ seed: 2, ...chips(92, 94) })];
    const trained = cell(studyRow(chips(90, 92)), studyRow({ seed: 2, ...chips(90, 92) }));
    // Differences of the seeds: 1 and 2.
    expect(pairedDifference(cell(...seeds), trained)!.mean).toBe(1.5);
    const untrained = cell(studyRow({ trainSigma: null, seed: 7, ...chips(90, 92) }));
    expect(pairedDifference(cell(...seeds), untrained)!.mean).toBe(1.5);
    expect(pairedDifference(cell(...seeds), cell(studyRow({ seed: 9 }), studyRow({ seed: 8 })))).toBeNull();
  });
});

it("a study's tables have the best in bold and differences from the baseline", () => {
  const [section] = createReport([{ title: "s", file: study() }], { baseline: "noise injection" }).sections;
  const [accuracy, differences] = section!.tables;
  expect(accuracy!.columns.map(({ title }) => title)).toEqual(["method", "σ 0.1", "σ 0.3"]);
  const best = accuracy!.rows.map(([method, ...cells]) => [
    method,
    cells.map((one) => (one as { isBest: boolean }).isBest),
  ]);
  expect(best).toEqual([
    ["none", [false, false]],
    ["noise injection", [false, false]],
    ["OVF", [true, true]],
  ]);
  expect(differences!.rows.map(([method]) => method)).toEqual(["none", "OVF"]);
  const [, [, ovf]] = differences!.rows as unknown as [unknown, [string, { mean: number; half: number }]];
  expect(ovf.mean).toBeCloseTo(2, 9);
  expect(ovf.half).toBeCloseTo(0, 9);
});
