import { init } from "@neft/kernels";
import {
  affineGrid,
  avgPool,
  centerCropPad,
  conv,
  convTranspose,
  convTransposeShape,
  deformConv,
  depthToSpace,
  gridSample,
  lrn,
  maxPool,
  maxPoolWithIndices,
  maxUnpool,
  noGrad,
  poolShape,
  resize,
  resizeShape,
  roiAlign,
  type Shape,
  scope,
  slice,
  type Tensor,
  tensor,
  type Variation,
  varied,
  zeros,
} from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";
import { at, distance, filled, indices, values } from "./naive.js";

beforeAll(() => init());

/** Elements in f64 by a function of their index tuples. */
const elements = (shape: Shape, value: (index: number[]) => number): number[] => [...indices(shape)].map(value);

test("a convolution over three axes against loops", () => {
  const [xs, ws, out] = [
    [2, 4, 5, 4, 6],
    [6, 2, 2, 3, 2],
    [2, 6, 3, 4, 3],
  ];
  const [x, w, b] = [values("x", xs), values("w", ws), values("b", [6])];
  const want = elements(out, ([n, o, ...place]) => {
    let sum = b[o!]!;
    for (const [c, ...tap] of indices([2, 2, 3, 2])) {
      const from = place.map((p, i) => p * [2, 1, 2][i]! + tap[i]! * [2, 1, 1][i]! - [1, 1, 0][i]!);
      sum += at(x, xs, [n!, 2 * Math.floor(o! / 3) + c!, ...from]) * at(w, ws, [o!, c!, ...tap]);
    }
    return sum;
  });
  const attributes = { groups: 2, strides: [2, 1, 2], dilations: [2, 1, 1], pads: [1, 1, 0, 1, 1, 0] };
  scope(() => {
    const y = conv(tensor(x, xs), tensor(w, ws), tensor(b, [6]), attributes);
    expect(distance(y, out, want)).toBeLessThan(1e-6);
  });
});

test("a transposed convolution over one to three axes against loops", () => {
  const cases = [
    { spatial: [4], kernel: [3], strides: [3], dilations: [2], pads: [1, 0], outputPadding: [4] },
    { spatial: [3, 4], kernel: [2, 3], strides: [2, 1], dilations: [1, 2], pads: [0, 2, 1, -1], outputPadding: [1, 0] },
    {
      spatial: [2, 3, 2],
      kernel: [2, 1, 3],
      strides: [2, 3, 1],
      dilations: [2, 1, 1],
      pads: [1, 0, 1, 0, 0, 1],
      outputPadding: [1, 2, 0],
    },
  ];
  for (const { spatial, kernel, strides, dilations, pads, outputPadding } of cases) {
    const rank = spatial.length;
    const [xs, ws] = [
      [2, 4, ...spatial],
      [4, 3, ...kernel],
    ];
    const [x, w, b] = [values("x", xs), values("w", ws), values("b", [6])];
    const sizes = spatial.map(
      (s, i) =>
        (s - 1) * strides[i]! + dilations[i]! * (kernel[i]! - 1) + 1 + outputPadding[i]! - pads[i]! - pads[rank + i]!,
    );
    const out = [2, 6, ...sizes];
    const want = elements(out, ([n, o, ...place]) => {
      let sum = b[o!]!;
      for (const [c, ...rest] of indices([2, ...spatial, ...kernel])) {
        const [from, tap] = [rest.slice(0, rank), rest.slice(rank)];
        if (place.some((p, i) => p !== from[i]! * strides[i]! + tap[i]! * dilations[i]! - pads[i]!)) continue;
        const channel = 2 * Math.floor(o! / 3) + c!;
        sum += at(x, xs, [n!, channel, ...from]) * at(w, ws, [channel, o! % 3, ...tap]);
      }
      return sum;
    });
    scope(() => {
      const attributes = { groups: 2, strides, dilations, pads, outputPadding };
      const y = convTranspose(tensor(x, xs), tensor(w, ws), tensor(b, [6]), attributes);
      expect(convTransposeShape(xs, ws, attributes)).toEqual(out);
      expect(distance(y, out, want)).toBeLessThan(1e-6);
    });
  }
});

const draw: Variation = { sMax: 2, sigma: { kind: "levels", outer: 0.2, middle: 0.1 }, key: 5n, perSample: false };

test("a variation is that of the weight as stored, and none changes no bit", () => {
  const cases: readonly (readonly [
    x: Shape,
    w: Shape,
    run: (x: Tensor, w: Tensor, variation?: Variation) => Tensor,
  ])[] = [
    [[2, 4, 7], [6, 2, 3], (x, w, variation) => conv(x, w, undefined, { groups: 2, variation })],
    [[2, 2, 4, 3, 5], [6, 2, 3, 2, 3], (x, w, variation) => conv(x, w, undefined, { variation })],
    [[2, 4, 7], [4, 3, 3], (x, w, variation) => convTranspose(x, w, undefined, { groups: 2, variation })],
    [[2, 4, 3, 4], [4, 3, 3, 3], (x, w, variation) => convTranspose(x, w, undefined, { strides: [2, 2], variation })],
    [[2, 4, 2, 3, 2], [4, 3, 2, 2, 3], (x, w, variation) => convTranspose(x, w, undefined, { variation })],
    [
      [1, 2, 4, 4],
      [3, 2, 2, 2],
      (x, w, variation) => deformConv(x, w, zeros([1, 8, 3, 3]), undefined, undefined, { variation }),
    ],
  ];
  for (const [xs, ws, run] of cases) {
    scope(() => {
      const [x, w] = [filled("x", xs), filled("w", ws)];
      const want = run(x, varied(w, { variation: draw }));
      expect(distance(run(x, w, draw), want.shape, want.numbers())).toBeLessThan(1e-6);
      expect(distance(run(x, w), want.shape, want.numbers())).toBeGreaterThan(1e-3);
      const silent = { ...draw, sigma: { kind: "uniform", sigma: 0 } as const };
      expect(run(x, w, silent).floats()).toEqual(run(x, w).floats());
    });
  }
});

test("a variation per sample of a transposed convolution doesn't depend on how the batch is cut", () => {
  scope(() => {
    const [x, w] = [filled("x", [3, 2, 3, 4]), filled("w", [2, 3, 2, 2])];
    const run = (from: number, to: number) =>
      noGrad(() =>
        convTranspose(slice(x, { starts: [from], ends: [to] }), w, undefined, {
          variation: { ...draw, perSample: true, firstSample: from },
        }).floats(),
      );
    expect([...run(0, 1), ...run(1, 3)]).toEqual([...run(0, 3)]);
  });
  scope(() => {
    const [x, w] = [zeros([1, 1, 2, 2, 2]), zeros([1, 1, 1, 1, 1])];
    const variation = { ...draw, perSample: true };
    expect(() => conv(x, w, undefined, { variation })).toThrow("conv: expected one draw of the variation");
    expect(() => convTranspose(x, w, undefined, { variation })).toThrow(
      "convTranspose: expected one draw of the variation",
    );
  });
});

test("pools over any axes agree with those over two, and find their maxima again", () => {
  scope(() => {
    const x = filled("x", [2, 3, 6, 7]);
    const window = { kernel: [3, 2], strides: [2, 2], pads: [1, 0, 1, 1], ceilMode: true };
    const { y, indices: found } = maxPoolWithIndices(x, window);
    expect(maxPool(x, window).floats()).toEqual(y.floats());
    expect(poolShape("pool", x.shape, window)).toEqual(y.shape);
    expect([...y.floats()]).toEqual(found.numbers().map((i) => x.floats()[i]));
    const columns = maxPoolWithIndices(x, { ...window, order: "column" }).indices.numbers();
    expect(columns).toEqual(found.numbers().map((i) => i - (i % 42) + (i % 7) * 6 + Math.floor((i % 42) / 7)));
    const wide = {
      shape: [2, 3, 6, 7, 1],
      window: { kernel: [3, 2, 1], strides: [2, 2, 1], pads: [1, 0, 0, 1, 1, 0] },
    };
    const one = tensor(x.floats(), wide.shape);
    for (const countIncludePad of [true, false]) {
      const want = avgPool(x, { ...window, ceilMode: false, countIncludePad });
      const got = avgPool(one, { ...wide.window, countIncludePad });
      expect(distance(got, [...want.shape, 1], want.numbers())).toBeLessThan(1e-6);
    }
    const small = tensor([5, 6, 7, 8], [1, 1, 2, 2]);
    const places = tensor([5, 7, 13, 15], [1, 1, 2, 2], "i64");
    const unpooled = maxUnpool(small, places, { kernel: [2, 2], strides: [2, 2] });
    expect(unpooled.numbers()).toEqual([0, 0, 0, 0, 0, 5, 0, 6, 0, 0, 0, 0, 0, 7, 0, 8]);
  });
});

test("resizes give ONNX's examples", () => {
  scope(() => {
    const x = tensor([1, 2, 3, 4], [1, 1, 2, 2]);
    const up = resize(x, { scales: [1, 1, 2, 2], mode: "linear" }).numbers();
    expect(up.slice(0, 8)).toEqual([1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5]);
    const nearest = resize(x, { scales: [1, 1, 2, 3] });
    expect(nearest.numbers().slice(0, 12)).toEqual([1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2]);
    const ramp = tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 2, 4]);
    const aligned = resize(ramp, { scales: [0.6, 0.6], axes: [2, 3], mode: "linear", coordinates: "align_corners" });
    expect(distance(aligned, [1, 1, 1, 2], [1, 3.142857])).toBeLessThan(1e-6);
    const kept = resize(ramp, { sizes: [3, 5], axes: [2, 3], aspectRatio: "not_larger" });
    expect(kept.shape).toEqual([1, 1, 3, 5]);
    expect(resizeShape(ramp.shape, { scales: [0.6, 1.5], axes: [2, 3] })).toEqual([1, 1, 1, 6]);
    const crop = {
      sizes: [3],
      axes: [3],
      coordinates: "tf_crop_and_resize",
      region: [0.5, 1.5],
      mode: "linear",
    } as const;
    const cropped = resize(ramp, { ...crop, extrapolation: 9 });
    expect(distance(cropped, [1, 1, 2, 3], [2.5, 4, 9, 6.5, 8, 9])).toBeLessThan(1e-6);
    expect(centerCropPad(ramp, [4, 2], { axes: [2, 3] }).numbers()).toEqual([0, 0, 2, 3, 6, 7, 0, 0]);
  });
});

test("sampling at the pixels of an affine grid of the identity gives the image", () => {
  scope(() => {
    for (const [shape, theta] of [
      [
        [2, 3, 4, 5],
        [1, 0, 0, 0, 1, 0],
      ],
      [
        [2, 1, 3, 4, 5],
        [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0],
      ],
    ] as const) {
      const x = filled("x", shape);
      const rank = shape.length - 2;
      const both = tensor([...theta, ...theta], [2, rank, rank + 1]);
      for (const alignCorners of [true, false]) {
        const grid = affineGrid(both, shape, { alignCorners });
        for (const mode of ["nearest", "linear", "cubic"] as const) {
          const y = gridSample(x, grid, { mode, padding: "border", alignCorners });
          expect(distance(y, shape, x.numbers())).toBeLessThan(1e-5);
        }
      }
    }
    const line = tensor([1, 2, 3], [1, 1, 1, 3]);
    const outside = tensor([-2, 0, 1.5, 0, 1, 0], [1, 1, 3, 2]);
    const sample = (padding: "zeros" | "border" | "reflection") => gridSample(line, outside, { padding }).numbers();
    expect(sample("zeros")).toEqual([0, 0, 1.5]);
    expect(sample("border")).toEqual([1, 3, 3]);
    expect(sample("reflection")).toEqual([2, 2.75, 3]);
  });
});

test("regions, channels and offsets give known answers", () => {
  scope(() => {
    const image = tensor([1, 2, 3, 4], [1, 1, 2, 2]);
    const region = tensor([0, 0, 2, 2], [1, 4]);
    const only = tensor([0], [1], "i64");
    const settings = { samplingRatio: 2, halfPixel: false };
    expect(roiAlign(image, region, only, { ...settings, size: [1, 1] }).numbers()).toEqual([3.25]);
    const far = tensor([0, 0, 1e9, 1e9], [1, 4]);
    expect(() => roiAlign(image, far, only)).toThrow("roiAlign: expected regions of at most 1048576 samples");
    expect(() => roiAlign(image, region, tensor([1], [1], "i64"))).toThrow(
      "roiAlign: expected batch indices from 0 to 0",
    );
    const normalised = lrn(tensor([1, 2, 3], [1, 3, 1]), { size: 2, alpha: 2, beta: 0.5, bias: 0 });
    expect(distance(normalised, [1, 3, 1], [1 / Math.sqrt(5), 2 / Math.sqrt(13), 1])).toBeLessThan(1e-6);
    const blocks = tensor([0, 1, 2, 3, 4, 5, 6, 7], [1, 8, 1, 1]);
    expect(depthToSpace(blocks, { block: 2 }).numbers()).toEqual([0, 2, 4, 6, 1, 3, 5, 7]);
    expect(depthToSpace(blocks, { block: 2, order: "CRD" }).numbers()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const [x, w] = [filled("x", [1, 2, 4, 5]), filled("w", [4, 1, 2, 2])];
    const shift = tensor(
      Array.from({ length: 8 * 12 }, (_, i) => (Math.floor(i / 12) % 2 === 0 ? 0 : 1)),
      [1, 8, 3, 4],
    );
    const moved = slice(x, { starts: [1], ends: [5], axes: [3] });
    const want = conv(moved, w, undefined, { groups: 2, pads: [0, 0, 0, 1] });
    const got = deformConv(x, w, shift, undefined, undefined, { groups: 2 });
    expect(distance(got, want.shape, want.numbers())).toBeLessThan(1e-6);
  });
});

/** Invalid calls and a part of their messages. */
const invalid: readonly (readonly [make: () => unknown, message: string])[] = [
  [
    () => conv(zeros([1, 1]), zeros([1, 1]), undefined),
    "conv: expected x [n, c, ..] and W with one to three spatial axes",
  ],
  [
    () => conv(zeros([1, 1, 2, 2, 2]), zeros([1, 1, 3, 1, 1]), undefined),
    "conv: expected a padded input at least as large",
  ],
  [() => conv(zeros([1, 1, 4]), zeros([1, 1, 1]), undefined, { pads: [1] }), "conv: pads: expected 2 numbers, got [1]"],
  [
    () => convTranspose(zeros([1, 2, 3, 3]), zeros([3, 1, 1, 1]), undefined),
    "convTranspose: expected x [n, c, ..] and W",
  ],
  [
    () => convTranspose(zeros([1, 1, 2]), zeros([1, 1, 2]), undefined, { pads: [3, 3] }),
    "expected pads that leave an output",
  ],
  [() => convTranspose(zeros([1, 1, 2]), zeros([1, 1, 2]), zeros([3])), "convTranspose: expected a bias [1], got [3]"],
  [
    () => convTranspose(zeros([1, 2, 2]), zeros([2, 1, 2]), undefined, { groups: 3 }),
    "a number of groups that divides 2 channels",
  ],
  [
    () => maxPool(zeros([1, 1, 2, 2, 2]), { kernel: [1, 1] }),
    "maxPool: kernel: expected 3 whole numbers ≥ 1, got [1, 1]",
  ],
  [() => resize(zeros([2]), { scales: [2], sizes: [4] }), "resize: expected either scales or sizes, got both"],
  [() => resize(zeros([2]), { sizes: [2 ** 40] }), "resize: expected a result of at most 268435456 elements"],
  [() => resize(zeros([2]), { scales: [Number.NaN] }), "resize: scales: expected 1 numbers ≥ 0, got [NaN]"],
  [
    () => gridSample(zeros([1, 1, 2, 2]), zeros([1, 2, 2, 3])),
    "gridSample: expected x [n, c, ..] with pixels and a grid",
  ],
  [
    () => deformConv(zeros([1, 1, 2, 2]), zeros([1, 1, 1, 1]), zeros([1, 2, 1, 1]), undefined, undefined),
    "deformConv: expected an offset [1, 2, 2, 2]",
  ],
];

test("invalid calls name what was expected", () => {
  for (const [make, message] of invalid) scope(() => expect(make, message).toThrow(message));
});
