import type { Dataset, Normalisation } from "@neft/data";
import type { ModelRecord } from "@neft/model";
import type { ChipJob } from "./chips.js";
import type { DeviationJob, DeviationParts, DeviationTally } from "./deviation/chips.js";
import type { WorkersOf } from "./job-runners.js";
import type { ChipTally } from "./tally.js";

/** Everything that a worker needs for chip jobs. Plain data. */
export interface EvaluationSetup {
  readonly model: ModelRecord;
  readonly data: Dataset;
  readonly normalisation: Normalisation;
  /** Name of the value with the class scores. */
  readonly logits: string;
}

/** Everything that a worker needs for jobs that compare chips with the clean network. Plain data. */
export interface DeviationSetup extends Omit<DeviationParts, "model" | "clean"> {
  readonly model: ModelRecord;
}

/** Unique id of a setup. */
export type SetupId = number;

/** A job and the id of the setup that it needs. */
export interface JobOfSetup<Job> {
  readonly setup: SetupId;
  readonly job: Job;
}

/** The worker methods that `evaluate` calls. A worker may have others. Kernels must be initialised first. */
export interface EvaluationWorker {
  /** Replaces the worker's model and data. */
  prepareEvaluation(setup: EvaluationSetup, id: SetupId): void | Promise<void>;
  /** @throws {Error} if the job's setup is not the worker's last one. */
  evaluateChips(job: JobOfSetup<ChipJob>): ChipTally;
  /** Replaces the worker's model and data. */
  prepareDeviation(setup: DeviationSetup, id: SetupId): void;
  /** @throws {Error} if the job's setup is not the worker's last one. */
  compareChips(job: JobOfSetup<DeviationJob>): DeviationTally;
}

/** A pool of workers that `evaluate` can use. */
export type EvaluationWorkers = WorkersOf<EvaluationWorker>;
