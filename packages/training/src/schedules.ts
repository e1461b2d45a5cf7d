import { type Chosen, chosenFrom, defineSettings, real } from "@neft/options";
import { withDefaults } from "./with-defaults.js";

/** Where a run is. */
export interface SchedulePosition {
  /** Steps made so far, from 0. */
  readonly step: number;
  /** Steps of the whole run. */
  readonly steps: number;
  /** Steps of one epoch. */
  readonly stepsPerEpoch: number;
}

/** The learning rate along a run, as a factor of the first one. */
export interface Schedule {
  readonly id: string;
  /** The settings it reads, with their defaults. */
  readonly defaults: Omit<ScheduleSettings, "id">;
  /** One line for lists. */
  readonly summary: string;
  /** Factor at a position; 1 at the start. */
  factor(position: SchedulePosition, settings: ScheduleSettings): number;
}

const group = "Training:";

/** Settings of every schedule; each reads some of them. */
export const scheduleSettings = defineSettings({
  every: {
    kind: real({ above: 0 }, "<epochs>"),
    about: "step: epochs between two drops, at most one of which comes with each step",
    flag: "--schedule-every <epochs>",
    group,
  },
  gamma: { kind: real({ above: 0 }), about: "step: factor of one drop", flag: "--schedule-gamma <x>", group },
});

/** Plain data. */
export type ScheduleSettings = Chosen<typeof scheduleSettings>;

/**
 * cos(π·x) for 0 ≤ x ≤ 1 by its Taylor series around ½, −sin(π(x − ½)): arithmetic only, so the same in every engine.
 * The first term left out, (π/2)^17/17!, is 6e-12.
 */
function cosineOfHalfTurn(x: number): number {
  const angle = Math.PI * (x - 0.5);
  const square = angle * angle;
  let term = angle;
  let sum = angle;
  for (let n = 3; n <= 15; n += 2) {
    term *= -square / (n * (n - 1));
    sum += term;
  }
  return -sum;
}

const constant: Schedule = {
  id: "constant",
  defaults: {},
  summary: "the same learning rate throughout",
  factor: () => 1,
};

const cosine: Schedule = {
  id: "cosine",
  defaults: {},
  summary: "half a cosine from the learning rate to 0, a step at a time",
  factor: ({ step, steps }) => (1 + cosineOfHalfTurn(step / steps)) / 2,
};

const stepDefaults = { every: 1, gamma: 0.1 };

const stepwise: Schedule = {
  id: "step",
  defaults: stepDefaults,
  summary: "times gamma (0.1) after every so many epochs (1)",
  factor: ({ step, stepsPerEpoch }, settings) => {
    const { every, gamma } = withDefaults(stepDefaults, settings);
    let factor = 1;
    // A step has one drop at most.
    const drops = Math.min(step, Math.floor(step / (stepsPerEpoch * every)));
    for (let drop = 0; drop < drops; drop++) factor *= gamma;
    return factor;
  },
};

/** The schedules that can be asked for by id. */
export const schedules: ReadonlyMap<string, Schedule> = new Map(
  [constant, cosine, stepwise].map((row) => [row.id, row]),
);

/** The kind of values that choose a schedule. */
export const scheduleKind = chosenFrom(schedules, scheduleSettings);

/**
 * The schedule of that id, its settings checked.
 * @throws {OptionError} for an unknown id, a setting it doesn't read or one out of range.
 */
export function scheduleNamed(settings: ScheduleSettings): Schedule {
  return schedules.get(scheduleKind.check(settings, "schedule").id)!;
}
