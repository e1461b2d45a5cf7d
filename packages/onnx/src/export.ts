import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { checkFree, type HostArray, type Model } from "@neft/model";
import type { NodeInput } from "./draft.js";
import { encodeModel, rawBytes, tensorProto, valueInfoProto } from "./encode.js";
import { ModelProtoSchema, TensorProtoSchema } from "./onnx_pb.js";
import { OnnxError } from "./onnx-error.js";
import { OnnxSource, type ParameterOrigin } from "./onnx-source.js";
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
 * byte stays. Weights that have no bytes of their own (products of constant folding, half floats stored as integers) become
 * initializers. Any other model is written whole.
 *
 * @throws {OnnxError} when the weights are in external files: `exportOnnxFiles` returns those too.
 * @throws {Error} while a finetuning changes the model, but in its `onProgress`, where weights are those of the step it tells of.
 */
export function exportOnnx(model: Model): Uint8Array {
  const { model: bytes, external } = exportOnnxFiles(model);
  if (external.size > 0) {
    const names = [...external.keys()].map((name) => `"${name}"`).join(", ");
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
  const anew = new Map<string, NewWeight>();
  for (const [name, origin] of source.origins) {
    const tensor = model.parameters.get(name)!;
    const data = tensor.toArray() as Float32Array;
    if (origin.stored instanceof Float32Array) {
      if (!isSame(data, origin.stored))
        anew.set(name, { shape: tensor.shape, data, type: origin.type, reader: origin.reader });
    } else overwrite(files.get(origin.stored.file)!, origin, data);
  }
  const bytes = files.get("")!;
  files.delete("");
  return { model: anew.size === 0 ? bytes : rewrite(bytes, anew), external: files };
}

/** Overwrites the elements that changed, at their places. What a type rounds to the same f32 is left as it is. */
function overwrite(bytes: Uint8Array, { stored, order }: ParameterOrigin, data: Float32Array): void {
  if (stored instanceof Float32Array) return;
  let placed = data;
  if (order !== undefined) {
    placed = new Float32Array(data.length);
    order.forEach((to, from) => {
      placed[to] = data[from]!;
    });
  }
  forEachFloat(stored, bytes, (view, at, i, format) => {
    if (!Object.is(Math.fround(format.read(view, at)), placed[i]!)) format.write(view, at, placed[i]!);
  });
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  return a.every((value, i) => Object.is(value, b[i]!));
}

interface NewWeight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly type: number;
  readonly reader: NodeInput | undefined;
}

/** Encodes the file anew with weights as raw initializers, each in place of what made it before: an initializer, a node, or a
 * tensor that others go on reading. */
function rewrite(bytes: Uint8Array, weights: ReadonlyMap<string, NewWeight>): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, bytes);
  const graph = proto.graph!;
  graph.node = graph.node.filter((node) => !weights.has(node.output[0] ?? ""));
  for (const [name, { shape, data, type, reader }] of weights) {
    const array: HostArray = { dtype: "f32", shape, data };
    const found = graph.initializer.findIndex((one) => one.name === name);
    if (found >= 0) {
      const { docString } = graph.initializer[found]!;
      const dims = shape.map(BigInt);
      graph.initializer[found] = create(TensorProtoSchema, {
        name,
        dims,
        dataType: type,
        rawData: rawBytes(array, type),
        docString,
      });
      continue;
    }
    const node = reader && graph.node.find(({ output }) => output[0] === reader.output);
    if (node !== undefined) node.input[reader!.input] = name;
    graph.initializer.push(tensorProto(name, array, type));
    // Before IR 4 every initializer was an input too.
    if (proto.irVersion < 4n) graph.input.push(valueInfoProto({ name, dtype: "f32", shape }));
  }
  return toBinary(ModelProtoSchema, proto);
}
