import type { Calibration, Ranges } from "@neft/crossbar";
import { has, inWords, isListOf } from "@neft/options";
import type { EqualiseResult } from "../equalise/equalise.js";
import type { OptimiserRecord } from "../optimisers.js";
import type { Passes } from "../strategy.js";
import type { LossWatch } from "./divergence.js";
import type { Score } from "./jobs.js";
import type { ResolvedSettings } from "./settings.js";

/** Result of one validation: the mean over the validation chips. */
export type Validation = {
  /** Number of steps done; 0 is the network before training. */
  readonly step: number;
} & Score;

/** The best weights of a run so far. */
export interface BestWeights {
  readonly validation: Validation;
  /** Values of the network's parameters, in its order. */
  readonly weights: readonly Float32Array[];
  /** With `learnPeriphery`: what was learned of the chip. */
  readonly calibration?: Calibration | undefined;
}

/**
 * A finetuning between two of its steps. Plain data: it can be sent to another thread or written to a file. A run that continues from it
 * gives the same bits as one that wasn't interrupted.
 */
export interface RunState {
  /** Settings of the run, which alone can be continued. */
  readonly settings: ResolvedSettings;
  /** Numbers of samples. */
  readonly samples: { readonly training: number; readonly validation: number };
  /** Number of steps done. */
  readonly step: number;
  /** Passes of a batch through the network in all of these steps. */
  readonly passes: Passes;
  /** Values of the network's parameters before the first step, in its order: rescaled ones with `equalise`. */
  readonly initial: readonly Float32Array[];
  /** Values of the network's parameters, then of the heads' and of the learned periphery. */
  readonly weights: readonly Float32Array[];
  readonly optimiser: OptimiserRecord;
  /** States of modifiers, by id. */
  readonly modifiers: Readonly<Record<string, readonly Float32Array[]>>;
  readonly validations: readonly Validation[];
  /** Null before the first validation. */
  readonly best: BestWeights | null;
  /** What the last validation measured for the steps after it. */
  readonly measured: { readonly powers?: readonly number[] | undefined; readonly ranges?: Ranges | undefined };
  readonly watch: LossWatch;
  /** With `equalise`: what it did before the first step. */
  readonly equalised?: EqualiseResult | undefined;
}

const isListOfFloats = isListOf((one) => ArrayBuffer.isView(one) && Object.prototype.toString.call(one) === floats);
const floats = "[object Float32Array]";

/** Whether a value has the members of a state. */
export const isRunState = (value: unknown): value is RunState =>
  has(value, "settings", "samples", "step", "passes", "initial", "weights", "optimiser", "modifiers") &&
  has(value, "validations", "best", "measured", "watch") &&
  isListOfFloats(value.initial) &&
  isListOfFloats(value.weights) &&
  has(value.optimiser, "numbers", "moments") &&
  isListOfFloats(value.optimiser.moments) &&
  has(value.modifiers) &&
  Object.values(value.modifiers).every(isListOfFloats) &&
  Array.isArray(value.validations) &&
  (value.best === null || (has(value.best, "validation", "weights") && isListOfFloats(value.best.weights)));

/** What a run expects of a state. */
export interface ExpectedState {
  readonly settings: ResolvedSettings;
  readonly samples: RunState["samples"];
  readonly steps: number;
}

/**
 * Checks that a state is of the run that is to continue from it.
 * @throws {RangeError} naming the first difference.
 */
export function checkRunState(state: RunState, { settings, samples, steps }: ExpectedState): void {
  if (!isRunState(state)) throw new RangeError(`resume: expected a state of finetune, got ${inWords(state)}`);
  checkSame("settings", settings, state.settings);
  checkSame("samples", samples, state.samples);
  if (!Number.isSafeInteger(state.step) || state.step < 0 || state.step > steps)
    refuse("step", `a whole number from 0 to ${steps}`, inWords(state.step));
}

/** What has a number of values: an array or a tensor. */
type Sized = { readonly length: number } | { readonly size: number };

const sizesOf = (all: readonly Sized[]): number[] => Array.from(all, (one) => ("size" in one ? one.size : one.length));

/** @throws {RangeError} if arrays aren't as long as others, or the tensors that they are for. */
export function checkArrays(who: string, arrays: readonly Float32Array[], like: readonly Sized[]): void {
  const [expected, got] = [sizesOf(like), sizesOf(arrays)];
  if (got.length !== expected.length) refuse(who, `${expected.length} arrays`, `${got.length}`);
  const at = expected.findIndex((size, i) => size !== got[i]);
  if (at >= 0) refuse(`${who}[${at}]`, `${expected[at]} values`, `${got[at]}`);
}

function refuse(what: string, expected: string, got: string): never {
  throw new RangeError(
    `resume: ${what}: expected ${expected}, got ${got}; a state continues the run that made it, with the same model, data and settings`,
  );
}

/** Compares plain data; a member that is undefined counts as missing. */
function checkSame(what: string, expected: unknown, got: unknown): void {
  if (Object.is(expected, got)) return;
  if (typeof expected !== "object" || typeof got !== "object" || expected === null || got === null)
    refuse(what, inWords(expected), inWords(got));
  for (const name of new Set([...Object.keys(expected), ...Object.keys(got)])) {
    const [own, other] = [expected, got].map((value) => (value as Readonly<Record<string, unknown>>)[name]);
    checkSame(`${what}.${name}`, own, other);
  }
}
