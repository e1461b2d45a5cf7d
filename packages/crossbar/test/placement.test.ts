import { chipOf, chipSettings, defineChip, layerTargets, timeInWords, timeKind, withChip } from "@neft/crossbar";
import { init } from "@neft/kernels";
import { GraphBuilder, type Model } from "@neft/model";
import { assign, zeros } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(() => init());

/** A depthwise convolution of 4 channels, and a linear layer of 36 weights by 5. */
function network(): Model {
  const net = new GraphBuilder("network", { seed: 5 });
  const first = net.conv2d(net.input("x", [4, 5, 5]), { name: "c1", outputs: 4, kernel: 3, groups: 4 });
  return net.build({ y: net.linear(net.flatten(first), { name: "f1", outputs: 5 }) });
}
const samples = () => zeros([1, 4, 5, 5]);
const sum = (counts: Float64Array): number => counts.reduce((total, n) => total + n, 0);

describe("layers on tiles", () => {
  it("count each cell once in the histograms of arms and slices", () => {
    const model = network();
    const spec = defineChip({ device: "ideal", tile: { rows: 20, columns: 4 } });
    const [depthwise, linear] = layerTargets(model, spec, samples);
    // Two blocks of 9 × 1 stand on the diagonal of a tile; 36 × 5 is cut in two both ways.
    expect(depthwise).toMatchObject({ layer: "c1", blocks: 4, inputs: 9, outputs: 1, arms: 2, slices: 4, tiles: 16 });
    expect(linear).toMatchObject({ layer: "f1", blocks: 1, inputs: 36, outputs: 5, tiles: 32, cells: 1440 });
    for (const { histograms, cells } of [depthwise!, linear!]) {
      const counts = histograms.flat().map(sum);
      expect(counts).toHaveLength(8);
      for (const count of counts) expect(count).toBe(cells / 8);
    }
    model.dispose();
  });

  it("have bins for levels, or 32 where weights aren't quantised", () => {
    const model = network();
    const weight = model.parameters.get("f1.weight")!;
    const spec = defineChip({ device: "rram-milo", mapping: { weightBits: 2, bitsPerCell: 2 } });
    const [, linear] = layerTargets(model, spec, samples);
    const scale = weight.floats().reduce((most, w) => Math.max(most, Math.abs(w)), 0);
    const levels = [0, 1, 2, 3].map(
      (level) => weight.floats().filter((w) => Math.round(Math.max(0, (3 * w) / scale)) === level).length,
    );
    expect([...linear!.histograms[0]![0]!]).toEqual(levels);
    const unquantised = defineChip({ device: "pcm", mapping: { weightBits: null } });
    expect(
      layerTargets(model, unquantised, samples)[1]!
        .histograms.flat()
        .map((one) => one.length),
    ).toEqual([32, 32]);
    model.dispose();
  });

  it("refuse weights that aren't finite", () => {
    const model = network();
    const weight = model.parameters.get("f1.weight")!;
    assign(weight, weight.floats().fill(Number.NaN, 3, 4));
    expect(() => layerTargets(model, defineChip({ device: "pcm" }), samples)).toThrow(
      'parameter "f1.weight": expected finite weights, got NaN or infinite ones',
    );
    model.dispose();
  });
});

describe("times", () => {
  it.each([
    ["90", 90, "90 s"],
    ["1m", 60, "1 min"],
    ["1.5h", 5400, "90 min"],
    ["30d", 2_592_000, "30 d"],
    ["1y", 31_557_600, "1 y"],
    ["0", 0, "0 s"],
  ])("in words: %s", (word, seconds, words) => {
    expect(timeKind.parse(word, "time")).toBe(seconds);
    expect(timeInWords(seconds)).toBe(words);
  });

  it.each([
    ["1w", "a unit of s, m, h, d, y"],
    ["x", "a number with a unit"],
    ["-1h", "a number ≥ 0"],
  ])("refuse %s", (word, expected) => expect(() => timeKind.parse(word, "time")).toThrow(expected));
});

describe("settings beside a chip", () => {
  it("may name the chip's own device, as results record it", () => {
    const { device, chip } = withChip({ chip: "pcm", device: "pcm" });
    expect(chipOf({ chip, perSample: false, weightBits: 8, bitsPerCell: 2, device } as never, 1).device).toBe(device);
    expect(() => withChip({ chip: "pcm", device: "rram1" })).toThrow("device: expected none beside chip");
  });

  it("say that a device of cells needs a chip", () => {
    expect(() => chipSettings.device.kind.check("pcm", "device")).toThrow("describe a chip of them, with chip");
    expect(() => chipSettings.device.kind.check("pmc", "device")).toThrow(/got "pmc"$/);
  });
});
