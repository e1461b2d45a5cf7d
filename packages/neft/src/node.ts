/** What `import … from "neft"` gives in Node: all of index.ts, and readers of files. */
export type { DataSpec } from "./dataSpec.js";
export * from "./index.js";
export { readDataset } from "./readDataset.js";
export { type ModelFromFile, readModel } from "./readModel.js";
