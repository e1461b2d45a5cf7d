import { Model, type ModelRecord, modelFromRecord, modelToRecord } from "@neft/model";
import type { Executor } from "@neft/work";

/** The model of a task's setup: plain data, but for a task that opens in the calling thread. */
export type SetupModel = Model | ModelRecord;

/** A model as an executor's setups need it: itself for the calling thread, else a copy of its state. */
export const modelFor = ({ inProcess }: Executor, model: Model): SetupModel =>
  inProcess ? model : modelToRecord(model);

/** The model of a setup, and what frees it if it was made here. */
export function openModel(given: SetupModel): { readonly model: Model; readonly close: () => void } {
  if (given instanceof Model) return { model: given, close: () => {} };
  const model = modelFromRecord(given);
  return { model, close: () => model.dispose() };
}
