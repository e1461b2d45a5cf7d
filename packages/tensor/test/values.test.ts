import { init } from "@neft/kernels";
import {
  adaptiveAvgPool2d,
  avgPool2d,
  backward,
  batchNorm,
  batchNormTrain,
  type Conv2dAttributes,
  conv2d,
  conv2dEach,
  dropout,
  full,
  globalAvgPool,
  linear,
  matmul,
  maxPool2d,
  noGrad,
  parameter,
  reduceMax,
  reduceMean,
  reduceSum,
  relu,
  type Shape,
  scope,
  square,
  stream,
  tensor,
  varied,
  zeros,
} from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";
import { at, distance, filled, indices, values } from "./naive.js";

beforeAll(() => init());

const dims = [1, 3, 5, 17];

test("matmul against a triple loop, odd and empty sizes", () => {
  for (const m of [...dims, 0]) {
    for (const n of dims) {
      for (const k of [...dims, 0]) {
        const [a, b] = [values("a", [m, k]), values("b", [k, n])];
        const want = [...indices([m, n])].map(([i, j]) => {
          let sum = 0;
          for (let l = 0; l < k; l++) sum += a[i! * k + l]! * b[l * n + j!]!;
          return sum;
        });
        scope(() => expect(distance(matmul(tensor(a, [m, k]), tensor(b, [k, n])), [m, n], want)).toBeLessThan(1e-6));
      }
    }
  }
});

test("matmul of vectors and batches follows NumPy", () => {
  scope(() => {
    expect([...matmul(filled("v", [5]), filled("m", [5, 3])).shape]).toEqual([3]);
    expect([...matmul(filled("m", [3, 5]), filled("v", [5])).shape]).toEqual([3]);
    expect([...matmul(filled("v", [5]), filled("w", [5])).shape]).toEqual([]);
    expect([...matmul(filled("b", [2, 1, 3, 5]), filled("c", [4, 5, 2])).shape]).toEqual([2, 4, 3, 2]);
    expect([...matmul(filled("v", [5]), filled("c", [4, 5, 2])).shape]).toEqual([4, 2]);
    const [a, b] = [values("b", [2, 1, 3, 5]), values("c", [4, 5, 2])];
    const want = [...indices([2, 4, 3, 2])].map(([i, j, r, c]) =>
      [0, 1, 2, 3, 4].reduce((sum, l) => sum + at(a, [2, 1, 3, 5], [i!, 0, r!, l]) * at(b, [4, 5, 2], [j!, l, c!]), 0),
    );
    expect(distance(matmul(filled("b", [2, 1, 3, 5]), filled("c", [4, 5, 2])), [2, 4, 3, 2], want)).toBeLessThan(1e-6);
  });
});

test("linear in both layouts, with and without bias, over leading axes", () => {
  const [x, w, b] = [values("x", [2, 3, 5]), values("w", [4, 5]), values("bias", [4])];
  const want = [...indices([2, 3, 4])].map(([i, j, o]) =>
    [0, 1, 2, 3, 4].reduce((sum, l) => sum + at(x, [2, 3, 5], [i!, j!, l]) * at(w, [4, 5], [o!, l]), 0),
  );
  const turned = [...indices([5, 4])].map(([l, o]) => at(w, [4, 5], [o!, l!]));
  scope(() => {
    const input = tensor(x, [2, 3, 5]);
    expect(distance(linear(input, tensor(w, [4, 5]), undefined), [2, 3, 4], want)).toBeLessThan(1e-6);
    const io = linear(input, tensor(turned, [5, 4]), tensor(b, [4]), { layout: "io" });
    expect(
      distance(
        io,
        [2, 3, 4],
        want.map((v, i) => v + b[i % 4]!),
      ),
    ).toBeLessThan(1e-6);
  });
});

test("conv2d against loops: strides, unequal pads, dilations, groups", () => {
  const cases = [
    { x: [2, 3, 5, 7], w: [4, 3, 3, 3], strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], groups: 1 },
    { x: [1, 4, 8, 5], w: [6, 2, 3, 2], strides: [2, 1], pads: [0, 1, 2, 3], dilations: [1, 2], groups: 2 },
    { x: [2, 3, 9, 9], w: [3, 1, 3, 3], strides: [2, 2], pads: [1, 0, 1, 0], dilations: [2, 1], groups: 3 },
    { x: [3, 5, 1, 1], w: [17, 5, 1, 1], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1 },
  ] as const;
  for (const { x: xs, w: ws, strides, pads, dilations, groups } of cases) {
    const [x, w, b] = [values("x", xs), values("w", ws), values("b", [ws[0]])];
    const [top, left, bottom, right] = pads;
    const out = [
      Math.floor((xs[2] + top + bottom - dilations[0] * (ws[2] - 1) - 1) / strides[0]) + 1,
      Math.floor((xs[3] + left + right - dilations[1] * (ws[3] - 1) - 1) / strides[1]) + 1,
    ];
    const shape: Shape = [xs[0], ws[0], ...out];
    const want = [...indices(shape)].map(([n, o, i, j]) => {
      let sum = b[o!]!;
      const first = Math.floor(o! / (ws[0] / groups)) * ws[1];
      for (const [c, ky, kx] of indices(ws.slice(1))) {
        const position = [
          n!,
          first + c!,
          i! * strides[0] - top + ky! * dilations[0],
          j! * strides[1] - left + kx! * dilations[1],
        ];
        sum += at(w, ws, [o!, c!, ky!, kx!]) * at(x, xs, position);
      }
      return sum;
    });
    scope(() => {
      const y = conv2d(tensor(x, xs), tensor(w, ws), tensor(b, [ws[0]]), { strides, pads, dilations, groups });
      expect(distance(y, shape, want), JSON.stringify(xs)).toBeLessThan(1e-6);
    });
  }
});

test("variation with sigma 0 changes no bit, per batch and per sample", () => {
  for (const perSample of [false, true]) {
    const variation = { sMax: 3, sigma: { kind: "uniform", sigma: 0 } as const, key: 1n, perSample };
    scope(() => {
      const [x, w, b] = [filled("x", [5, 17]), filled("w", [3, 17]), filled("b", [3])];
      expect(linear(x, w, b, { variation }).floats()).toEqual(linear(x, w, b).floats());
      const [image, filter] = [filled("i", [3, 2, 7, 7]), filled("f", [4, 2, 3, 3])];
      expect(conv2d(image, filter, undefined, { variation }).floats()).toEqual(
        conv2d(image, filter, undefined).floats(),
      );
    });
  }
});

test("variation by table and by level: products are those with the weight written out, and the kinds agree", () => {
  const table = { kind: "table", values: Float32Array.of(0.1, 0.3, 0.05, 0.2) } as const;
  const levels = { kind: "levels", outer: 0.1, middle: 0.2 } as const;
  const common = { sMax: 3, key: 9n, perSample: false };
  scope(() => {
    const [x, w, image, filter] = [
      filled("x", [5, 17]),
      filled("w", [3, 17]),
      filled("i", [3, 2, 7, 7]),
      filled("f", [4, 2, 3, 3]),
    ];
    for (const sigma of [table, levels]) {
      const variation = { ...common, sigma };
      expect(linear(x, w, undefined, { variation }).floats()).toEqual(
        linear(x, varied(w, { variation }), undefined).floats(),
      );
      expect(conv2d(image, filter, undefined, { variation }).floats()).toEqual(
        conv2d(image, varied(filter, { variation }), undefined).floats(),
      );
    }
    const unit = varied(w, { variation: { ...common, sigma: { kind: "uniform", sigma: 1 } } }).floats();
    const weights = w.floats();
    for (const [i, value] of varied(w, { variation: { ...common, sigma: table } })
      .floats()
      .entries()) {
      const at = Math.min(Math.abs(weights[i]!), 3);
      const left = Math.min(Math.floor(at), 2);
      const sigma = table.values[left]! + (at - left) * (table.values[left + 1]! - table.values[left]!);
      expect(value).toBeCloseTo(weights[i]! + sigma * (unit[i]! - weights[i]!), 5);
    }
    // A constant table draws what a uniform sigma does; the cheap form of a draw for every sample sums in another order.
    const flat = { kind: "table", values: new Float32Array(5).fill(0.25) } as const;
    const uniform = { kind: "uniform", sigma: 0.25 } as const;
    for (const perSample of [false, true]) {
      const [a, b] = [flat, uniform].map((sigma) =>
        linear(x, w, undefined, { variation: { ...common, perSample, sigma } }).floats(),
      );
      for (const [i, value] of a!.entries()) expect(value).toBeCloseTo(b![i]!, 5);
    }
    const none = { kind: "table", values: new Float32Array(2) } as const;
    expect(linear(x, w, undefined, { variation: { ...common, perSample: true, sigma: none } }).floats()).toEqual(
      linear(x, w, undefined).floats(),
    );
  });
});

test("splitting a batch changes no bit: samples keep their draws", () => {
  const variation = { sMax: 3, sigma: { kind: "levels", outer: 0.1, middle: 0.2 } as const, key: 9n };
  const [xs, images] = [values("x", [5, 17]), values("i", [5, 2, 7, 7])];
  scope(() =>
    noGrad(() => {
      const [w, filter] = [filled("w", [3, 17]), filled("f", [4, 2, 3, 3])];
      for (const perSample of [false, true]) {
        const part = (from: number, to: number) => {
          const settings = { variation: { ...variation, perSample, firstSample: from } };
          const dense = linear(tensor(xs.slice(from * 17, to * 17), [to - from, 17]), w, undefined, settings);
          const image = tensor(images.slice(from * 98, to * 98), [to - from, 2, 7, 7]);
          return [dense, conv2d(image, filter, undefined, settings)].map((t) => t.floats()) as [
            Float32Array,
            Float32Array,
          ];
        };
        const whole = part(0, 5);
        for (const cut of [1, 2, 4]) {
          const [first, second] = [part(0, cut), part(cut, 5)];
          for (const i of [0, 1] as const) expect([...first[i], ...second[i]]).toEqual([...whole[i]]);
        }
      }
    }),
  );
});

test("a pooled convolution is the convolution, the pool and the ReLU after it, and so are its gradients", () => {
  const variation = { sMax: 3, sigma: { kind: "levels", outer: 0.1, middle: 0.2 } as const, key: 9n, perSample: false };
  const halving = { kernel: [2, 2], strides: [2, 2] } as const;
  // Along rows with five and three taps, whole and odd sizes and fours; strided, in groups, for every sample, of many outputs.
  for (const [shape, filter, attributes] of [
    [[5, 1, 12, 12], [6, 1, 5, 5], { pads: [2, 2, 2, 2] }],
    [[3, 6, 11, 9], [16, 6, 5, 5], { variation }],
    [[4, 3, 7, 8], [5, 3, 3, 3], { pads: [1, 1, 1, 1], variation }],
    [[2, 2, 9, 9], [3, 2, 3, 3], { strides: [2, 2] }],
    [[3, 4, 6, 6], [6, 2, 3, 3], { groups: 2 }],
    [[3, 1, 9, 8], [4, 1, 3, 3], { variation: { ...variation, perSample: true } }],
    [[2, 2, 6, 6], [40, 2, 3, 3], {}],
  ] as const) {
    for (const rectified of [false, true]) {
      const both = [true, false].map((pooled) =>
        scope(() => {
          const [x, w, b] = [
            parameter(values("x", shape), shape),
            parameter(values("w", filter), filter),
            parameter(values("b", [filter[0]]), [filter[0]]),
          ];
          const settings = { ...attributes, rectified: pooled && rectified, pooled };
          const product = conv2d(x, w, b, settings);
          const y = pooled ? product : rectified ? relu(maxPool2d(product, halving)) : maxPool2d(product, halving);
          const gradients = backward(reduceSum(square(y)), [x, w, b]).map((gradient) => gradient.floats());
          const all = [y.floats(), ...gradients, noGrad(() => conv2d(x, w, b, settings).floats())];
          for (const each of [x, w, b]) each.dispose();
          // The fused bias gradient sums the pooled gradients, in another order.
          return { same: [...all.slice(0, 3), pooled ? all[4]! : all[0]!], bias: all[3]! };
        }),
      );
      const [fused, separate] = both as [(typeof both)[0], (typeof both)[0]];
      expect(fused.same, `${shape} ${filter} ${rectified}`).toEqual(separate.same);
      for (const [i, value] of fused.bias.entries()) expect(Math.abs(value / separate.bias[i]! - 1)).toBeLessThan(2e-6);
    }
  }
  const x = zeros([1, 1, 3, 3]);
  expect(() => conv2d(x, full([1, 1, 3, 3], 1), undefined, { pooled: true })).toThrow(
    "conv2d: expected outputs of at least 2×2 to pool, got [1, 1, 1, 1]",
  );
});

test("pooling reads its attributes", () => {
  scope(() => {
    const x = tensor(
      Float32Array.from({ length: 25 }, (_, i) => i),
      [1, 1, 5, 5],
    );
    expect([...maxPool2d(x, { kernel: [2, 2], strides: [2, 2] }).floats()]).toEqual([6, 8, 16, 18]);
    const ceil = maxPool2d(x, { kernel: [2, 2], strides: [2, 2], ceilMode: true });
    expect([...ceil.floats()]).toEqual([6, 8, 9, 16, 18, 19, 21, 23, 24]);
    expect([...maxPool2d(x, { kernel: [2, 2], dilations: [3, 3] }).floats()]).toEqual([18, 19, 23, 24]);
    expect([...maxPool2d(x, { kernel: [1, 3], strides: [4, 3], pads: [0, 1, 0, 0] }).floats()]).toEqual([1, 4, 21, 24]);
    expect([...avgPool2d(x, { kernel: [5, 5], pads: [1, 0, 0, 0], strides: [9, 9] }).floats()]).toEqual([9.5]);
    const counted = avgPool2d(x, { kernel: [5, 5], pads: [1, 0, 0, 0], strides: [9, 9], countIncludePad: true });
    expect(counted.item()).toBeCloseTo(190 / 25, 5);
    expect(globalAvgPool(x).item()).toBe(12);
    expect([...adaptiveAvgPool2d(x, { size: [2, 1] }).floats()]).toEqual([7, 17]);
  });
});

test("batchNormTrain returns the statistics of the batch", () => {
  scope(() => {
    const x = tensor([1, 2, 3, 4, 5, 6, 7, 20], [2, 2, 2]);
    const { output, statistics } = batchNormTrain(x, full([2], 2), full([2], 1), { epsilon: 0 });
    // Channel 0: 1 2 5 6, channel 1: 3 4 7 20.
    expect([...statistics.mean, statistics.count]).toEqual([3.5, 8.5, 4]);
    expect([...statistics.variance]).toEqual([4.25, 46.25]);
    const want = [1, 2, 3, 4, 5, 6, 7, 20].map((v, i) => {
      const c = Math.floor(i / 2) % 2;
      return (2 * (v - statistics.mean[c]!)) / Math.sqrt(statistics.variance[c]!) + 1;
    });
    expect(distance(output, [2, 2, 2], want)).toBeLessThan(1e-6);
    const mean = tensor(statistics.mean, [2]);
    const frozen = batchNorm(x, full([2], 2), full([2], 1), {
      mean,
      variance: tensor(statistics.variance, [2]),
      epsilon: 0,
    });
    expect(distance(frozen, [2, 2, 2], want)).toBeLessThan(1e-6);
    const quiet = noGrad(() => batchNormTrain(x, full([2], 2), full([2], 1), { epsilon: 0 }));
    expect(quiet.statistics).toEqual(statistics);
  });
});

test("reductions over any axes", () => {
  const [x, shape] = [values("x", [2, 3, 4, 5]), [2, 3, 4, 5]];
  for (const axes of [undefined, [], [0], [-1], [1, 2], [0, 2], [0, 1, 3], [3, 0]]) {
    const chosen = (axes ?? [0, 1, 2, 3]).map((axis) => (axis + 4) % 4);
    const kept = shape.map((dim, axis) => (chosen.includes(axis) ? 1 : dim));
    const groups = [...indices(kept)].map((k) =>
      [...indices(shape)]
        .filter((i) => k.every((v, a) => chosen.includes(a) || v === i[a]))
        .map((i) => at(x, shape, i)),
    );
    const sums = groups.map((group) => group.reduce((a, b) => a + b, 0));
    scope(() => {
      const input = tensor(x, shape);
      const [given, out] = [axes === undefined ? {} : { axes }, shape.filter((_, a) => !chosen.includes(a))];
      expect(distance(reduceSum(input, { ...given, keepDims: true }), kept, sums)).toBeLessThan(1e-6);
      expect(
        distance(
          reduceMean(input, given),
          out,
          sums.map((s, i) => s / groups[i]!.length),
        ),
      ).toBeLessThan(1e-6);
      expect(
        distance(
          reduceMax(input, given),
          out,
          groups.map((g) => Math.max(...g)),
        ),
      ).toBe(0);
    });
  }
});

test("dropout zeroes the expected share and rescales the rest", () => {
  scope(() => {
    const y = dropout(full([100_000], 1), { p: 0.3, key: stream(1, { purpose: "dropout" }) }).floats();
    const zeroShare = y.filter((v) => v === 0).length / y.length;
    // Standard deviation of the share: √(0.3·0.7/1e5) = 0.0014.
    expect(Math.abs(zeroShare - 0.3)).toBeLessThan(0.006);
    expect(new Set(y)).toEqual(new Set([0, Math.fround(1 / 0.7)]));
  });
});

test("conv2dEach is bit-identical to conv2d for each weight, and rejects gradients and variation", () => {
  scope(() => {
    const cases = [
      { x: [5, 1, 9, 11], w: [4, 1, 5, 5], attributes: { pads: [2, 2, 2, 2], pooled: true, rectified: true } },
      { x: [5, 3, 9, 11], w: [4, 3, 3, 3], attributes: { rectified: true } },
      { x: [2, 4, 8, 8], w: [40, 2, 3, 3], attributes: { groups: 2, strides: [2, 2], pooled: true } },
    ] as const;
    for (const { x, w, attributes } of cases) {
      const [input, bias] = [filled("x", x), filled("bias", [w[0]])];
      const weights = ["a", "b", "c"].map((name) => filled(name, w));
      const each = conv2dEach(input, weights, bias, attributes).map((y) => y.toArray());
      expect(each).toEqual(weights.map((weight) => conv2d(input, weight, bias, attributes).toArray()));
    }
    const input = filled("x", [1, 1, 5, 5]);
    expect(conv2dEach(input, [], undefined)).toEqual([]);
    const weights = [filled("a", [1, 1, 3, 3]), filled("b", [1, 1, 2, 2])];
    expect(() => conv2dEach(input, weights, undefined)).toThrow("expected weights of one shape");
    const trained = parameter(new Float32Array(9), [1, 1, 3, 3]);
    expect(() => conv2dEach(input, [trained], undefined)).toThrow(
      "expected inputs without gradients, got one that requires them",
    );
    expect(noGrad(() => conv2dEach(input, [trained], undefined))).toHaveLength(1);
    const variation = { sMax: 1, sigma: { kind: "uniform", sigma: 0.1 } as const, key: 1n, perSample: false };
    const varied: Conv2dAttributes = { variation };
    expect(() => conv2dEach(input, [weights[0]!], undefined, varied)).toThrow("expected no variation, got one");
    expect(() => conv2d(zeros([1, 0, 5, 5]), zeros([4, 0, 3, 3]), undefined)).toThrow("with at least one value");
    trained.dispose();
  });
});
