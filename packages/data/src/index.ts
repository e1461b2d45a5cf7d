export { batchTensor, checkSamples, gatherBatch, gatherLabels, sampleShape, wholeShape } from "./batch.js";
export { isGzip } from "./bytes.js";
export type { Dataset, DatasetParts, Layout } from "./dataset.js";
export {
  checkDataset,
  checkForm,
  checkLabelled,
  checkLabels,
  isLabelled,
  makeDataset,
  snapshot,
  split,
  take,
} from "./dataset.js";
export { decodePlainIdx } from "./idx.js";
export { type InputOptions, inputSettings } from "./input-settings.js";
export type { Normalisation } from "./normalisation.js";
export { makeNormalisation } from "./normalisation.js";
export { type ArrayChoice, type ArrayNames, type ArrayPair, choiceRules, type Part } from "./parts.js";
export { decodeCifar10, decodeIdx, decodeInputs, decodeNpy, decodeNpz } from "./readers.js";
export { imageWarnings } from "./warnings.js";
