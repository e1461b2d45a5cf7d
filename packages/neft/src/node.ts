/** What `import … from "neft"` gives in Node: all of index.ts, and readers of files. */
export type { DataSpec } from "./data-spec.js";
export * from "./index.js";
export { readDataset } from "./read-dataset.js";
export { type ModelFromFile, readModel } from "./read-model.js";
