export { batchTensor, gatherBatch, gatherLabels, sampleShape } from "./batch.js";
export { decodeCifar10 } from "./cifar10.js";
export type { Dataset, DatasetParts, Layout } from "./dataset.js";
export { checkDataset, checkLabels, makeDataset, snapshot, split, take } from "./dataset.js";
export { decodeIdx } from "./idx.js";
export type { Normalisation } from "./normalisation.js";
export { makeNormalisation } from "./normalisation.js";
export { decodeNpz } from "./npz.js";
