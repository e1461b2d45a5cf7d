import { describe, expect, it } from "vitest";
import { type BenchmarkResult, drawBenchmark, type LayerTimes } from "../src/index.js";

const pass = (ms: number) => ({ ms, rate: 10, share: 0.5 });
const layer = (name: string, ms: number, added: number): LayerTimes => ({
  name,
  op: "Gemm",
  fused: [],
  outputShape: [8, 4],
  forward: pass(ms),
  backward: pass(2 * ms),
  variation: { forward: added, backward: 0 },
});

const result = (layers: readonly LayerTimes[]): BenchmarkResult => ({
  build: "simd128",
  roofline: 20,
  batch: 8,
  layers,
  programming: 1,
  evaluation: [{ threads: 1, samples: 100, chipsPerSecond: 12.345 }],
  training: [{ strategy: "ovf", threads: 1, stepsPerSecond: 3 }],
  memory: { evaluation: 1e6, training: { ovf: 2e6 } },
  estimates: { evaluation: [], finetuning: [] },
  warnings: [],
});

/** Elements of an SVG file, each with its attributes. @throws {Error} if tags don't match or markup isn't escaped. */
function elementsOf(svg: string): { name: string; attributes: Record<string, string> }[] {
  const open: string[] = [];
  const found: { name: string; attributes: Record<string, string> }[] = [];
  const body = svg.replace(/<style>[^<]*<\/style>/, "");
  const rest = body.replace(
    /<(\/?)([a-z]+)((?: [\w-]+="[^"<&]*(?:&\w+;[^"<&]*)*")*)(\/?)>/gi,
    (_, end, name, attributes, empty) => {
      if (end && open.pop() !== name) throw new Error(`closes ${name}`);
      if (!end) {
        const pairs = [...(attributes as string).matchAll(/ ([\w-]+)="([^"]*)"/g)].map(([, key, value]) => [
          key,
          value,
        ]);
        found.push({ name, attributes: Object.fromEntries(pairs) });
        if (!empty) open.push(name);
      }
      return "";
    },
  );
  if (open.length > 0 || /[<>]|&(?!(amp|lt|gt|quot);)/.test(rest)) throw new Error(`expected XML, got ${rest}`);
  return found;
}

describe("drawBenchmark", () => {
  it("draws bars in proportion to the times, from left to right", () => {
    const svg = drawBenchmark(result([layer("a", 2, 1), layer("b", 1, 0)]), "net");
    const bars = elementsOf(svg).filter(({ name, attributes }) => name === "rect" && attributes.height === "14");
    const widths = bars.map(({ attributes }) => Number(attributes.width));
    expect(bars.map(({ attributes }) => attributes.class)).toEqual([
      ...["forward", "backward", "variation"],
      ...["forward", "backward", "variation"],
    ]);
    expect(widths[0]).toBeGreaterThan(50);
    [1, 2, 0.5, 0.5, 1, 0].forEach((ratio, i) => void expect(widths[i]).toBeCloseTo(ratio * widths[0]!, 1));
    expect(Number(bars[1]!.attributes.x)).toBeCloseTo(Number(bars[0]!.attributes.x) + widths[0]!, 1);
  });

  it("draws no negative width where noise makes the variation seem faster", () => {
    const bars = elementsOf(drawBenchmark(result([layer("a", 2, -1)]), "net"));
    for (const { attributes } of bars) if (attributes.width) expect(Number(attributes.width)).toBeGreaterThanOrEqual(0);
  });

  it("is XML whatever names and the title contain", () => {
    const hostile = '</text><script>"&\u0000\u001b[31m\ud800\u202e';
    const svg = drawBenchmark(result([layer(hostile, 1, 0)]), hostile);
    expect(() => elementsOf(svg)).not.toThrow();
    expect(svg).not.toContain("<script>");
    expect(svg.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });

  it("draws tiny and no times", () => {
    for (const ms of [0, 1e-4, 12_345]) {
      const lines = elementsOf(drawBenchmark(result([layer("a", ms, 0)]), "net")).filter(({ name }) => name === "line");
      expect(lines.length).toBeGreaterThanOrEqual(3);
      expect(lines.length).toBeLessThanOrEqual(12);
    }
  });
});
