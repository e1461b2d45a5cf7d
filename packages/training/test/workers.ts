import { createTrainingWorker, type Workers } from "@neft/training";
import { cloningWorkersOf } from "../../evaluation/test/toy.js";

/** Workers without threads that do all jobs of a finetuning. */
export const cloningWorkers = (count: number, seed = 1): Workers => cloningWorkersOf(createTrainingWorker, count, seed);
