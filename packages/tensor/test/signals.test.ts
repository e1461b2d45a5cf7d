import { init } from "@neft/kernels";
import {
  backward,
  det,
  dft,
  dftShape,
  melWeightMatrix,
  negativeLogLikelihoodLoss,
  parameter,
  scope,
  signalWindow,
  softmaxCrossEntropyLoss,
  stft,
  type Tensor,
  tensor,
} from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";
import { exponential, ln, turn } from "../src/elementary.js";
import { distance, filled } from "./naive.js";

beforeAll(() => init());

test("elementary functions agree with those of Math to the last bits", () => {
  for (const n of [1, 2, 3, 7, 8, 360, 1024]) {
    for (let k = -n; k <= 2 * n; k++) {
      const [cos, sin] = turn(k, n);
      expect(Math.abs(cos - Math.cos((2 * Math.PI * k) / n))).toBeLessThan(3e-15);
      expect(Math.abs(sin - Math.sin((2 * Math.PI * k) / n))).toBeLessThan(3e-15);
    }
  }
  expect(turn(1, 4)).toEqual([0, 1]);
  expect(turn(3, 8)[0]).toBe(-turn(1, 8)[0]);
  for (let x = 1e-9; x < 1e9; x *= 1.7)
    expect(Math.abs(ln(x) / Math.log(x) - 1)).toBeLessThan(1e-15 / Math.min(1, Math.abs(Math.log(x))));
  for (let x = -600; x < 600; x += 7.3) expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(1e-12);
});

test("Fourier transforms against sums, and back", () => {
  scope(() => {
    const x = filled("x", [2, 6, 2]);
    const data = x.floats();
    const want = Array.from({ length: 2 * 6 * 2 }, (_, at) => {
      const [n, k, isImaginary] = [Math.floor(at / 12), Math.floor(at / 2) % 6, at % 2];
      let sum = 0;
      for (let t = 0; t < 6; t++) {
        const angle = (-2 * Math.PI * k * t) / 6;
        const [re, im] = [data[n * 12 + 2 * t]!, data[n * 12 + 2 * t + 1]!];
        sum += isImaginary ? re * Math.sin(angle) + im * Math.cos(angle) : re * Math.cos(angle) - im * Math.sin(angle);
      }
      return sum;
    });
    const y = dft(x);
    expect(distance(y, [2, 6, 2], want)).toBeLessThan(1e-6);
    expect(distance(dft(y, { inverse: true }), [2, 6, 2], x.numbers())).toBeLessThan(1e-6);
    for (const size of [6, 7]) {
      const signal = filled("signal", [3, size, 1]);
      const half = dft(signal, { oneSided: true });
      expect(half.shape).toEqual([3, Math.floor(size / 2) + 1, 2]);
      expect(dftShape(signal.shape, { oneSided: true })).toEqual(half.shape);
      const back = dft(half, { inverse: true, oneSided: true, length: size });
      expect(distance(back, [3, size, 1], signal.numbers())).toBeLessThan(1e-6);
    }
    const frames = stft(filled("s", [2, 9, 1]), { step: 2, length: 4 });
    expect(frames.shape).toEqual([2, 3, 3, 2]);
  });
});

test("windows, mel bands and determinants give known answers", () => {
  scope(() => {
    expect(signalWindow("hann", 4).numbers()).toEqual([0, 0.5, 1, 0.5]);
    expect(distance(signalWindow("hamming", 3, { periodic: false }), [3], [4 / 46, 1, 4 / 46])).toBeLessThan(1e-6);
    expect(distance(signalWindow("blackman", 2), [2], [0, 1])).toBeLessThan(1e-6);
    const mel = melWeightMatrix({ bands: 8, length: 16, sampleRate: 8192, low: 0, high: 4096 });
    expect(mel.shape).toEqual([9, 8]);
    expect(mel.numbers().slice(0, 16)).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0]);
    expect(det(tensor([0, 1, 2, 3, 1, 2, 3, 4], [2, 2, 2])).numbers()).toEqual([-2, -2]);
    expect(det(tensor([1, 2, 2, 4], [2, 2])).item()).toBe(0);
  });
});

test("gradients of determinants of singular matrices are cofactors", () => {
  const gradient = (values: number[], n: number) => {
    const a = parameter(values, [n, n]);
    const result = scope(() =>
      backward(det(a), [a])[0]!
        .numbers()
        .map((v) => v + 0),
    );
    a.dispose();
    return result;
  };
  expect(gradient([1, 2, 2, 4], 2)).toEqual([4, -2, -2, 1]);
  const n = 10;
  const last = n * n - 1;
  const diagonal = Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0 && i !== last));
  expect(gradient(diagonal, n)).toEqual(diagonal.map((_, i) => Number(i === last)));
});

test("likelihood losses weigh and ignore classes", () => {
  scope(() => {
    const x = tensor([1, 2, 3, 4, 5, 6], [2, 3]);
    const targets = tensor([2, 0], [2], "i64");
    const weights = tensor([0.5, 1, 2], [3]);
    const loss = (attributes: object, t: Tensor = targets) => negativeLogLikelihoodLoss(x, t, attributes).numbers();
    expect(loss({})).toEqual([-3.5]);
    expect(loss({ reduction: "none", weights })).toEqual([-6, -2]);
    expect(loss({ reduction: "sum", ignoreIndex: 0 })).toEqual([-3]);
    expect(loss({ weights })).toEqual([-8 / 2.5].map(Math.fround));
    expect(loss({ ignoreIndex: 9 }, tensor([9, 1], [2], "i32"))).toEqual([-5]);
    const { loss: entropy, logProbabilities } = softmaxCrossEntropyLoss(x, targets);
    const total = Math.log(1 + Math.exp(-1) + Math.exp(-2));
    expect(distance(entropy, [], [(total + total + 2) / 2])).toBeLessThan(1e-6);
    expect(logProbabilities.shape).toEqual([2, 3]);
  });
});

/** Invalid calls and a part of their messages. */
const invalid: readonly (readonly [make: () => unknown, message: string])[] = [
  [() => dft(tensor([1, 2, 3], [3])), "dft: expected an axis from -1 to 0, got -2"],
  [() => dft(tensor([1, 2], [2, 1]), { length: 0 }), "dft: expected a length ≥ 1, got 0"],
  [() => dft(tensor([1, 2], [2, 1]), { length: 2 ** 30 }), "dft: expected a result of at most 268435456 elements"],
  [() => stft(tensor([1, 2], [1, 2, 1]), { step: 1, length: 3 }), "stft: expected a padded input at least as large"],
  [() => signalWindow("hann", -1), "hann window: expected a result of at most 268435456 elements, got [-1]"],
  [
    () => melWeightMatrix({ bands: 2, length: 16, sampleRate: 0, low: 0, high: 1 }),
    "melWeightMatrix: expected a length and a sample rate above 0",
  ],
  [() => det(tensor([1, 2], [1, 2])), "det: expected square matrices [.., n, n], got [1, 2]"],
];

test("invalid calls name what was expected", () => {
  for (const [make, message] of invalid) scope(() => expect(make, message).toThrow(message));
});
