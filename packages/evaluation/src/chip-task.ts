import type { Dataset, Normalisation } from "@neft/data";
import type { Task } from "@neft/work";
import { type ChipJob, createEvaluationState, disposeEvaluationState, evaluateChips } from "./chips.js";
import { openModel, type SetupModel } from "./setup-model.js";
import type { ChipTally } from "./tally.js";

/** What all jobs of an evaluation share. */
export interface ChipSetup {
  readonly model: SetupModel;
  readonly data: Dataset;
  readonly normalisation: Normalisation;
  /** Name of the value with the class scores. */
  readonly logits: string;
}

/** Reads labelled samples on chips. */
export const chipTask: Task<ChipSetup, ChipJob, ChipTally> = {
  id: "chips",
  open: ({ model: given, ...rest }) => {
    const { model, close } = openModel(given);
    const state = createEvaluationState({ ...rest, model });
    return {
      do: (job) => evaluateChips(state, job),
      close: () => {
        disposeEvaluationState(state);
        close();
      },
    };
  },
};
