import { computed, signal } from "@preact/signals";
import type { NamedBytes } from "../dataset-files.js";
import type { Dataset, NetworkInfo } from "../engine.js";
import type { Measured } from "./measured.js";

/** All state of the page that several parts read. Actions in this folder change it; components show it. */

export interface OpenNetwork extends NamedBytes {
  readonly info: NetworkInfo;
}

/** Settings of the chips. */
export interface Chips {
  readonly device: string;
  /** Largest σ; `points` values lead up to it evenly. */
  readonly sigmaMax: number;
  readonly points: number;
  readonly chips: number;
}

/** Settings of the finetuning. `clip` is a multiple of a tensor's root mean square. */
export interface Training {
  readonly strategy: string;
  readonly sigma: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly clip: number | undefined;
}

/** Places that show problems, each beside its controls. */
export type Place = "network" | "network-times" | "data" | "chips" | "training" | "vote";

export interface Problem {
  /** What happened, in plain words. */
  readonly what: string;
  /** The library's message. */
  readonly detail: string;
}

/** The long-running call, if any. */
export interface Activity {
  readonly kind: "evaluate" | "finetune" | "measure";
  readonly words: string;
  readonly done: number;
  readonly total: number;
  /** Clock reading at the start, in ms. */
  readonly start: number;
  readonly stop: () => void;
}

/** Curves of a finetuning. Entries of `steps` and `loss` belong together, and so do those of the other two. */
export interface TrainingCurves {
  readonly steps: readonly number[];
  readonly loss: readonly number[];
  readonly validatedAt: readonly number[];
  readonly accuracy: readonly number[];
  readonly best: number | undefined;
  readonly total: number;
}

export const network = signal<OpenNetwork | undefined>(undefined);
/** The finetuned network; belongs to `network`. */
export const robust = signal<OpenNetwork | undefined>(undefined);
export const testData = signal<Dataset | undefined>(undefined);
export const trainData = signal<Dataset | undefined>(undefined);

export const seed = 1;
export const chips = signal<Chips>({ device: "rram1", sigmaMax: 0.3, points: 6, chips: 30 });
export const training = signal<Training>({
  strategy: "noise-injection",
  sigma: 0.3,
  epochs: 4,
  learningRate: 0.001,
  clip: 2,
});

/** Accuracies of the chips of the original and of the finetuned network. */
export const before = signal<Measured | undefined>(undefined);
export const after = signal<Measured | undefined>(undefined);
export const curves = signal<TrainingCurves | undefined>(undefined);

export const activity = signal<Activity | undefined>(undefined);
/** What is being opened. */
export const opening = signal<string | undefined>(undefined);
export const problems = signal<Partial<Record<Place, Problem>>>({});
/** Text that screen readers announce. */
export const announcement = signal("");

export const sigmas = computed(() => sigmaList(chips.value));
export const isBusy = computed(() => activity.value !== undefined || opening.value !== undefined);

/** σ values of the run, ascending, without 0: the digital network is that point. */
export function sigmaList({ sigmaMax, points }: Pick<Chips, "sigmaMax" | "points">): number[] {
  return Array.from({ length: points }, (_, i) => Math.round(((i + 1) * sigmaMax * 1e4) / points) / 1e4);
}
