// Names that Node alone has.
import { type ModelFromFile, readDataset, readModel } from "neft";
import { inspectNames } from "./exactly.js";

export async function fromFiles(): Promise<ModelFromFile> {
  const data = await readDataset("mnist:test");
  inspectNames([data.name]);
  return readModel("model.onnx");
}
