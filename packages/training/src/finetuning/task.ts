import type { Dataset } from "@neft/data";
import {
  type ChipJob,
  type ChipTally,
  compareChips,
  createDeviationState,
  createEvaluationState,
  type DeviationJob,
  type DeviationSetup,
  type DeviationTally,
  disposeDeviationState,
  disposeEvaluationState,
  evaluateChips,
  openModel,
  type SetupModel,
} from "@neft/evaluation";
import type { Executor, JobRunner, OpenTask, Task } from "@neft/work";
import {
  createTrainingState,
  disposeTrainingState,
  type ShardAnswer,
  type ShardJob,
  type StepSettings,
  shardGradients,
  type TrainingState,
} from "./shards.js";
import type { SharedBuffers } from "./shared-buffers.js";

/** Samples and outputs of a validation against the clean network. Plain data. */
export type Comparison = Omit<DeviationSetup, "model">;

/** What all jobs of a finetuning share. */
export interface FinetuningSetup {
  readonly model: SetupModel;
  readonly data: Dataset;
  readonly settings: StepSettings;
  /** Where workers find weights and leave gradients; undefined without shared memory, and in the calling thread. */
  readonly sharedBuffers?: SharedBuffers | undefined;
  /** In the calling thread: the state that the run updates. Default: a new one. */
  readonly state?: TrainingState | undefined;
  readonly validation: Dataset;
  /** Validation in a run towards the clean network. */
  readonly comparison?: Comparison | undefined;
}

/** Kinds of jobs, each with what it does. */
interface Kinds {
  /** Computes the gradients of a shard. */
  gradients(job: ShardJob): ShardAnswer;
  /** Reads the validation samples on chips. */
  chips(job: ChipJob): ChipTally;
  /** Compares validation chips with the clean network. */
  comparisons(job: DeviationJob): DeviationTally;
}

/** A job of a finetuning. */
export type FinetuningJob = {
  [Kind in keyof Kinds]: { readonly kind: Kind; readonly job: Parameters<Kinds[Kind]>[0] };
}[keyof Kinds];

/** The result of a job, by its kind. */
export type FinetuningResult = ReturnType<Kinds[keyof Kinds]>;

/** Computes gradients of shards, and reads the chips of validations. */
export const finetuningTask: Task<FinetuningSetup, FinetuningJob, FinetuningResult> = {
  id: "finetuning",
  open: (setup) => {
    const { model, close } = openModel(setup.model);
    const state = setup.state ?? createTrainingState(model, setup.data, setup.settings, setup.sharedBuffers);
    const { normalisation, logits } = setup.settings;
    const images = createEvaluationState({ model, data: setup.validation, normalisation, logits });
    const compared = setup.comparison && createDeviationState({ ...setup.comparison, model, clean: state.clean! });
    const kinds: Kinds = {
      gradients: (job) => {
        const { gradients, ...rest } = shardGradients(state, job);
        return state.sharedBuffers ? rest : { ...rest, gradients };
      },
      chips: (job) => evaluateChips(images, job),
      comparisons: (job) => {
        if (!compared) throw new Error("finetuning: expected a setup with a comparison, got one without");
        return compareChips(compared, job);
      },
    };
    return {
      // TypeScript can't tell that the kind determines the type of the job.
      do: ({ kind, job }) => (kinds[kind] as (job: unknown) => FinetuningResult)(job),
      close: () => {
        disposeEvaluationState(images);
        if (compared) disposeDeviationState(compared);
        if (!setup.state) disposeTrainingState(state);
        close();
      },
    } satisfies OpenTask<FinetuningJob, FinetuningResult>;
  },
};

/** Runs the jobs of one kind. */
export function runnerOf<Kind extends keyof Kinds>(
  executor: Executor,
  setup: FinetuningSetup,
  kind: Kind,
): JobRunner<Parameters<Kinds[Kind]>[0], ReturnType<Kinds[Kind]>> {
  return (jobs, onResult, signal) =>
    executor.run(
      finetuningTask,
      setup,
      ofKind(kind, jobs),
      (index, result) => onResult(index, result as ReturnType<Kinds[Kind]>),
      signal,
    );
}

function* ofKind(kind: keyof Kinds, jobs: Iterable<unknown>): Generator<FinetuningJob, void> {
  for (const job of jobs) yield { kind, job } as FinetuningJob;
}
