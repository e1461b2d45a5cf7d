import type { EvaluationRate, TrainingRate } from "./rates.js";
import type { ResolvedBenchmark } from "./settings.js";

/** Predicted seconds of the study's evaluation and finetunings. */
export interface Estimates {
  readonly evaluation: readonly { readonly threads: number; readonly seconds: number }[];
  readonly finetuning: readonly { readonly strategy: string; readonly threads: number; readonly seconds: number }[];
}

/** Rates that estimates follow from. */
export interface Rates {
  /** Milliseconds to draw a chip's weights on one thread. */
  readonly programming: number;
  readonly evaluation: readonly EvaluationRate[];
  readonly training: readonly TrainingRate[];
}

/** Validation chips and most validation samples of a finetuning by default. */
const validation = { chips: 4, samples: 5000 };

/** Numbers of training and validation samples, split as finetuning does by default. */
export function splitOf(samples: number): { readonly training: number; readonly validation: number } {
  const held = Math.max(1, Math.min(validation.samples, Math.floor(samples / 5)));
  return { training: samples - held, validation: held };
}

/**
 * Predicts how long the study takes: an evaluation of `chips` chips at each σ and of the digital network, and a finetuning of `epochs`
 * epochs with its validations, `epochs` + 1 of the default size. A chip takes the time of its programming, and the rest in proportion to
 * its samples.
 */
export function estimate(settings: ResolvedBenchmark, { programming, evaluation, training }: Rates): Estimates {
  const { chips, sigma, samples, trainingSamples, batch, epochs } = settings;
  const secondsPerChip = ({ threads, samples: measured, chipsPerSecond }: EvaluationRate, wanted: number): number => {
    const own = Math.min(programming / 1000 / threads, 1 / chipsPerSecond);
    return own + ((1 / chipsPerSecond - own) * wanted) / measured;
  };
  const split = splitOf(trainingSamples);
  const steps = epochs * Math.floor(split.training / batch);
  return {
    evaluation: evaluation.map((rate) => ({
      threads: rate.threads,
      seconds: (1 + sigma.length * chips) * secondsPerChip(rate, samples),
    })),
    finetuning: training.flatMap(({ strategy, threads, stepsPerSecond }) => {
      const rate = evaluation.find((one) => one.threads >= threads);
      if (rate === undefined) return [];
      const validating = (epochs + 1) * validation.chips * secondsPerChip(rate, split.validation);
      return [{ strategy, threads, seconds: steps / stepsPerSecond + validating }];
    }),
  };
}
