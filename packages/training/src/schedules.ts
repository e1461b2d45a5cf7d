import { type Chosen, chosenFrom, defineSettings, real } from "@neft/options";
import { withDefaults } from "./with-defaults.js";

/** Progress of a run, in steps. */
export interface SchedulePosition {
  /** Number of steps done; 0 at the first step. */
  readonly step: number;
  /** Total steps of the run. */
  readonly steps: number;
  /** Steps per epoch. */
  readonly stepsPerEpoch: number;
}

/** A learning rate schedule: a row of `schedules`. */
export interface Schedule {
  readonly id: string;
  /** Default values of the settings it reads. */
  readonly defaults: Omit<ScheduleSettings, "id">;
  /** Description in one line, for the help. */
  readonly summary: string;
  /** Factor of the initial learning rate at a position; 1 at step 0. */
  factor(position: SchedulePosition, settings: ScheduleSettings): number;
}

const group = "Training:";

/** Settings of all schedules. Each schedule reads some of them. */
export const scheduleSettings = defineSettings({
  every: {
    kind: real({ above: 0 }, "<epochs>"),
    about: "step: epochs between two drops; at most one drop per step",
    flag: "--schedule-every <epochs>",
    group,
  },
  gamma: { kind: real({ above: 0 }), about: "step: factor of one drop", flag: "--schedule-gamma <x>", group },
});

/** A schedule's id and settings. Plain data. */
export type ScheduleSettings = Chosen<typeof scheduleSettings>;

/**
 * cos(π·x) for 0 ≤ x ≤ 1, as the Taylor series of −sin(π(x − ½)). It uses basic arithmetic only, so every engine gives the same bits.
 * The error is at most the first omitted term, (π/2)^17/17! = 6e-12.
 */
function cosPi(x: number): number {
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
  summary: "constant learning rate",
  factor: () => 1,
};

const cosine: Schedule = {
  id: "cosine",
  defaults: {},
  summary: "half a cosine from the learning rate to 0, updated every step",
  factor: ({ step, steps }) => (1 + cosPi(step / steps)) / 2,
};

const stepDefaults = { every: 1, gamma: 0.1 };

const stepwise: Schedule = {
  id: "step",
  defaults: stepDefaults,
  summary: "multiplied by gamma (0.1) every given number of epochs (1)",
  factor: ({ step, stepsPerEpoch }, settings) => {
    const { every, gamma } = withDefaults(stepDefaults, settings);
    let factor = 1;
    // At most one drop per step, so that a tiny `every` can't make this loop long.
    const drops = Math.min(step, Math.floor(step / (stepsPerEpoch * every)));
    for (let drop = 0; drop < drops; drop++) factor *= gamma;
    return factor;
  },
};

/** All schedules by id. */
export const schedules: ReadonlyMap<string, Schedule> = new Map(
  [constant, cosine, stepwise].map((row) => [row.id, row]),
);

/** Kind of the setting `schedule`. */
export const scheduleKind = chosenFrom(schedules, scheduleSettings);

/**
 * Looks up a schedule by id and checks its settings.
 * @throws {OptionError} for an unknown id, a setting that it doesn't read, or a value out of range.
 */
export function scheduleNamed(settings: ScheduleSettings): Schedule {
  return schedules.get(scheduleKind.check(settings, "schedule").id)!;
}
