import { init } from "@neft/kernels";
import {
  backward,
  conv2d,
  entropySum,
  fromBytes,
  fromWriter,
  inPlaceUpdates as inPlace,
  lossSlope,
  maxAbs,
  mul,
  normals,
  parameter,
  persistent,
  scope,
  stream,
  type Tensor,
  tensor,
  withScoreCounter,
} from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(() => init());

const draws = (name: string, n = 13): Float32Array => normals(stream(5, { purpose: "test", name }), n);
const variation = { sMax: 3, sigma: { kind: "levels", outer: 0.2, middle: 0.1 } as const, key: 7n, perSample: false };
const adam = {
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  bias1: 0.19,
  bias2: 0.0199,
  weightDecay: 0.1,
};
const threeBits = { bits: 3, signed: true, range: 1 };
const roundedTo = (x: number): number => Math.max(-3, Math.min(3, Math.round(3 * x))) / 3;
const sgd = { learningRate: 0.01, momentum: 0.9, weightDecay: 0.1 };

/** Each update: a call with a target and other operands, and the expected new element of the target. */
const updates: Record<
  keyof typeof inPlace,
  {
    operands: number;
    run(target: Tensor, others: Tensor[]): void;
    expected(t: number, others: number[], all: Float32Array): number;
  }
> = {
  adamStep: {
    operands: 3,
    run: (weight, [gradient, mean, square]) =>
      inPlace.adamStep({ weight, gradient: gradient!, mean: mean!, square: square! }, adam),
    expected: (w, [gradient, mean, square]) => {
      const g = gradient! + adam.weightDecay * w;
      const m = adam.beta1 * mean! + (1 - adam.beta1) * g;
      const v = adam.beta2 * square! + (1 - adam.beta2) * g * g;
      return w - (adam.learningRate * (m / adam.bias1)) / (Math.sqrt(v / adam.bias2) + adam.epsilon);
    },
  },
  sgdStep: {
    operands: 2,
    run: (weight, [gradient, buffer]) => inPlace.sgdStep({ weight, gradient: gradient!, buffer }, sgd),
    expected: (w, [gradient, buffer]) =>
      w - sgd.learningRate * (sgd.momentum * buffer! + gradient! + sgd.weightDecay * w),
  },
  setScaled: {
    operands: 1,
    run: (target, [x]) => inPlace.setScaled(target, x!, -2.5),
    expected: (_, [x]) => -2.5 * x!,
  },
  addScaled: {
    operands: 1,
    run: (target, [x]) => inPlace.addScaled(target, x!, -2.5),
    expected: (t, [x]) => t - 2.5 * x!,
  },
  clipToRootMeanSquare: {
    operands: 0,
    run: (target) => inPlace.clipToRootMeanSquare(target, 0.5),
    expected: (t, _, all) => {
      const rms = Math.sqrt(all.reduce((sum, x) => sum + x * x, 0) / all.length);
      return Math.max(-0.5 * rms, Math.min(0.5 * rms, t));
    },
  },
  addConverted: {
    operands: 1,
    run: (target, [x]) => void inPlace.addConverted(target, x!, { ...threeBits, scale: 4 }),
    expected: (t, [x]) => t + 4 * roundedTo(x!),
  },
  setConverted: {
    operands: 1,
    run: (target, [x]) => void inPlace.setConverted(target, x!, threeBits),
    expected: (_, [x]) => roundedTo(x!),
  },
  setDigits: {
    operands: 1,
    run: (target, [x]) => void inPlace.setDigits(target, x!, threeBits, { shift: 1, width: 1 }),
    expected: (_, [x]) => Math.sign(x!) * ((Math.abs(3 * roundedTo(x!)) >> 1) & 1),
  },
  setVaried: {
    operands: 1,
    run: (target, [weight]) =>
      inPlace.setVaried(target, weight!, { ...variation, sigma: { kind: "uniform", sigma: 0 } }),
    expected: (_, [weight]) => weight!,
  },
};

describe("in-place updates", () => {
  it.each(Object.entries(updates))("%s matches its definition", (name, { operands, run, expected }) => {
    const before = draws(name);
    const others = Array.from({ length: operands }, (_, i) => draws(`${name} ${i}`).map(Math.abs));
    const tensors = [before, ...others].map((values) => persistent(values, [13]));
    run(tensors[0]!, tensors.slice(1));
    const after = tensors[0]!.floats();
    for (const [i, t] of before.entries()) {
      const wanted = expected(
        t,
        others.map((values) => values[i]!),
        before,
      );
      expect(after[i], `element ${i}`).toBeCloseTo(wanted, 5);
    }
    for (const one of tensors) one.dispose();
  });

  it.each(Object.entries(updates))(
    "%s rejects results of operations, other types, other shapes and freed tensors",
    (name, { operands, run }) => {
      scope(() => {
        const given = (target: Tensor, other: Tensor) => () => run(target, new Array<Tensor>(operands).fill(other));
        const w = parameter(draws(name), [13]);
        const x = tensor(draws(name), [13]);
        expect(given(mul(w, x), x)).toThrow(
          `${name}: expected a parameter or a constant to overwrite, got the result of an operation`,
        );
        expect(given(tensor([1], [1], "i64"), tensor([1], [1], "i64"))).toThrow(
          `${name}: expected f32 tensors, got i64`,
        );
        if (operands > 0)
          expect(given(w, tensor([1], [1]))).toThrow(`${name}: expected tensors of one shape, got [13] and [1]`);
        w.dispose();
        expect(given(w, x)).toThrow(`${name}: expected a live tensor`);
      });
    },
  );

  it("setVaried writes the weight that a convolution with this variation uses", () => {
    scope(() => {
      const [x, w, varied] = [
        tensor(draws("x", 50), [1, 2, 5, 5]),
        tensor(draws("w", 54), [3, 2, 3, 3]),
        tensor(draws("v", 54), [3, 2, 3, 3]),
      ];
      inPlace.setVaried(varied, w, variation);
      expect(varied.floats()).not.toEqual(w.floats());
      expect(conv2d(x, varied, undefined).floats()).toEqual(conv2d(x, w, undefined, { variation }).floats());
      expect(() => inPlace.setVaried(varied, w, { ...variation, perSample: true })).toThrow(
        "expected one draw for the weight",
      );
    });
  });

  it("keep the gradients of later operations right", () => {
    const w = parameter([2], [1]);
    inPlace.setScaled(w, w, 3);
    scope(() => expect([...backward(mul(w, w), [w])[0]!.floats()]).toEqual([12]));
    w.dispose();
  });
});

describe("reductions to typed arrays and numbers", () => {
  it("maxAbs is infinite where an element is NaN", () => {
    scope(() => {
      expect(maxAbs(tensor([1, -3, 2], [3]))).toBe(3);
      expect(maxAbs(tensor([1, Number.NaN, 2], [3]))).toBe(Infinity);
      expect(maxAbs(tensor([], [0]))).toBe(0);
      expect(() => maxAbs(tensor([1], [1], "i32"))).toThrow("expected an f32 tensor, got i32");
    });
  });

  it("copyTo copies to an array of the tensor's size", () => {
    scope(() => {
      const to = new Float32Array(2);
      tensor([1, 2], [2]).copyTo(to);
      expect([...to]).toEqual([1, 2]);
      expect(() => tensor([1], [1]).copyTo(to)).toThrow("copyTo: expected an array of length 1, got 2");
    });
  });

  it("scores are compared with the labels of their samples", () => {
    const unit = 2 ** 26;
    scope(() => {
      withScoreCounter(Int32Array.of(1, 0, 1), { classes: 2, logarithms: true }, (counter) => {
        const scores = tensor([0, 0, 5, 5 + Math.log(3)], [2, 2]);
        const counts = counter.count(scores, 1);
        const { correct, confidenceRight, confidenceWrong, entropy, broken, loss, information, gaps } = counts;
        expect([correct, broken]).toEqual([2, 0]);
        expect((confidenceRight + confidenceWrong) / unit).toBeCloseTo(0.5 + 0.75, 6);
        expect(entropy / unit).toBeCloseTo(Math.log(2) - 0.25 * Math.log(0.25) - 0.75 * Math.log(0.75), 5);
        expect(loss / unit).toBeCloseTo(Math.log(2) - Math.log(0.75), 5);
        expect(information / unit).toBeCloseTo(entropy / unit, 6);
        // ½ is in (7/15, 8/15], ¾ in (11/15, 12/15]; the first of equal scores is the largest.
        expect(gaps.map((gap) => Math.round((100 * gap) / unit))).toEqual(
          Array.from({ length: 15 }, (_, i) => (i === 7 ? 50 : i === 11 ? 25 : 0)),
        );
        const [sums, logarithms] = [new Float64Array(6), new Float64Array(6)];
        counter.copySums({ probabilities: sums, logarithms });
        expect(logarithms[5]! / unit).toBeCloseTo(Math.log(0.75), 6);
        expect(Array.from(sums, (sum) => Math.round((100 * sum) / unit))).toEqual([0, 0, 50, 50, 25, 75]);
        expect(entropySum(sums.subarray(2, 4), 2, unit) / unit).toBeCloseTo(Math.log(2), 6);
        expect(() => counter.count(scores, 2)).toThrow(
          "expected at most 3 samples of 2 classes, got [2, 2] from sample 2 on",
        );
        expect(() => counter.count(tensor([0, 0, 0], [1, 3]), 0)).toThrow(
          "scores: expected at most 3 samples of 2 classes",
        );
      });
      withScoreCounter(Int32Array.of(1, 0), { classes: 2 }, (counter) => {
        const scores = tensor([0, 5, 5, 0, 5, 0], [3, 2]);
        expect(() => counter.count(scores, 0)).toThrow("expected at most 2 samples");
        expect(counter.count(scores, 0, 2).correct).toBe(2);
        expect(counter.count(scores, 1, 1).correct).toBe(0);
        expect(() => counter.count(scores, 0, 4)).toThrow("rows: expected at most the 3 rows of the scores, got 4");
      });
      withScoreCounter(Int32Array.of(0), { classes: 0 }, (counter) => {
        expect(counter.count(tensor([Number.NaN, 1, 0], [1, 3]), 0).broken).toBe(1);
      });
    });
  });

  it("scores are divided by a temperature, and the slope of the loss in its inverse is that of differences", () => {
    const unit = 2 ** 26;
    const [values, labels] = [Float32Array.of(0, 1, 3, 2, -1, 0), Int32Array.of(1, 2)];
    const lossAt = (temperature: number): number =>
      scope(() =>
        withScoreCounter(labels, { classes: 3, temperature }, (counter) => {
          const { correct, loss } = counter.count(tensor(values, [2, 3]), 0);
          expect(correct).toBe(0);
          return loss / unit;
        }),
      );
    const naive = (factor: number): number => {
      const ofRow = (at: number, label: number): number => {
        const row = [...values.subarray(at, at + 3)].map((x) => x * factor);
        return Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[label]!;
      };
      return ofRow(0, 1) + ofRow(3, 2);
    };
    for (const temperature of [0.1, 0.5, 1, 4]) {
      const factor = 1 / temperature;
      expect(lossAt(temperature)).toBeCloseTo(naive(factor), 4);
      const slope = (naive(factor + 1e-5) - naive(factor - 1e-5)) / 2e-5;
      expect(lossSlope(values, labels, temperature)).toBeCloseTo(slope, 4);
    }
  });

  it("fromBytes looks up bytes in the table of their channel", () => {
    const tables = [1, -2].map((factor) => Float32Array.from({ length: 256 }, (_, byte) => factor * byte));
    scope(() => {
      const y = fromBytes([2, 2, 2], tables, (bytes) => bytes.set([1, 2, 3, 4, 255, 0, 7, 8]));
      expect([...y.floats()]).toEqual([1, 2, -6, -8, 255, 0, -14, -16]);
      expect([...fromBytes([0, 4], tables, () => {}).floats()]).toEqual([]);
      expect(() => fromBytes([1, 3], tables, () => {})).toThrow(
        "fromBytes: expected tables of 256 values whose number divides 3 elements",
      );
      expect([...fromWriter([2], (values) => values.set([1, 2])).floats()]).toEqual([1, 2]);
    });
  });
});
