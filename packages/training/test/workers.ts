import { chipTask, deviationTask } from "@neft/evaluation";
import { finetuningTask } from "@neft/training";
import type { Workers } from "@neft/work";
import { cloningWorkersOf } from "../../evaluation/test/toy.js";

/** Workers for `finetune` without threads; messages pass through structured clone. */
export const cloningWorkers = (count: number, seed = 1): Workers =>
  cloningWorkersOf([chipTask, deviationTask, finetuningTask], count, seed);
