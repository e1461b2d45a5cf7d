import { checkFree, type Model } from "@neft/model";
import { inWords } from "@neft/options";
import { encodeModel } from "./encode.js";
import { OnnxError } from "./onnx-error.js";
import { OnnxSource, type ParameterOrigin } from "./onnx-source.js";
import { rewrite } from "./rewriting.js";
import { forEachFloat } from "./stored-tensor.js";

/** An exported model: the model's file, and external weight files by location. */
export interface OnnxFiles {
  readonly model: Uint8Array;
  readonly external: ReadonlyMap<string, Uint8Array>;
}

/**
 * Writes a model as ONNX bytes.
 *
 * For an imported model, the file is copied and the bytes of changed weights are overwritten in place, in their own
 * type; all other bytes stay. Changed weights without bytes of their own (results of arithmetic on constants, half
 * floats stored as integers, tensors shared with other readers) become initializers, and their readers are
 * redirected. Any other model is written as a new file.
 *
 * @throws {OnnxError} when weights are in external files: use `exportOnnxFiles`.
 * @throws {Error} while a finetuning changes the model, except inside its `onProgress`, where weights are those of
 *   the reported step.
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

/**
 * Writes a model like `exportOnnx`, together with its external weight files.
 *
 * @throws {Error} as `exportOnnx`.
 */
export function exportOnnxFiles(model: Model): OnnxFiles {
  checkFree(model, "peek", "exportOnnx");
  const { source } = model;
  if (!(source instanceof OnnxSource)) return { model: encodeModel(model), external: new Map() };
  const files = new Map([...source.external].map(([name, bytes]) => [name, bytes.slice()]));
  files.set("", source.bytes.slice());
  const patched = new Map<string, string>();
  const replaced = new Set<string>();
  for (const [name, origin] of source.origins) {
    const data = model.parameters.get(name)!.toArray() as Float32Array;
    const { stored } = origin;
    if (stored instanceof Float32Array) {
      if (!isSame(data, stored)) replaced.add(name);
    } else if (overwrite(files.get(stored.file)!, origin, data)) patched.set(name, stored.value);
  }
  const bytes = files.get("")!;
  files.delete("");
  const isRewritten = replaced.size > 0 || patched.size > 0;
  return { model: isRewritten ? rewrite(model, source, bytes, { patched, replaced }) : bytes, external: files };
}

/**
 * Overwrites changed elements in place. Elements whose stored value rounds to the same f32 are kept.
 *
 * @returns whether any element changed.
 */
function overwrite(bytes: Uint8Array, { stored, order }: ParameterOrigin, data: Float32Array): boolean {
  if (stored instanceof Float32Array) return false;
  let ordered = data;
  if (order !== undefined) {
    ordered = new Float32Array(data.length);
    order.forEach((to, from) => {
      ordered[to] = data[from]!;
    });
  }
  let changed = false;
  forEachFloat(stored, bytes, (view, at, i, format) => {
    if (Object.is(Math.fround(format.read(view, at)), ordered[i]!)) return;
    format.write(view, at, ordered[i]!);
    changed = true;
  });
  return changed;
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  return a.every((value, i) => Object.is(value, b[i]!));
}
