import {
  Chip,
  ChipGroup,
  digitalBackend,
  givenBackend,
  ideal,
  programmingVariation,
  rram1,
  rram4,
  variationBackend,
} from "@neft/crossbar";
import { init } from "@neft/kernels";
import { type ArrayBackend, computeProduct, GraphBuilder, type Model, Model as Network, run } from "@neft/model";
import { add, noGrad, normals, parameter, scope, stream, type Tensor, tensor } from "@neft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawn, type FlatSettings } from "./flat-settings.js";

const settings: FlatSettings = { device: rram1, sigma: 0.2, seed: 1, purpose: "test", index: 0 };

/** Two layers that share one weight: fc(fc(x)). */
function sharedNet(): Model {
  const net = new GraphBuilder("shared", { seed: 1 });
  const x = net.input("x", [6]);
  const first = net.linear(x, { name: "fc", outputs: 6, bias: false });
  const second = net.node("Gemm", [first, "fc.weight"], { transB: 1 });
  return net.build({ y: second });
}

/** Two layers with a weight each. */
function plainNet(): Model {
  const net = new GraphBuilder("plain", { seed: 1 });
  const first = net.linear(net.input("x", [6]), { name: "fc", outputs: 6, bias: false });
  return net.build({ y: net.linear(first, { name: "fc2", outputs: 6, bias: false }) });
}

let model: Model;
let plain: Model;
let x: Tensor;
beforeAll(async () => {
  await init();
  model = sharedNet();
  plain = plainNet();
  x = parameter(
    Float32Array.from({ length: 18 }, (_, i) => Math.sin(i)),
    [3, 6],
  );
});
afterAll(() => {
  model.dispose();
  plain.dispose();
  x.dispose();
});

const outputOf = (
  network: Model,
  backend: Parameters<typeof run>[2] extends infer O ? NonNullable<O> : never,
): number[] => scope(() => [...(run(network, x, backend).outputs.get("y")!.toArray() as Float32Array)]);

describe("a chip", () => {
  it("gives the bits of variationBackend, and of the digital backend where nothing varies", () => {
    for (const change of [{}, { device: rram4 }, { index: 7 }, { sigma: 0 }, { device: ideal }]) {
      const chip = new Chip(...drawn({ ...settings, ...change }));
      const output = outputOf(model, { backend: chip.backend() });
      expect(output).toEqual(outputOf(model, { backend: variationBackend(...drawn({ ...settings, ...change })) }));
      chip.dispose();
    }
  });

  it("refuses a draw for every sample", () => {
    expect(() => new Chip(...drawn({ ...settings, perSample: true }))).toThrow(
      "program: expected one draw for the chip, got perSample",
    );
  });
});

/** Two convolutions: the first reads the input and is pooled, the second reads the pooled output. */
function convolutionalNet(): Model {
  const net = new GraphBuilder("convolutional", { seed: 2 });
  const images = net.input("images", [1, 12, 12]);
  const first = net.conv2d(images, { name: "conv1", outputs: 6, kernel: 5, padding: 2 });
  const pooled = net.relu(net.maxPool2d(first, { name: "pool", kernel: 2 }));
  return net.build({ y: net.relu(net.conv2d(pooled, { name: "conv2", outputs: 5, kernel: 3 })) });
}

describe("a group of chips", () => {
  it("gives each chip's own bits, whoever is first, and computes the first layer once for all", () => {
    const network = convolutionalNet();
    const draws = [0, 1, 2, 3].map((index) => ({ ...settings, index }));
    const [spec] = drawn(settings);
    scope(() =>
      noGrad(() => {
        const images = tensor(normals(stream(3, { purpose: "images" }), 6 * 144), [6, 1, 12, 12]);
        const read = (backend: ArrayBackend) => [...run(network, images, { backend }).outputs.get("y")!.floats()];
        const alone = draws.map((draw) => {
          const chip = new Chip(spec, draw);
          const output = read(chip.backend());
          chip.dispose();
          return output;
        });
        expect(new Set(alone.map(String)).size).toBe(4);
        const group = new ChipGroup(spec, draws);
        const backends = group.backends(images);
        for (const chip of [2, 0, 3, 1]) expect(read(backends[chip]!)).toEqual(alone[chip]);
        group.dispose();
      }),
    );
    network.dispose();
  });
});

describe("variationBackend", () => {
  it("is the digital backend bit for bit at σ = 0 and on the ideal device", () => {
    const digital = outputOf(model, { backend: digitalBackend });
    expect(outputOf(model, {})).toEqual(digital);
    expect(outputOf(model, { backend: variationBackend(...drawn({ ...settings, sigma: 0 })) })).toEqual(digital);
    expect(outputOf(model, { backend: variationBackend(...drawn({ ...settings, device: ideal })) })).toEqual(digital);
    expect(
      outputOf(model, { backend: variationBackend(...drawn({ ...settings, sigma: 0, perSample: true })) }),
    ).toEqual(digital);
  });

  it("is one chip: the same settings give the same draw, each setting of the stream another one", () => {
    const output = outputOf(plain, { backend: variationBackend(...drawn(settings)) });
    expect(outputOf(plain, { backend: variationBackend(...drawn(settings)) })).toEqual(output);
    const others = [{ seed: 2 }, { purpose: "other" }, { index: 1 }, { step: 1 }, { perSample: true }, { sigma: 0.3 }];
    const outputs = others.map((change) =>
      outputOf(plain, { backend: variationBackend(...drawn({ ...settings, ...change })) }).join(),
    );
    expect(new Set([output.join(), ...outputs]).size).toBe(1 + others.length);
  });

  it("draws a shared weight once", () => {
    // The first layer's rows of the identity show W + ΔW; the second layer must use the same.
    const identity = parameter(
      Float32Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? 1 : 0)),
      [6, 6],
    );
    const backend = variationBackend(...drawn(settings));
    const [first, second] = scope(() => {
      const { outputs } = run(model, identity, { backend, outputs: ["fc", "y"] });
      return [outputs.get("fc")!.toArray() as Float32Array, outputs.get("y")!.toArray() as Float32Array];
    });
    for (let r = 0; r < 6; r++) {
      for (let c = 0; c < 6; c++) {
        let expected = 0;
        for (let k = 0; k < 6; k++) expected += first![r * 6 + k]! * first![k * 6 + c]!;
        expect(second![r * 6 + c]).toBeCloseTo(expected, 4);
      }
    }
    identity.dispose();
  });

  it("varies by the standard deviations of the device", () => {
    const size = 200;
    const data = Float32Array.from({ length: size * size }, (_, i) => ((i % 101) - 50) / 50);
    const weight = parameter(data, [size, size]);
    const identity = parameter(
      Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0)),
      [size, size],
    );
    const network = new Network({
      name: "product",
      inputs: [{ name: "x", dtype: "f32", shape: ["N", size] }],
      outputs: [{ name: "y", dtype: "f32", shape: ["N", size] }],
      nodes: [{ name: "product", op: "MatMul", inputs: ["x", "w"], outputs: ["y"], attributes: {} }],
      parameters: new Map([["w", weight]]),
      constants: new Map(),
    });
    const { sMax, sigmaOuter, sigmaMid } = programmingVariation({ device: rram4, sigma: 0.2 }, 1);
    const varied = scope(() => {
      const backend = variationBackend(...drawn({ ...settings, device: rram4 }));
      return run(network, identity, { backend }).outputs.get("y")!.toArray() as Float32Array;
    });
    const squares = { outer: [0, 0], mid: [0, 0] } as { outer: [number, number]; mid: [number, number] };
    for (const [i, w] of data.entries()) {
      const ratio = Math.abs(w) / sMax;
      const group = ratio > 0.25 && ratio < 0.75 ? squares.mid : squares.outer;
      group[0] += (varied[i]! - w) ** 2;
      group[1] += 1;
    }
    // The standard error of a standard deviation of n normals is σ/√(2n): 0.5 % for 20,000; four of them.
    expect(Math.sqrt(squares.outer[0] / squares.outer[1]) / sigmaOuter).toBeCloseTo(1, 1.7);
    expect(Math.sqrt(squares.mid[0] / squares.mid[1]) / sigmaMid).toBeCloseTo(1, 1.7);
    network.dispose();
    identity.dispose();
  });

  it("per sample, gives a sample the draw of its place in the whole batch", () => {
    const perSample = { ...settings, perSample: true };
    const whole = outputOf(plain, { backend: variationBackend(...drawn(perSample)) });
    const rows = x.toArray() as Float32Array;
    const parts = [0, 1, 2].flatMap((row) =>
      scope(() => {
        const one = tensor(rows.slice(row * 6, row * 6 + 6), [1, 6]);
        const backend = variationBackend(...drawn({ ...perSample, firstSample: row }));
        return [...(run(plain, one, { backend }).outputs.get("y")!.toArray() as Float32Array)];
      }),
    );
    expect(parts).toEqual(whole);
  });

  it("per sample, refuses a weight of two matrix products, which would not see one ΔW", () => {
    expect(() => outputOf(model, { backend: variationBackend(...drawn({ ...settings, perSample: true })) })).toThrow(
      'parameter "fc.weight": expected one product with it for a draw for every sample, got nodes "fc" and "gemm1"',
    );
  });

  it("checks its settings at once", () => {
    expect(() => variationBackend(...drawn({ ...settings, sigma: Number.NaN }))).toThrow(
      "sigma: expected a number ≥ 0, got NaN",
    );
    expect(() => variationBackend(...drawn({ ...settings, bitsPerCell: 3 }))).toThrow(
      "bitsPerCell: expected a divisor of weightBits (8), got 3",
    );
  });
});

describe("givenBackend", () => {
  it("adds the given ΔW", () => {
    scope(() => {
      const delta = tensor(new Float32Array(36).fill(0.01), [6, 6]);
      const given = [
        ...(run(model, x, { backend: givenBackend(new Map([["fc.weight", delta]])) })
          .outputs.get("y")!
          .toArray() as Float32Array),
      ];
      const weight = model.parameters.get("fc.weight")!;
      const shifted = add(weight, delta);
      const digital: ArrayBackend = { product: (product) => computeProduct(product, shifted) };
      expect(given).toEqual([...(run(model, x, { backend: digital }).outputs.get("y")!.toArray() as Float32Array)]);
    });
  });

  it("names the weight it has no ΔW for, and one of another shape", () => {
    scope(() => {
      const none = givenBackend(new Map([["other", tensor(new Float32Array(1), [1])]]));
      expect(() => run(model, x, { backend: none })).toThrow(
        'weight "fc.weight": expected a given variation, got none; variations are given for other',
      );
      const wrong = givenBackend(new Map([["fc.weight", tensor(new Float32Array(6), [6])]]));
      expect(() => run(model, x, { backend: wrong })).toThrow(
        'weight "fc.weight": expected a variation of shape [6,6], got [6]',
      );
    });
  });
});
