/** Entry point of `neft` in Node: all exports of index.ts with all operators, and the file readers. */
import { addAllOperators } from "./all-operators.js";

addAllOperators();

export type { DataSpec } from "./data-spec.js";
export * from "./index.js";
export { readDataset, readInputs } from "./read-dataset.js";
export { type ModelFromFile, type ReadModelOptions, readModel } from "./read-model.js";
