import { mostWorkers } from "@neft/pool";

/**
 * What the numbers of an evaluation or a finetuning may be, wherever they are given: far more than anybody needs, and less than what
 * would fill the memory or never end.
 */
export const limits = {
  chips: { whole: true, min: 1, max: 100_000 },
  sigma: { min: 0 },
  /** A longer list is taken for a slip. */
  sigmas: { whole: true, min: 1, max: 1000 },
  precision: { above: 0 },
  seed: { whole: true, min: 0 },
  workers: { whole: true, min: 1, max: mostWorkers },
  bits: { whole: true, min: 1, max: 16 },
  epochs: { whole: true, min: 1, max: 100_000 },
  batch: { whole: true, min: 1, max: 1_000_000 },
  shards: { whole: true, min: 1, max: 4096 },
  learningRate: { above: 0 },
  validationImages: { whole: true, min: 1 },
  validationEvery: { whole: true, min: 1 },
  headSize: { whole: true, min: 1, max: 4096 },
  headHidden: { whole: true, min: 1, max: 65_536 },
  /** Forwards at larger σ in a step. */
  extraForwards: { whole: true, min: 1, max: 63 },
} as const;
