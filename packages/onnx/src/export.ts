import { checkFree, ExtendedSource, type Model } from "@neft/model";
import { inWords } from "@neft/options";
import { encodeModel } from "./encode.js";
import { orOnnxError } from "./graph-reader.js";
import { OnnxError } from "./onnx-error.js";
import { OnnxSource } from "./onnx-source.js";
import { patch } from "./patching.js";
import { rewrite } from "./rewriting.js";
import { inOrder, roundedTo, roundingOf, type WeightRounding } from "./rounding.js";

/** An exported model: the model's file, and external weight files by location. */
export interface OnnxFiles {
  readonly model: Uint8Array;
  readonly external: ReadonlyMap<string, Uint8Array>;
  /** Parameters that the files have rounded, because their types there have fewer bits than float32. */
  readonly roundings: readonly WeightRounding[];
}

/**
 * Writes a model as ONNX bytes.
 *
 * For an imported model, the file is copied and the bytes of changed weights are overwritten in place, in their own
 * type; all other bytes stay. Integers that a DequantizeLinear reads become the nearest codes at the file's scales.
 * Changed weights without bytes of their own (results of arithmetic on constants, half
 * floats stored as integers, tensors shared with other readers) become initializers, and their readers are
 * redirected. A model that was extended after its import gets the further nodes, and initializers for parameters of
 * another size; opset, IR version, metadata and all other nodes stay. Any other model is written as a new file.
 * `exportOnnxFiles` tells how far types of fewer bits than float32 round.
 *
 * @throws {OnnxError} when weights are in external files: use `exportOnnxFiles`; when the file would have 2 GiB or more.
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
  return orOnnxError(() => filesOf(model));
}

function filesOf(model: Model): OnnxFiles {
  const [source, insertions] =
    model.source instanceof ExtendedSource ? [model.source.source, model.source.insertions] : [model.source, []];
  if (!(source instanceof OnnxSource)) return { model: encodeModel(model), external: new Map(), roundings: [] };
  const files = new Map([...source.external].map(([name, bytes]) => [name, bytes.slice()]));
  files.set("", source.bytes.slice());
  const patched = new Map<string, string>();
  const replaced = new Set<string>();
  const roundings = new Map<string, WeightRounding | undefined>();
  for (const [name, { stored, order, count }] of source.origins) {
    const data = model.parameters.get(name)!.toArray() as Float32Array;
    if (data.length !== count) replaced.add(name);
    else if (stored instanceof Float32Array) {
      if (!isSame(data, stored)) replaced.add(name);
    } else {
      const made = patch(files.get(stored.file)!, stored, order, data);
      if (made.changed) patched.set(name, stored.value);
      roundings.set(name, roundingOf(name, stored.type, made.wanted, made.stored));
    }
  }
  const bytes = files.get("")!;
  files.delete("");
  const isChanged = replaced.size > 0 || patched.size > 0 || insertions.length > 0;
  const changes = { patched, replaced, insertions };
  const rewritten = isChanged ? rewrite(model, source, bytes, changes) : { bytes, written: replaced };
  for (const name of rewritten.written) {
    const type = source.types.get(name)!;
    const data = model.parameters.get(name)?.toArray() as Float32Array | undefined;
    if (data !== undefined) roundings.set(name, roundingOf(name, type, data, roundedTo(type, data)));
  }
  return { model: rewritten.bytes, external: files, roundings: inOrder(model, roundings) };
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  return a.every((value, i) => Object.is(value, b[i]!));
}
