import type { Task } from "@neft/work";
import { openModel, type SetupModel } from "../setup-model.js";
import {
  compareChips,
  createDeviationState,
  type DeviationJob,
  type DeviationParts,
  type DeviationTally,
  disposeDeviationState,
} from "./chips.js";

/** What all jobs of an evaluation against the clean network share. */
export interface DeviationSetup extends Omit<DeviationParts, "model" | "clean"> {
  readonly model: SetupModel;
}

/** Compares chips with the clean network. */
export const deviationTask: Task<DeviationSetup, DeviationJob, DeviationTally> = {
  id: "deviation",
  open: ({ model: given, ...rest }) => {
    const { model, close } = openModel(given);
    const state = createDeviationState({ ...rest, model, clean: model });
    return {
      do: (job) => compareChips(state, job),
      close: () => {
        disposeDeviationState(state);
        close();
      },
    };
  },
};
