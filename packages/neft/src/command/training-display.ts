import type { FinetuneProgress, Score } from "@neft/training";
import { equalisationProgress } from "./equalisation-report.js";
import { type Progress, startProgress } from "./progress.js";

/** Shows the progress of a finetuning. */
export interface Display {
  readonly show: (progress: FinetuneProgress) => void;
  /** Step of the best weights so far; undefined before the first validation of this process. */
  bestStep(): number | undefined;
  stop(): void;
}

export function showProgress(): Display {
  const equalising = equalisationProgress();
  let progress: Progress | undefined;
  let best: number | undefined;
  let stopped = false;
  return {
    show: (event) => {
      if (event.kind === "equalise") {
        equalising.update(event);
        return;
      }
      equalising.stop();
      progress ??= startProgress("finetune", event.steps, "steps");
      if (event.kind === "step") progress.update(event.step, `epoch ${event.epoch}, loss ${event.loss.toFixed(4)}`);
      else {
        if (event.isBest) best = event.step;
        progress.log(
          `after step ${event.step}: ${inUnits(event)} on the validation chips${event.isBest ? ", best so far" : ""}`,
        );
      }
    },
    bestStep: () => best,
    stop: () => {
      equalising.stop();
      if (!stopped) progress?.stop();
      stopped = true;
    },
  };
}

/** A score as words: "97.21 %", or "relative error 0.1234". */
export const inUnits = ({ accuracy, relativeError }: Score): string =>
  accuracy !== undefined ? `${accuracy.toFixed(2)} %` : `relative error ${relativeError?.toFixed(4) ?? "not finite"}`;
