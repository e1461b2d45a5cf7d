export type { OnnxFiles } from "./export.js";
export { exportOnnx, exportOnnxFiles } from "./export.js";
export type { ImportOptions } from "./import.js";
export { importOnnx } from "./import.js";
export { namesOfLocation } from "./location.js";
export { externalFilesOf } from "./model-file.js";
export { OnnxError } from "./onnx-error.js";
export { supportedOpsets } from "./opsets.js";
export { operatorsOfFiles, type SupportedOperator, supportedOperators } from "./supported.js";
