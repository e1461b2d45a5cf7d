import { rram1, weightChip, withSigma } from "@neft/crossbar";
import type { Dataset, Normalisation } from "@neft/data";
import {
  createEvaluationState,
  disposeEvaluationState,
  evaluateChips,
  type PredictingChip,
  predict,
} from "@neft/evaluation";
import { init, memoryUse } from "@neft/kernels";
import { checkFree, type Model } from "@neft/model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toyImages, toyNet, toyNormalisation } from "./toy.js";

let model: Model;
let data: Dataset;
let normalisation: Normalisation;

beforeAll(async () => {
  await init();
  model = toyNet({ seed: 3 });
  data = toyImages(250);
  normalisation = toyNormalisation(data);
});

afterAll(() => model.dispose());

const on: PredictingChip = { chip: withSigma(weightChip({ device: rram1 }), 0.1), seed: 1, index: 0 };

describe("predict", () => {
  it.each([
    [{ chip: { ...on.chip, sigma: -1 } }, /^sigma: expected/],
    [{ index: 2 ** 32 }, /index/],
    [{ chip: { ...on.chip, device: { ...rram1, id: "?" } } }, /id/],
  ])("frees the model and all tensors when it refuses %o", (wrong, message) => {
    const { live } = memoryUse();
    expect(() => predict({ model, data, normalisation, on: { ...on, ...wrong } })).toThrow(message);
    expect(memoryUse().live).toBe(live);
    expect(() => checkFree(model, "write", "test")).not.toThrow();
  });

  it("refuses class scores that aren't finite, as evaluate does, and names the digital network or the chip", () => {
    const { live } = memoryUse();
    const far = { ...normalisation, mean: [1e39] };
    for (const [sigma, who, advice] of [
      [0, "digital network", "check the network, the samples and their scale, mean and std"],
      [0.1, "chip 4 at σ 0.1", "try a lower sigma, or check the network, the samples and their scale, mean and std"],
    ] as const) {
      expect(() =>
        predict({ model, data, normalisation: far, on: { ...on, chip: withSigma(on.chip, sigma), index: 4 } }),
      ).toThrow(new Error(`${who}: expected finite class scores, got NaN for sample 0; ${advice}`));
    }
    const values = data.values.slice() as Float32Array;
    values[230 * 64] = 3e38;
    expect(() =>
      predict({ model, data: { ...data, values }, normalisation, on: { ...on, chip: withSigma(on.chip, 0) } }),
    ).toThrow(/for sample 230; check/);
    expect(memoryUse().live).toBe(live);
    expect(() => checkFree(model, "write", "test")).not.toThrow();
  });
});

describe("evaluateChips", () => {
  it("frees the chips of a group when programming one of them fails", () => {
    const { live } = memoryUse();
    const state = createEvaluationState({ model, data, normalisation, logits: model.outputs[0]!.name });
    const job = { ...on, purpose: "chip", probabilities: true };
    // Chip 2³² has no random stream.
    expect(() => evaluateChips(state, { ...job, from: 2 ** 32 - 2, to: 2 ** 32 + 1 })).toThrow(/index/);
    disposeEvaluationState(state);
    expect(memoryUse().live).toBe(live);
  });
});
