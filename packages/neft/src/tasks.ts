import { chipTask, deviationTask } from "@neft/evaluation";
import { finetuningTask } from "@neft/training";
import type { Task } from "@neft/work";

/** What job workers can do. */
export const tasks: readonly Task[] = [chipTask, deviationTask, finetuningTask];

/** The part of a setup with a network that may need operators on demand. */
interface SetupWithModel {
  readonly model?: { readonly isExtended?: boolean };
}

/**
 * Tasks that load operators before they open with a network that has others than those of the core.
 * @param load  Makes more operators known.
 */
export const loadingOperators = (tasks: readonly Task[], load: () => Promise<void>): Task[] =>
  tasks.map((task) => ({
    ...task,
    open: async (setup) => {
      if ((setup as SetupWithModel).model?.isExtended) await load();
      return task.open(setup);
    },
  }));
