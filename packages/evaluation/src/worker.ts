import type { Dataset, Normalisation } from "@neft/data";
import type { ModelRecord } from "@neft/model";
import type { ChipJob } from "./chips.js";
import type { WorkersOf } from "./lanes.js";
import type { ChipTally } from "./tally.js";

/** What a worker needs for chip jobs: plain data. */
export interface EvaluationSetup {
  readonly model: ModelRecord;
  readonly data: Dataset;
  readonly normalisation: Normalisation;
  /** Name of the value with the class scores. */
  readonly logits: string;
}

/** Tells a setup from all others that a worker is given. */
export type SetupId = number;

/** A job, and the setup that it is to be done with. */
export interface JobOfSetup<Job> {
  readonly setup: SetupId;
  readonly job: Job;
}

/** What evaluation asks of a worker, which may do other jobs too. Kernels must be initialised before. */
export interface EvaluationWorker {
  prepareEvaluation(setup: EvaluationSetup, id: SetupId): void;
  /** @throws {Error} for a job of another setup than the last one. */
  evaluateChips(job: JobOfSetup<ChipJob>): ChipTally;
}

/** Workers that do chip jobs: what `evaluate` needs of a pool. */
export type EvaluationWorkers = WorkersOf<EvaluationWorker>;
