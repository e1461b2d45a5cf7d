import { weightSettings } from "@neft/crossbar";
import { evaluationSettings, outputSettings, seedSettings } from "@neft/evaluation";
import { defineSettings, type GivenOf, listOf, oneOf, type ResolvedOf, real, whole } from "@neft/options";
import { finetuneSettings, strategies } from "@neft/training";

const study = "Estimated study:";

/** Settings of `benchmark`. Those of the study are named as in `evaluate` and `finetune`. */
export const benchmarkSettings = defineSettings({
  ...outputSettings,
  shape: {
    kind: listOf(whole({ min: 1 }), { most: 8 }),
    about: "shape of one sample, without the batch; required if sizes of the model's input are free",
    defaultWords: "the input's own",
    group: "Data:",
  },
  ...weightSettings,
  sigma: {
    ...evaluationSettings.sigma,
    about: "σ values of the study, as in evaluate; the largest one is measured",
    group: study,
  },
  chips: { ...evaluationSettings.chips, group: study },
  samples: {
    kind: whole({ min: 1, max: 1_000_000_000 }),
    about: "samples that every chip reads",
    default: 10_000,
    group: study,
  },
  trainingSamples: {
    kind: whole({ min: 1, max: 1_000_000_000 }),
    about: "samples of the training data, validation samples included",
    default: 60_000,
    group: study,
  },
  epochs: { ...finetuneSettings.epochs, group: study },
  batch: {
    ...finetuneSettings.batch,
    about: "samples per training step, and per pass of the layers' times",
    group: study,
  },
  strategies: {
    kind: listOf(oneOf([...strategies.keys()])),
    about: `training strategies to measure: ${[...strategies.keys()].join(", ")}`,
    default: ["noise-injection", "ovf"],
    group: study,
  },
  seconds: {
    kind: real({ above: 0, max: 600 }),
    about: "time for each measurement; slow networks take as long as a few passes need",
    default: 1,
    group: "Running:",
  },
  ...seedSettings,
});

/** Settings that callers pass. */
export type BenchmarkSettings = GivenOf<typeof benchmarkSettings>;

/** Checked settings with defaults filled in. Plain data. */
export type ResolvedBenchmark = ResolvedOf<typeof benchmarkSettings>;
