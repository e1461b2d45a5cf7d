import { scheduleNamed, schedules } from "@neft/training";
import { describe, expect, it } from "vitest";

const run = { steps: 30, stepsPerEpoch: 10 };

describe("schedules", () => {
  it("start at the learning rate and stay between 0 and 1", () => {
    for (const [id, schedule] of schedules) {
      expect(schedule.factor({ step: 0, ...run }, { id }), id).toBeCloseTo(1, 11);
      for (let step = 0; step < run.steps; step++) {
        const factor = schedule.factor({ step, ...run }, { id });
        expect(factor >= 0 && factor <= 1 + 1e-11, `${id} at ${step}`).toBe(true);
      }
    }
  });

  it("cosine is half a cosine", () => {
    const cosine = scheduleNamed({ id: "cosine" });
    for (let step = 0; step <= run.steps; step++) {
      const expected = (1 + Math.cos((Math.PI * step) / run.steps)) / 2;
      expect(cosine.factor({ step, ...run }, { id: "cosine" })).toBeCloseTo(expected, 11);
    }
  });

  it("step drops after whole epochs", () => {
    const settings = { id: "step", every: 2, gamma: 0.5 };
    const schedule = scheduleNamed(settings);
    expect([0, 19, 20, 39, 40].map((step) => schedule.factor({ step, ...run }, settings))).toEqual([
      1, 1, 0.5, 0.5, 0.25,
    ]);
  });

  it("step drops at most once per step, for any interval between drops", () => {
    const settings = { id: "step", every: 1e-300, gamma: 0.5 };
    const at = (step: number) => scheduleNamed(settings).factor({ step, steps: 10, stepsPerEpoch: 5 }, settings);
    expect([at(0), at(1), at(3)]).toEqual([1, 0.5, 0.125]);
  });

  it("refuses unknown ids and settings", () => {
    expect(() => scheduleNamed({ id: "linear" })).toThrow(
      `schedule: expected one of ${[...schedules.keys()].join(", ")}, got "linear"`,
    );
    expect(() => scheduleNamed({ id: "step", every: 0 })).toThrow("schedule.every: expected a number > 0, got 0");
    expect(() => scheduleNamed({ id: "step", gamma: Number.NaN })).toThrow(
      "schedule.gamma: expected a number > 0, got NaN",
    );
  });
});
