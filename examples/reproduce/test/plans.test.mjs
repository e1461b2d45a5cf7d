// The plans of the paper's experiment: that they are plans, of the sizes that the README states.
import { checkPlan } from "@neft/study";
import { init, resnet18, summary, vgg8 } from "neft";
import { beforeAll, describe, expect, it } from "vitest";
import { convergence, networkFiles, plans } from "../plans.mjs";

beforeAll(() => init());

/** Multiply-adds of a network for one sample. */
function multiplyAdds(model) {
  return summary(model).reduce((sum, { outputShape, parameters, onArray }) => {
    const [, , height = 1, width = 1] = outputShape;
    return onArray ? sum + parameters * height * width : sum;
  }, 0);
}

describe("the plans", () => {
  it.each([
    ["reduced", [...plans(), convergence]],
    ["full", plans(true)],
  ])("of the %s runs are plans", (_, all) => {
    for (const { plan } of all) expect(() => checkPlan(plan)).not.toThrow();
    expect(all.length).toBeGreaterThanOrEqual(4);
  });

  it("of the reduced runs have 3 seeds, 50 chips, 10,000 and 2,000 images, all σ from 0 to 0.4", () => {
    for (const { plan } of plans()) {
      expect(plan.seeds.length).toBeGreaterThanOrEqual(3);
      expect(plan.evaluate.chips).toBeGreaterThanOrEqual(50);
      expect(plan.networks.map(({ trainLimit, testLimit }) => [trainLimit, testLimit])).toEqual([[10_000, 2_000]]);
      expect(plan.sigma).toEqual({ train: [0.2, 0.4], test: [0, 0.1, 0.2, 0.3, 0.4] });
    }
    expect(convergence.plan.networks.length).toBeGreaterThanOrEqual(20);
  });

  it("read networks of at most 2 million multiply-adds", () => {
    for (const { builder, seed, width } of networkFiles(false)) {
      const model = { vgg8, resnet18 }[builder]({ seed, channels: 1, size: 28, width });
      const count = multiplyAdds(model);
      expect(count).toBeGreaterThan(1.5e6);
      expect(count).toBeLessThan(2e6);
      model.dispose();
    }
  });
});
