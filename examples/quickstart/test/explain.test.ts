import { describe, expect, it } from "vitest";
import { chartSpec, drawChart } from "../chart.mjs";
import { difference, explain, inWords } from "../explain.mjs";
import { runs, trainedSigma } from "../runs.mjs";

const accuracy = (mean: number, half: number) => ({ mean, ci95: [mean - half, mean + half] });

describe("difference", () => {
  it("adds the intervals of both in quadrature", () => {
    const { mean, half } = difference(accuracy(96, 0.3), accuracy(95, 0.4));
    expect(mean).toBeCloseTo(1);
    expect(half).toBeCloseTo(0.5);
    expect(inWords({ mean, half })).toBe("+1.00 ± 0.50");
    expect(inWords(difference(accuracy(94, 0.3), { mean: 95, ci95: null }))).toBe("−1.00");
  });
});

describe("explain", () => {
  const flat = Object.fromEntries(runs.map(({ id }) => [id, accuracy(96, 0.5)]));

  it("says that the temperature explains a gain that the control has too, and that clipping beats both where it does", () => {
    const text = explain(
      { ...flat, "noise-injection": accuracy(94, 0.5), "noise-injection-clip2": accuracy(98.7, 0.1) },
      0.2,
    ).join("\n");
    expect(text).toContain("OVF against noise injection: +2.00 ± 0.71");
    expect(text).toContain("It doesn't differ from its control beyond the interval (+0.00 ± 0.71)");
    expect(text).toContain("Plain clipping beats both");
  });

  it("reports a gain over the control as the feedback's, and a loss as its cost", () => {
    const text = explain({ ...flat, ovf: accuracy(98, 0.5), irs: accuracy(94, 0.5) }, 0.2).join("\n");
    expect(text).toContain("It is above its control by +2.00 ± 0.71: the feedback itself increases the accuracy here.");
    expect(text).toContain("It is below its control by −2.00 ± 0.71: the feedback itself decreases the accuracy here.");
    expect(text).not.toContain("Plain clipping beats both");
  });
});

describe("the chart", () => {
  it("draws every network in both halves, as SVG and PNG", async () => {
    const rows = runs.flatMap(({ name }, i) =>
      [0.1, 0.2].map((sigma) => ({ network: name, sigma, mean: 90 + i, low: 89 + i, high: 91 + i, p5: 88, worst: 85 })),
    );
    const { svg, png } = await drawChart(chartSpec(rows, trainedSigma, "title"));
    for (const { name } of runs) expect(svg).toContain(`>${name}<`);
    expect([...png.subarray(1, 4)].map((byte: number) => String.fromCharCode(byte)).join("")).toBe("PNG");
  });
});
