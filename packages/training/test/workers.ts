import { createTrainingWorker, type Workers } from "@neft/training";
import { cloningWorkersOf } from "../../evaluation/test/toy.js";

/** Workers for `finetune` without threads; messages pass through structured clone. */
export const cloningWorkers = (count: number, seed = 1): Workers => cloningWorkersOf(createTrainingWorker, count, seed);
