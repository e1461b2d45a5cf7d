import { checkFree, type Model } from "@neft/model";
import { inWords } from "@neft/options";
import { encodeModel } from "./encode.js";
import { OnnxError } from "./onnx-error.js";
import { OnnxSource, type ParameterOrigin } from "./onnx-source.js";
import { rewrite } from "./rewriting.js";
import { forEachFloat } from "./stored-tensor.js";

/** An exported model: its own bytes, and those of external weight files by location, where it has such. */
export interface OnnxFiles {
  readonly model: Uint8Array;
  readonly external: ReadonlyMap<string, Uint8Array>;
}

/**
 * Writes a model as ONNX bytes.
 *
 * An imported model's file is copied and the bytes of weights that changed are overwritten, in their type and place; every other
 * byte stays. Weights without bytes that are theirs alone (what arithmetic on constants makes, half floats stored as integers,
 * tensors that others read for something else) become initializers that their readers are pointed to. Any other model is written
 * whole.
 *
 * @throws {OnnxError} when the weights are in external files: `exportOnnxFiles` returns those too.
 * @throws {Error} while a finetuning changes the model, but in its `onProgress`, where weights are those of the step it tells of.
 */
export function exportOnnx(model: Model): Uint8Array {
  const { model: bytes, external } = exportOnnxFiles(model);
  if (external.size > 0) {
    const names = [...external.keys()].map((name) => inWords(name)).join(", ");
    throw new OnnxError(
      `exportOnnx: expected a model in one file, got external weights in ${names}: use exportOnnxFiles`,
    );
  }
  return bytes;
}

/** Like `exportOnnx`, with external weight files beside the model's own. */
export function exportOnnxFiles(model: Model): OnnxFiles {
  checkFree(model, "look", "exportOnnx");
  const { source } = model;
  if (!(source instanceof OnnxSource)) return { model: encodeModel(model), external: new Map() };
  const files = new Map([...source.external].map(([name, bytes]) => [name, bytes.slice()]));
  files.set("", source.bytes.slice());
  const patched = new Map<string, string>();
  const anew = new Set<string>();
  for (const [name, origin] of source.origins) {
    const data = model.parameters.get(name)!.toArray() as Float32Array;
    const { stored } = origin;
    if (stored instanceof Float32Array) {
      if (!isSame(data, stored)) anew.add(name);
    } else if (overwrite(files.get(stored.file)!, origin, data)) patched.set(name, stored.value);
  }
  const bytes = files.get("")!;
  files.delete("");
  const isRewritten = anew.size > 0 || patched.size > 0;
  return { model: isRewritten ? rewrite(model, source, bytes, { patched, anew }) : bytes, external: files };
}

/**
 * Overwrites the elements that changed, at their places, and tells whether there were such. What a type rounds to the same f32 is
 * left as it is.
 */
function overwrite(bytes: Uint8Array, { stored, order }: ParameterOrigin, data: Float32Array): boolean {
  if (stored instanceof Float32Array) return false;
  let placed = data;
  if (order !== undefined) {
    placed = new Float32Array(data.length);
    order.forEach((to, from) => {
      placed[to] = data[from]!;
    });
  }
  let changed = false;
  forEachFloat(stored, bytes, (view, at, i, format) => {
    if (Object.is(Math.fround(format.read(view, at)), placed[i]!)) return;
    format.write(view, at, placed[i]!);
    changed = true;
  });
  return changed;
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  return a.every((value, i) => Object.is(value, b[i]!));
}
