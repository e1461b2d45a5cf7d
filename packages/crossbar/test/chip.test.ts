import {
  Chip,
  type ChipSpec,
  calibrate,
  defineChip,
  digitalBackend,
  type GivenChip,
  programAll,
  SharedLayers,
  withSigma,
} from "@neft/crossbar";
import { init } from "@neft/kernels";
import { type ArrayBackend, GraphBuilder, type Model, run, trainableParameters } from "@neft/model";
import { assign, backward, noGrad, normals, reduceSum, scope, square, stream, type Tensor, tensor } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(() => init());

const draw = { seed: 3, purpose: "test", index: 1 };

/** conv → ReLU → pool → depthwise conv → ReLU → flatten → linear: products of all common kinds. */
function network(): Model {
  const net = new GraphBuilder("network", { seed: 5 });
  const first = net.conv2d(net.input("x", [2, 10, 10]), { name: "c1", outputs: 6, kernel: 3, padding: 1 });
  const pooled = net.relu(net.maxPool2d(first, { name: "p", kernel: 2 }));
  const depthwise = net.relu(net.conv2d(pooled, { name: "c2", outputs: 6, kernel: 3, groups: 6 }));
  return net.build({ y: net.linear(net.flatten(depthwise), { name: "f1", outputs: 7 }) });
}

const samples = (count = 5): Tensor =>
  tensor(normals(stream(9, { purpose: "samples" }), count * 200), [count, 2, 10, 10]);

const outputOf = (model: Model, backend: ArrayBackend, count?: number): Float32Array =>
  scope(() => noGrad(() => run(model, samples(count), { backend }).outputs.get("y")!.floats()));

const largest = (values: Float32Array): number => values.reduce((most, one) => Math.max(most, Math.abs(one)), 0);

/** Largest difference, relative to the largest value. */
function distance(a: Float32Array, b: Float32Array): number {
  return largest(a.map((one, i) => one - b[i]!)) / largest(b);
}

/** Puts all weights on the grid of a mapping of 8 bits. */
function quantise(model: Model): void {
  for (const name of trainableParameters(model).filter((one) => one.endsWith("weight"))) {
    const weight = model.parameters.get(name)!;
    const values = weight.floats();
    const scale = largest(values);
    assign(
      weight,
      values.map((w) => (scale * Math.round((w / scale) * 255)) / 255),
    );
  }
}

const chip = (given: Omit<GivenChip, "device"> & { device?: GivenChip["device"] }): ChipSpec =>
  defineChip({ device: "ideal", ...given });

describe("a chip of exact cells", () => {
  it("computes the digital network bit for bit without quantisation", () => {
    const model = network();
    const own = new Chip(chip({ mapping: { weightBits: null } }), draw);
    expect(outputOf(model, own.backend())).toEqual(outputOf(model, digitalBackend));
    own.dispose();
    model.dispose();
  });

  it.each<[string, Omit<GivenChip, "device">]>([
    ["pairs, subtracted before the converter", {}],
    ["pairs, subtracted digitally", { tile: { subtract: "digital" } }],
    ["an offset", { mapping: { arrangement: "offset" } }],
    ["small tiles", { tile: { rows: 7, columns: 3 } }],
    ["one bit a cell", { mapping: { bitsPerCell: 1 } }],
    ["a scale for each column", { mapping: { scale: "column" } }],
    ["whole weights", { varies: "weights" }],
  ])("reads on its tiles what the quantised network computes: %s", (_, given) => {
    const model = network();
    quantise(model);
    const spec = chip(given);
    const own = new Chip(spec, draw);
    const exact = outputOf(model, own.backend());
    if (spec.mapping.scale === "tensor" && spec.mapping.arrangement === "differential")
      expect(distance(exact, outputOf(model, digitalBackend))).toBeLessThan(1e-6);
    expect(distance(outputOf(model, own.backend({ readsTiles: true })), exact)).toBeLessThan(1e-6);
    own.dispose();
    model.dispose();
  });
});

describe("converters", () => {
  const bits = (n: number) => ({ dac: { bits: n }, adc: { bits: n } });

  it("of many bits change little, of fewer bits more", () => {
    const model = network();
    const digital = outputOf(model, digitalBackend);
    const errors = [12, 8, 5].map((n) => {
      const spec = chip({ mapping: { weightBits: null }, ...bits(n) });
      const ranges = scope(() => calibrate(model, spec, samples()));
      const own = new Chip(spec, draw, { ranges });
      const error = distance(outputOf(model, own.backend()), digital);
      const counts = own.counts();
      expect(Object.keys(counts)).toEqual(["c1", "c2", "f1"]);
      for (const { inputs, sums } of Object.values(counts)) {
        expect(inputs.conversions).toBeGreaterThan(0);
        expect(sums.conversions).toBeGreaterThan(0);
        // The samples are those of the calibration; rounded inputs move sums a little beyond their range.
        expect(inputs.clipped / inputs.conversions + sums.clipped / sums.conversions).toBeLessThan(0.05);
      }
      own.dispose();
      return error;
    });
    expect(errors[0]).toBeLessThan(4e-3);
    expect(errors[1]).toBeGreaterThan(4 * errors[0]!);
    expect(errors[2]).toBeGreaterThan(4 * errors[1]!);
    model.dispose();
  });

  it("apply bits one after another with the same result where sums are exact", () => {
    const model = network();
    const outputs = [false, true].map((serial) => {
      const spec = chip({ mapping: { weightBits: null }, dac: { bits: 6, serial } });
      const own = new Chip(spec, draw, { ranges: scope(() => calibrate(model, spec, samples())) });
      const output = outputOf(model, own.backend());
      own.dispose();
      return output;
    });
    expect(distance(outputs[1]!, outputs[0]!)).toBeLessThan(2e-6);
    model.dispose();
  });

  it("need calibrated ranges", () => {
    const model = network();
    const own = new Chip(chip(bits(8)), draw);
    expect(() => outputOf(model, own.backend())).toThrow(/layer ".*": expected calibrated ranges for its converters/);
    own.dispose();
    model.dispose();
  });
});

describe("cells that vary", () => {
  it("have one draw for each chip, whether tiles or effective weights are read", () => {
    const model = network();
    for (const device of ["rram1", "pcm", "reram-wan2022", "normal-proportional"]) {
      const spec = withSigma(defineChip({ device, effects: [{ id: "programming" }] }), device === "rram1" ? 0.1 : 0.5);
      const own = new Chip(spec, draw);
      const output = outputOf(model, own.backend());
      expect(distance(outputOf(model, own.backend({ readsTiles: true })), output)).toBeLessThan(2e-6);
      const again = new Chip(spec, draw);
      expect(outputOf(model, again.backend())).toEqual(output);
      const other = new Chip(spec, { ...draw, index: 2 });
      expect(outputOf(model, other.backend())).not.toEqual(output);
      for (const one of [own, again, other]) one.dispose();
    }
    model.dispose();
  });

  it("give a sample the same noise in any batch, and new noise at each read", () => {
    const model = network();
    const spec = defineChip({ device: "ideal", effects: [{ id: "read-noise", sigma: 0.05 }] });
    const own = new Chip(spec, draw);
    const all = outputOf(model, own.backend(), 5);
    const first = outputOf(model, own.backend(), 2);
    expect(all.subarray(0, first.length)).toEqual(first);
    expect(outputOf(model, own.backend({ firstSample: 5 }), 2)).not.toEqual(first);
    expect(distance(all, outputOf(model, digitalBackend))).toBeGreaterThan(1e-3);
    own.dispose();
    model.dispose();
  });

  it("have slow read noise once a chip at an age where it isn't redrawn: then nothing acts per read", () => {
    const model = network();
    const spec = (redraw: "read" | "chip") =>
      chip({ device: "pcm", effects: [{ id: "flicker", redraw }], mapping: { weightBits: null } });
    const read = (one: Chip, time_s: number, firstSample = 0) => outputOf(model, one.backend({ time_s, firstSample }));
    const [redrawn, slow] = [new Chip(spec("read"), draw), new Chip(spec("chip"), draw)];
    expect([redrawn.isPerRead, slow.isPerRead]).toEqual([true, false]);
    expect(read(slow, 60)).toEqual(read(slow, 60, 5));
    expect(read(redrawn, 60)).not.toEqual(read(redrawn, 60, 5));
    expect(read(slow, 60)).not.toEqual(read(slow, 3600));
    expect(read(slow, 60)).not.toEqual(outputOf(model, digitalBackend));
    for (const one of [redrawn, slow]) one.dispose();
    model.dispose();
  });

  it("pass gradients straight through", () => {
    const model = network();
    const spec = defineChip({ device: "rram1", sigma: 0.01, dac: { bits: 8 }, adc: { bits: 8 } });
    const ranges = scope(() => calibrate(model, spec, samples()));
    const own = new Chip(spec, draw, { ranges });
    const weights = trainableParameters(model).map((name) => model.parameters.get(name)!);
    const gradients = (one: ArrayBackend) =>
      scope(() =>
        backward(reduceSum(square(run(model, samples(), { backend: one }).outputs.get("y")!)), weights).map(
          (gradient) => gradient.floats(),
        ),
      );
    const [through, digital] = [gradients(own.backend({ trains: true })), gradients(digitalBackend)];
    through.forEach((gradient, i) => {
      const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, one, j) => sum + one * b[j]!, 0);
      const cosine = dot(gradient, digital[i]!) / Math.sqrt(dot(gradient, gradient) * dot(digital[i]!, digital[i]!));
      expect(cosine).toBeGreaterThan(0.9);
    });
    own.dispose();
    model.dispose();
  });
});

describe("wires", () => {
  it("change effective weights as they change the read of tiles", () => {
    const model = network();
    const device = { ...defineChip({ device: "pcm" }).device };
    for (const wires of ["exact", "fast"] as const) {
      const spec = defineChip({
        device,
        mapping: { weightBits: null },
        effects: [],
        tile: { rows: 16, columns: 4, rWire_ohm: 20, wires },
      });
      const own = new Chip(spec, draw);
      const output = outputOf(model, own.backend());
      const moved = distance(output, outputOf(model, digitalBackend));
      expect(moved).toBeGreaterThan(1e-3);
      expect(distance(outputOf(model, own.backend({ readsTiles: true })), output)).toBeLessThan(2e-6);
      own.dispose();
    }
    model.dispose();
  });
});

describe("compensation", () => {
  it("of drift brings the outputs' scale back", () => {
    const model = network();
    const digital = outputOf(model, digitalBackend);
    const errorOf = (drift: "none" | "global" | "column") => {
      const spec = defineChip({
        device: "pcm",
        sigma: 0,
        mapping: { weightBits: null },
        effects: [{ id: "programming" }, { id: "drift" }],
        compensation: { drift },
      });
      const own = new Chip(spec, draw);
      const error = distance(outputOf(model, own.backend({ time_s: 86_400 })), digital);
      own.dispose();
      return error;
    };
    const [none, global, column] = (["none", "global", "column"] as const).map(errorOf);
    expect(none).toBeGreaterThan(0.3);
    expect(global).toBeLessThan(none! / 2);
    expect(column).toBeLessThan(none! / 2);
    model.dispose();
  });

  it("of columns brings the sums nearest to the exact ones", () => {
    const model = network();
    const digital = outputOf(model, digitalBackend);
    const spec = defineChip({ device: "rram1", sigma: 0.3, compensation: { columns: "affine" } });
    const [plain, corrected] = [false, true].map((corrects) => {
      const own = new Chip(spec, draw);
      if (corrects)
        scope(() => noGrad(() => run(model, samples(40), { backend: { product: (product) => own.correct(product) } })));
      const error = distance(outputOf(model, own.backend()), digital);
      own.dispose();
      return error;
    });
    expect(corrected).toBeLessThan(plain!);
    model.dispose();
  });
});

it("whole weights on a chip are those that programAll gives", () => {
  const model = network();
  const spec = { ...defineChip({ device: "rram4", varies: "weights", sigma: 0.2 }) };
  const own = new Chip(spec, draw);
  const output = outputOf(model, own.backend());
  const whole = programAll(model, spec, draw);
  for (const [name, weight] of whole.weights) assign(model.parameters.get(name)!, weight.floats());
  expect(outputOf(model, digitalBackend)).toEqual(output);
  for (const one of [own, whole]) one.dispose();
  model.dispose();
});

describe("layers that chips share", () => {
  const spec = chip({
    device: "pcm",
    mapping: { scale: "column" },
    tile: { rows: 7 },
    effects: [{ id: "programming" }, { id: "drift" }, { id: "flicker" }],
  });
  const read = (model: Model, index: number, shared?: SharedLayers, time_s = 60): Float32Array => {
    const own = new Chip(spec, { ...draw, index }, {}, shared);
    const output = outputOf(model, own.backend({ time_s }));
    own.dispose();
    return output;
  };

  it("change no number, at any age, until weights change", () => {
    const model = network();
    const shared = new SharedLayers();
    for (const [index, time_s] of [
      [0, 60],
      [1, 60],
      [1, 3600],
    ] as const) {
      expect(read(model, index, shared, time_s)).toEqual(read(model, index, undefined, time_s));
    }
    const weight = model.parameters.get("c1.weight")!;
    assign(
      weight,
      weight.floats().map((w) => 2 * w),
    );
    shared.forgetWeights();
    expect(read(model, 2, shared)).toEqual(read(model, 2));
    model.dispose();
  });

  it("are found once for all of them", () => {
    const model = network();
    const shared = new SharedLayers();
    const found: unknown[] = [];
    for (let index = 0; index < 2; index++) {
      const watch: ArrayBackend = {
        product: (product) => {
          found.push(shared.elementsOf(product), shared.mappedOf(spec, product).target);
          return digitalBackend.product(product);
        },
      };
      outputOf(model, watch);
    }
    const half = found.length / 2;
    expect(half).toBe(6);
    for (let i = 0; i < half; i++) expect(found[half + i]).toBe(found[i]);
    model.dispose();
  });
});
