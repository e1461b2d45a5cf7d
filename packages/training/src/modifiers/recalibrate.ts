import { applyStatistics } from "@neft/model";
import { OptionError, whole } from "@neft/options";
import { defineModifier } from "../modifier.js";

/**
 * Recalibrates batch normalisations before a validation: running statistics become the means of those of so many batches of training samples,
 * each on a chip of its own at `sigma`. Every validation takes the same batches and chips; what is validated is kept.
 */
export const recalibrate = defineModifier({
  id: "recalibrate",
  summary: "before each validation, measure running statistics of batch normalisation on noisy passes",
  source:
    "Joshi et al., Accurate deep neural network inference using computational phase-change memory, Nature Communications 11, 2020",
  cost: "n forward passes a validation",
  settings: {
    recalibrate: {
      kind: whole({ min: 1, max: 10_000 }),
      about:
        "before each validation, replace the running statistics of batch normalisations by their means over n batches of training samples on chips at sigma; what is validated is kept",
      group: "Training:",
    },
  },
  start({ hasMovingNorms, model, noisyStatistics }, { recalibrate: batches }) {
    if (!hasMovingNorms) {
      throw new OptionError({
        option: "recalibrate",
        expected: "a network with batch normalisations whose statistics move (batchNorm batch)",
        got: "none such",
      });
    }
    return {
      candidate: async (signal) => {
        const all = [];
        for (let index = 0; index < batches!; index++) all.push(await noisyStatistics(index, signal));
        // A momentum of i/(i + 1) gives the mean of the first i + 1 batches.
        for (const [i, statistics] of all.entries())
          applyStatistics(
            model,
            statistics.map((one) => ({ ...one, momentum: i / (i + 1) })),
          );
      },
    };
  },
});
