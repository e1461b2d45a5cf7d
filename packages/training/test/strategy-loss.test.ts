import { rram1 } from "@neft/crossbar";
import { init, memoryUse } from "@neft/kernels";
import { addStrategy, feedbackLoss, finetune, type StrategyStep, strategies } from "@neft/training";
import { beforeAll, describe, expect, it } from "vitest";
import { toyImages, toyNet, toyNormalisation } from "../../evaluation/test/toy.js";

beforeAll(() => init());

let count = 0;

/** Finetunes a small network for a few steps with a strategy of this loss. */
async function train(loss: (step: StrategyStep) => unknown, sigma = 0.1): Promise<void> {
  const id = `own-${++count}`;
  addStrategy("test", { id, summary: "of a test", defaults: {}, loss: loss as never });
  const data = toyImages(60);
  const model = toyNet({ dropout: true });
  const validation = { images: 20, chips: 1 };
  try {
    await finetune({
      model,
      data,
      normalisation: toyNormalisation(data),
      device: rram1,
      sigma,
      strategy: { id },
      batch: 10,
      validation,
    });
  } finally {
    model.dispose();
  }
}

/** The error of `train`, which must be a RangeError; "own" stands for the strategy's id. */
async function refusal(loss: (step: StrategyStep) => unknown): Promise<string> {
  const error: unknown = await train(loss).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(RangeError);
  return (error as RangeError).message.replace(`"own-${count}"`, '"own"');
}

const meanLoss = ({ forward, labels }: StrategyStep, request: unknown) =>
  feedbackLoss(forward(request as never).logits, [], labels, { beta: 0, gamma: [] });

describe("the loss of a strategy", () => {
  it.each<[string, (step: StrategyStep) => unknown]>([
    ["a tensor of shape [10, 4]", ({ forward, sigma }) => forward({ sigma, draw: 0 }).logits],
    ["3", () => 3],
    ["undefined", () => undefined],
    ["a promise; return the tensor itself", async (step) => meanLoss(step, { sigma: 0.1, draw: 0 })],
    // Without a catch, this promise would be an unhandled rejection, which fails the test run.
    ["a promise; return the tensor itself", () => Promise.reject(new Error("late"))],
    ["an object", () => ({ shape: [], size: 1 })],
  ])("is refused if it is %s", async (got, loss) => {
    const { live } = memoryUse();
    expect(await refusal(loss)).toBe(`strategy "own": loss: expected a scalar tensor, got ${got}`);
    expect(memoryUse().live).toBe(live);
  });
});

describe("forward", () => {
  it.each([
    [undefined, "expected options (sigma, draw, offset), got undefined"],
    [0.1, "expected options (sigma, draw, offset), got 0.1"],
    [{ sigma: 0.1 }, "draw: expected a whole number ≥ 0 and ≤ 63, got undefined"],
    [{ draw: 0 }, "sigma: expected a number ≥ 0 and ≤ 2, got undefined"],
    [{ sigma: 5, draw: 0 }, "sigma: expected a number ≥ 0 and ≤ 2, got 5"],
    [{ sigma: -0.1, draw: 0 }, "sigma: expected a number ≥ 0 and ≤ 2, got -0.1"],
    [{ sigma: Number.NaN, draw: 0 }, "sigma: expected a number ≥ 0 and ≤ 2, got NaN"],
    [{ sigma: "0.1", draw: 0 }, 'sigma: expected a number ≥ 0 and ≤ 2, got "0.1"'],
    [{ sigma: 0.1, draw: 64 }, "draw: expected a whole number ≥ 0 and ≤ 63, got 64"],
    [{ sigma: 0.1, draw: 0.5 }, "draw: expected a whole number ≥ 0 and ≤ 63, got 0.5"],
    [{ sigma: 0.1, draw: -1 }, "draw: expected a whole number ≥ 0 and ≤ 63, got -1"],
  ])("refuses the request %o", async (request, message) => {
    expect(await refusal((step) => meanLoss(step, request))).toBe(`strategy "own": forward: ${message}`);
  });

  it("accepts the largest requests of OVF: 64 passes, and σ 1 with an increment of 1", async () => {
    await train((step) => meanLoss(step, { sigma: 2, draw: 63 }), 1);
    const deltaSigma = Array.from({ length: 63 }, () => 1);
    const gamma = deltaSigma.map(() => 0.01);
    const ovf = strategies.get("ovf")!.configure({ deltaSigma, gamma });
    await train((step) => ovf.loss(step), 1);
  });
});
