import { createReport, type ReportedEvaluation, renderReport, type StudyFile, tableForms } from "@neft/report";
import { describe, expect, it } from "vitest";
import { draw } from "./drawing.js";
import { deviation, equalisation, evaluation, finetuning, study } from "./results.js";

const names = [
  '</title></style></svg><script>alert("x")</script>"><img src=x onerror=alert(1)>',
  "'; url(#clip1) --> & &amp; <b>",
  "\u001b[31mred\u0000\u202e\n\r| * _ ` $ # \\ { } ~ ^ %",
  "__proto__",
  "{{expr}} datum.x",
  "x".repeat(20_000),
  "é σ 漢字 😀",
  "",
];

/** Replaces all texts of a file by hostile ones, but those that say what it is. */
function spoilt<T>(value: T, text: string, key = ""): T {
  if (typeof value === "string") return (["kind", "neft", "node", "build"].includes(key) ? value : text) as T;
  if (Array.isArray(value)) return value.map((one) => spoilt(one, text)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      key === "settings" || key === "metrics" ? text : name,
      spoilt(one, text, name),
    ]),
  ) as T;
}

describe.each(names.map((name) => [JSON.stringify(name.slice(0, 50)), name]))("names like %s", (_, name) => {
  const files = [
    spoilt(evaluation({ hasChips: true, hasLayers: true }), name),
    spoilt(deviation(), name),
    spoilt(finetuning(), name),
    spoilt(equalisation(), name),
    spoilt(study({ models: ["a"] }), name),
    evaluation({ hasMetrics: true }) as ReportedEvaluation,
    study() as StudyFile,
  ];
  const report = createReport(
    files.map((file) => ({ title: name, file })),
    { title: name },
  );

  it("make no markup, and charts that can be drawn", async () => {
    const { html, charts } = await renderReport(report, draw);
    expect(html).not.toMatch(/<script|<img|<b>|onerror=alert\(1\)>(?!;)/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that must not appear
    expect(html).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
    expect(html.match(/<title>/g)).toHaveLength(1);
    expect(html.match(/<svg /g)).toHaveLength(charts.length);
    expect(html.match(/<\/svg>/g)).toHaveLength(charts.length);
    for (const { plainSvg } of charts) expect(plainSvg).not.toMatch(/<script|<img|<b>/);
    expect(html.length).toBeLessThan(5e6);
  });

  it("keep tables whole in every form", () => {
    for (const table of report.sections.flatMap(({ tables }) => tables)) {
      const count = (form: string): number => tableForms[form]!.write(table).trimEnd().split("\n").length;
      expect(count("md")).toBe(2 + table.rows.length);
      expect(count("csv")).toBe(1 + table.rows.length);
      expect(count("tex")).toBe(6 + table.rows.length);
    }
  });
});
