import {
  createReport,
  type RenderedReport,
  type Report,
  type ReportedFile,
  renderReport,
  type Source,
} from "@neft/report";
import { beforeAll, describe, expect, it, test } from "vitest";
import { draw } from "./drawing.js";
import { deviation, equalisation, evaluation, finetuning, study } from "./results.js";

const sources = (...files: readonly ReportedFile[]): Source[] =>
  files.map((file, i) => ({ title: `results ${i + 1}`, file }));

/** Reports of all kinds of results, alone and compared. */
const reports: Readonly<Record<string, Report>> = {
  "an evaluation": createReport(sources(evaluation({ hasChips: true, hasMetrics: true, hasLayers: true }))),
  "an evaluation of an older version": createReport(sources(evaluation())),
  "an evaluation with one σ": createReport(sources(evaluation({ sigmas: [0.2], hasChips: true, hasMetrics: true }))),
  "an evaluation with one chip": createReport(sources(evaluation({ chips: 1, hasChips: true }))),
  "an evaluation at several ages": createReport(
    sources(evaluation({ sigmas: [1], times: [1, 3600, 86_400], hasChips: true, hasMetrics: true })),
  ),
  "an evaluation of several σ and ages": createReport(sources(evaluation({ times: [1, 3600], hasChips: true }))),
  "many evaluations": createReport(sources(...Array.from({ length: 12 }, () => evaluation({ hasChips: true })))),
  deviations: createReport(sources(deviation(), deviation())),
  "a finetuning": createReport(sources(finetuning())),
  "a distillation": createReport(sources(finetuning("relativeError"))),
  "an equalisation": createReport(sources(equalisation())),
  "all kinds": createReport(sources(evaluation(), deviation(), finetuning(), equalisation(), study())),
  "a study": createReport(sources(study({ models: ["lenet5", "vgg8"], trainSigmas: [0.2, 0.4] }))),
  "a study with one seed": createReport(sources(study({ seeds: [1] })), { baseline: "noise injection" }),
};

describe.each(Object.entries(reports))("the report of %s", (_, report) => {
  let rendered: RenderedReport;
  beforeAll(async () => {
    rendered = await renderReport(report, draw);
  });

  it("has charts that Vega-Lite draws without a warning, and a page that needs nothing else", () => {
    const { html, charts } = rendered;
    expect(charts.length).toBeGreaterThan(0);
    for (const { svg, plainSvg } of charts) {
      expect(plainSvg).not.toMatch(/NaN|undefined|Infinity/);
      expect(svg).toContain("prefers-color-scheme:dark");
    }
    expect(html).not.toMatch(/<script|<link|<img|\bsrc=|\bon\w+=|@import|undefined|NaN|\[object/);
    const addresses = html.match(/https?:[^"' <]*/g) ?? [];
    expect(new Set(addresses)).toEqual(new Set(["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"]));
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it("has different ids, which all references name", () => {
    const { html } = rendered;
    const ids = [...html.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id!);
    expect(ids.length).toBe(new Set(ids).size);
    const references = [...html.matchAll(/url\(#([^)]+)\)|href="#([^"]+)"/g)].map(([, url, link]) => url ?? link!);
    for (const one of references) expect(ids).toContain(one);
    const names = report.sections.flatMap(({ charts }) => charts.map(({ id }) => id));
    const tables = report.sections.flatMap((section) => section.tables.map(({ id }) => id));
    for (const list of [names, tables]) {
      expect(list.length).toBe(new Set(list).size);
      for (const name of list) expect(name).toMatch(/^[a-z0-9-]+$/);
    }
  });

  it("has tables whose rows have a cell for each column", () => {
    for (const { columns, rows } of report.sections.flatMap((section) => section.tables))
      for (const row of rows) expect(row).toHaveLength(columns.length);
  });

  it("is plain data", () => {
    expect(JSON.parse(JSON.stringify(report.sections.map(({ charts }) => charts)))).toEqual(
      report.sections.map(({ charts }) => charts),
    );
  });
});

const chartIds = (report: Report): string[] => report.sections.flatMap(({ charts }) => charts.map(({ id }) => id));
const rowsOf = (report: Report, id: string): Record<string, unknown>[] => {
  const chart = report.sections.flatMap(({ charts }) => charts).find((one) => one.id === id)!;
  return (chart.spec as { data: { values: Record<string, unknown>[] } }).data.values;
};

describe("what a report shows of an evaluation", () => {
  it("says so where files have no values of chips", () => {
    const [section] = reports["an evaluation of an older version"]!.sections;
    expect(section!.notes).toEqual([expect.stringContaining("no values of single chips")]);
    expect(chartIds(reports["an evaluation of an older version"]!)).toEqual([
      "accuracy",
      "confidence",
      "mutual-information",
    ]);
    expect(reports["an evaluation"]!.sections[0]!.notes).toEqual([]);
  });

  it("has metrics raw and after a temperature, those that users define, too", () => {
    expect(chartIds(reports["an evaluation"]!)).toEqual([
      ...["accuracy", "distribution", "yield", "confidence", "confidence-scaled"],
      ...["mutual-information", "nll", "ece", "metric-4"],
    ]);
    const rows = rowsOf(reports["an evaluation"]!, "nll");
    expect(rows.map(({ x, y, kind }) => [x, y, kind])).toEqual([
      [0.1, 0.1, "as they are"],
      [0.2, 0.1, "as they are"],
      [0.1, 0.2, "after a temperature"],
      [0.2, 0.2, "after a temperature"],
    ]);
  });

  it("begins curves at the digital network, but not those of chips with converters", () => {
    const of = (name: string): unknown[] => rowsOf(reports[name]!, "accuracy").map(({ x, y }) => [x, y]);
    expect(of("an evaluation of an older version")).toEqual([
      [0, 99],
      [0.1, 95],
      [0.2, 91],
    ]);
    expect(of("an evaluation")).toEqual([
      [0.1, 95],
      [0.2, 91],
    ]);
  });

  it("has percentiles of the chips", () => {
    const [first] = rowsOf(reports["an evaluation with one σ"]!, "accuracy");
    // Numbers from 0.618 mod 1, less 0.5, around 91.
    const values = Array.from({ length: 20 }, (_, i) => 90.5 + (((i + 1) * 0.618034) % 1)).sort((a, b) => a - b);
    const at = (position: number): number => values[position]! + 0.95 * (values[position + 1]! - values[position]!);
    expect(first!.from).toBeCloseTo(at(0), 9);
    expect(first!.to).toBeCloseTo(values[18]! + 0.05 * (values[19]! - values[18]!), 9);
  });

  it("stands against the ages where chips have one σ and several ages", () => {
    expect(rowsOf(reports["an evaluation at several ages"]!, "accuracy").map(({ x }) => x)).toEqual([
      "1 s",
      "1 h",
      "1 d",
    ]);
    const names = rowsOf(reports["an evaluation of several σ and ages"]!, "mutual-information");
    expect(new Set(names.map(({ series }) => series))).toEqual(new Set(["results 1, 1 s", "results 1, 1 h"]));
  });
});

test("settings that differ stand apart from those that are the same", () => {
  const other = evaluation({ more: { settings: { device: "rram4", sigma: [0.1, 0.2], seed: 1, limit: 5 } } });
  const { sections } = createReport(sources(evaluation(), other));
  const tables = sections.find(({ id }) => id === "settings")!.tables;
  expect(tables.map(({ id, rows }) => [id, rows])).toEqual([
    ["origin", expect.any(Array)],
    [
      "settings-different",
      [
        ["device", "rram1", "rram4"],
        ["chip.mapping.bits", "4", null],
        ["limit", null, "5"],
      ],
    ],
    [
      "settings-same",
      [
        ["sigma", "0.1, 0.2", "0.1, 0.2"],
        ["seed", "1", "1"],
      ],
    ],
  ]);
});

test("warnings are those of the files, and one where versions differ", () => {
  const newer = evaluation({ more: { versions: { neft: "0.2.0", node: "20.0.0" } } });
  expect(createReport(sources(deviation(), finetuning(), newer)).warnings).toEqual([
    "results 1: the outputs are saturated",
    "results 2: the learning rate is high",
    expect.stringMatching(/^The results are of neft 0\.1\.0 and 0\.2\.0/),
  ]);
});

test.each<[string, readonly unknown[], object, string]>([
  ["no results", [], {}, "report: results: expected at least one result, got []"],
  ["another kind", [{ title: "b", file: { kind: "benchmark" } }], {}, 'got "benchmark"'],
  ["an unknown method", sources(study()), { baseline: "IRS" }, 'expected one of "none", "noise injection", "OVF"'],
  ["a method without a study", sources(evaluation()), { baseline: "IRS" }, "expected results of a study"],
])("refuses %s", (_, given, options, message) => {
  expect(() => createReport(given as Source[], options)).toThrow(message);
});
