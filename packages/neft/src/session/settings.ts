import { defineSettings, whole } from "@neft/options";
import { predictOptions } from "../predict.js";
import { equaliseOptions, evaluateOptions, finetuneOptions, runSettings } from "../settings.js";

const { workers: _evaluating, ...evaluateRows } = evaluateOptions;
const { data: _samples, ...equaliseRows } = equaliseOptions;
// States pass between threads at the end of a call only: an aborted one returns its state.
const { workers: _finetuning, onCheckpoint: _states, checkpointEvery: _steps, ...finetuneRows } = finetuneOptions;

/** Options of a session's calls: those of the functions of the same names, without `workers`, because the session has its own, and without checkpoints. */
export const sessionSettings = {
  evaluate: evaluateRows,
  finetune: finetuneRows,
  equalise: equaliseRows,
  predict: defineSettings({
    ...predictOptions,
    chips: {
      kind: whole({ min: 1, max: 100_000 }),
      about:
        "number of chips to predict on, from chip number chip; the result is then a list with one prediction per chip",
      defaultWords: "one chip, whose prediction is the result",
    },
    signal: runSettings.signal,
  }),
};
