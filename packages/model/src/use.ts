import { has, inWords, kind } from "@neft/options";
import { type Access, Hold, holdAgainst, type Tensor } from "@neft/tensor";

/** Tensors of a model, which calls share. */
interface ModelTensors {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly constants: ReadonlyMap<string, Tensor>;
}

/** Rule that an argument is a model. */
export const modelRule = kind("a model", (value) =>
  has(value, "nodes", "parameters", "constants", "inputs", "outputs"),
);

/** All tensors of a model. Other models may share them. */
export const tensorsOf = ({ parameters, constants }: ModelTensors): Tensor[] => [
  ...parameters.values(),
  ...constants.values(),
];

/**
 * Checks that a call may use a model's tensors now. Many calls may read them, or one may change them.
 *
 * @param access  What the call does with the tensors.
 * @param who  Name of the call, for errors.
 * @throws {Error} naming the call that uses them.
 */
export function checkFree(model: ModelTensors, access: Access, who: string): void {
  modelRule(model, `${who}: model`);
  const other = holdAgainst(tensorsOf(model), access);
  if (!other) return;
  const what = other.access === "write" ? "changes" : "reads";
  throw new Error(
    `${who}: expected model ${inWords(model.name)} to be free, got one that ${other.by} ${what}; await that first, or use a separate model`,
  );
}

/**
 * Reserves a model's tensors for an asynchronous call, which must release them however it ends.
 *
 * @throws {Error} as `checkFree`.
 */
export function holdModel(model: ModelTensors, access: "read" | "write", by: string): Hold {
  checkFree(model, access, by);
  return new Hold(tensorsOf(model), access, by);
}
