import { readFileSync } from "node:fs";
import { init } from "@neft/kernels";
import { backward, parameter, scope, type Tensor } from "@neft/tensor";
import { feedbackLoss } from "@neft/training";
import { beforeAll, describe, expect, it } from "vitest";
import { largestDeviation } from "./deviation.js";

interface LossCase {
  strategy: string;
  beta: number;
  gamma: number[];
  labels: number[];
  logits: number[][];
  feedbackLogits: number[][][];
  loss: number;
  gradLogits: number[][];
  gradFeedbackLogits: number[][][];
}
const golden: { cases: LossCase[] } = JSON.parse(readFileSync(new URL("./golden/loss.json", import.meta.url), "utf8"));

beforeAll(() => init());

const matrix = (rows: number[][]): Tensor => parameter(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);

describe("feedbackLoss", () => {
  it("matches the reference's values and gradients", () => {
    const deviations: Record<string, number> = {};
    for (const [i, one] of golden.cases.entries()) {
      const inputs = [one.logits, ...one.feedbackLogits].map(matrix);
      const expected = [one.gradLogits, ...one.gradFeedbackLogits];
      scope(() => {
        const loss = feedbackLoss(inputs[0]!, inputs.slice(1), Int32Array.from(one.labels), one);
        deviations[`case ${i} loss`] = Math.abs(loss.item() - one.loss) / one.loss;
        for (const [z, gradient] of backward(loss, inputs).entries()) {
          deviations[`case ${i} z${z}`] = largestDeviation(gradient.toArray() as Float32Array, expected[z]!.flat());
        }
      });
      for (const input of inputs) input.dispose();
    }
    expect(Object.entries(deviations).filter(([, deviation]) => !(deviation <= 1e-5))).toEqual([]);
    expect(golden.cases.length).toBe(5);
  });

  it("refuses fewer γ than feedback outputs", () => {
    const logits = matrix([[1, 2]]);
    expect(() =>
      scope(() => feedbackLoss(logits, [logits, logits], Int32Array.of(0), { beta: 1, gamma: [1] })),
    ).toThrow("strategy.gamma: expected one value for each of the 2 feedback outputs, got 1");
    logits.dispose();
  });
});
