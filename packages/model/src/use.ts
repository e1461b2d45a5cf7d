import { has, inWords, kind } from "@neft/options";
import { type Access, Hold, holdAgainst, type Tensor } from "@neft/tensor";

/** What of a model its users have to share. */
interface Used {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly constants: ReadonlyMap<string, Tensor>;
}

/** The rule of arguments that are models. */
export const modelRule = kind("a model", (value) =>
  has(value, "nodes", "parameters", "constants", "inputs", "outputs"),
);

/** All of a model's tensors, which other models may have in common with it. */
export const tensorsOf = ({ parameters, constants }: Used): Tensor[] => [...parameters.values(), ...constants.values()];

/**
 * Throws unless a call may use a model's tensors now: any number of calls may read them, or one changes them.
 *
 * @param who  The call, for errors.
 * @throws {Error} naming the call that uses them.
 */
export function checkFree(model: Used, access: Access, who: string): void {
  modelRule(model, `${who}: model`);
  const other = holdAgainst(tensorsOf(model), access);
  if (!other) return;
  const what = other.access === "write" ? "changes" : "reads";
  throw new Error(
    `${who}: expected model ${inWords(model.name)} to be free, got one that ${other.by} ${what}; await that first, or use a model of its own`,
  );
}

/**
 * Keeps a model's tensors for a call that goes on over several turns of the event loop; release it on every way out.
 *
 * @throws {Error} as `checkFree`.
 */
export function holdModel(model: Used, access: "read" | "write", by: string): Hold {
  checkFree(model, access, by);
  return new Hold(tensorsOf(model), access, by);
}
