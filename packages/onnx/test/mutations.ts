import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { joinBytes } from "../../tensor/test/bytes.js";
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./onnx_pb.js";
import { type Attribute, type AttributeType, attributeProto, DataType } from "./onnx-file.js";

/** Random integers from 0 to n − 1: a counter-based generator, so that a case is found again by its number. */
export function randomIntegers(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % n;
  };
}

type Random = (n: number) => number;

const pick = <T>(items: readonly T[], random: Random): T | undefined => items[random(items.length || 1)];
const at = (items: readonly unknown[], random: Random): number => random(items.length || 1);

/** The file with some bytes changed, removed or inserted. */
export function mutatedBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  // Most bytes of a network are weights; its structure is at either end.
  const place = () => (random(2) === 0 ? random(bytes.length) : random(Math.min(bytes.length, 4096)));
  const count = random(2) === 0 ? 1 : 1 + random(6);
  for (let i = 0; i < count; i++) copy[place()] = random(256);
  const kind = random(6);
  if (kind === 0) return copy.slice(0, place());
  const start = place();
  const removed = kind === 1 ? random(12) : 0;
  const put = Uint8Array.from({ length: kind === 2 ? random(12) : 0 }, () => random(256));
  return joinBytes(copy.subarray(0, start), put, copy.subarray(start + removed));
}

const hardIntegers = [
  ...[0n, 1n, -1n, 2n, -2n, 3n, 4n, 5n, 7n, 255n, 256n, 65_537n],
  ...[2n ** 31n - 1n, 2n ** 31n, -(2n ** 31n), 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)],
];
const hardFloats = [0, -0, 1, -1, 0.5, 1e-38, 3e38, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const hardTexts = ["", "x", "__proto__", "constructor", "toString", "\u202e\n", "NOTSET", "SAME_UPPER"];

const text = (words: readonly string[]): Uint8Array[] => words.map((word) => new TextEncoder().encode(word));

/** What mutations of one file draw from. */
interface Context {
  readonly random: Random;
  readonly graph: GraphProto;
  /** Names of operators. */
  readonly operators: readonly string[];
}

const graphsOf = (graph: GraphProto): GraphProto[] => [
  graph,
  ...graph.node.flatMap(({ attribute }) => attribute.flatMap(({ g }) => (g ? graphsOf(g) : []))),
];

const valuesOf = ({ node, input, initializer }: GraphProto): string[] => [
  ...node.flatMap(({ output }) => output),
  ...[...input, ...initializer].map(({ name }) => name),
];

/** Changes an element of a list: replaces, removes, inserts or copies it, or changes the length. */
function changeList<T>(list: T[], other: T, random: Random): void {
  const place = at(list, random);
  [
    () => list.splice(place, 1, other),
    () => list.splice(place, 1),
    () => list.splice(place, 0, other),
    () => list.push(...list),
    () => list.reverse(),
    () => list.splice(0),
    () => list.push(...new Array<T>(1 + random(70)).fill(other)),
  ][random(7)]!();
}

/** Changes of a node. */
const nodeChanges: readonly ((node: NodeProto, context: Context) => void)[] = [
  (node, { operators, random }) => {
    node.opType = pick(operators, random)!;
  },
  (node, { graph, random }) => {
    node.opType = pick(graph.node, random)!.opType;
  },
  (node, { graph, random }) => changeList(node.input, pick(["", ...valuesOf(graph)], random)!, random),
  (node, { graph, random }) => changeList(node.input, pick(valuesOf(graph), random) ?? "", random),
  (node, { graph, random }) => changeList(node.output, pick(["", "new", ...valuesOf(graph)], random)!, random),
  (node, { random }) => {
    node.name = pick(hardTexts, random)!;
  },
  (node, { random }) => {
    node.domain = pick(["", "ai.onnx", "com.microsoft", "ai.onnx.ml"], random)!;
  },
  (node, { graph, random }) => {
    const all = graph.node.flatMap(({ attribute }) => attribute);
    const other = pick(all, random);
    if (other) changeList(node.attribute, structuredClone(other), random);
  },
];

/** Values of every type, for an attribute. */
const attributeValues: readonly Attribute[] = [
  ...[0, 1, -1, 2, 3, 7, 99, 2 ** 31, -(2 ** 31)],
  ...hardFloats.map((float) => ({ float })),
  ...hardTexts,
  ...[[], [0], [1, 1], [0, 0, 1, 1], [-1, -1], [2 ** 31, 2 ** 31], [3, 2, 1, 0, 4]],
  ...[[], [1], [Number.NaN, 1, 2, -1]].map((floats) => ({ floats })),
  ...[[], ["x", "y"]].map((strings) => ({ strings })),
  { tensor: { dims: [1n], dataType: DataType.FLOAT, floatData: [1] } },
  { tensor: { dims: [2n], dataType: DataType.INT64, int64Data: [1n, -1n] } },
  { graph: { name: "body" } },
];

const attributeChanges: readonly ((attribute: AttributeProto, context: Context) => void)[] = [
  (attribute, { random }) => {
    attribute.i = pick(hardIntegers, random)!;
  },
  (attribute, { random }) => {
    attribute.f = pick(hardFloats, random)!;
  },
  (attribute, { random }) => {
    attribute.s = pick(text(hardTexts), random)!;
  },
  (attribute, { random }) => changeList(attribute.ints, pick(hardIntegers, random)!, random),
  (attribute, { random }) => changeList(attribute.floats, pick(hardFloats, random)!, random),
  (attribute, { random }) => changeList(attribute.strings, pick(text(hardTexts), random)!, random),
  (attribute, { random }) => {
    attribute.type = random(16) as AttributeType;
  },
  (attribute, { random }) => {
    attribute.name = pick(["axis", "axes", "to", "mode", "value", ...hardTexts], random)!;
  },
  (attribute, { random }) => {
    attribute.refAttrName = pick(hardTexts, random)!;
  },
  (attribute, { random }) => {
    Object.assign(attribute, attributeProto(attribute.name, pick(attributeValues, random)!));
  },
];

const tensorChanges: readonly ((tensor: TensorProto, context: Context) => void)[] = [
  (tensor, { random }) => changeList(tensor.dims, pick(hardIntegers, random)!, random),
  (tensor) => {
    tensor.dims = [...tensor.dims, 1n];
  },
  (tensor, { random }) => {
    tensor.dataType = random(24);
  },
  (tensor, { random }) => {
    tensor.dataLocation = random(3);
  },
  (tensor, { random }) => {
    tensor.rawData = (tensor.rawData ?? new Uint8Array()).slice(0, random(64));
  },
  (tensor, { random }) => {
    const data = Uint8Array.from(tensor.rawData ?? []);
    for (let i = 0; i < Math.min(16, data.length); i++)
      data[random(data.length)] = pick([0, 1, 127, 128, 255], random)!;
    tensor.rawData = data;
  },
  // One whole integer or float, at an element's place.
  (tensor, { random }) => {
    const data = Uint8Array.from(tensor.rawData ?? []);
    if (data.length < 8) return;
    const offset = 8 * random(data.length >> 3);
    new DataView(data.buffer).setBigInt64(offset, pick(hardIntegers, random)!, true);
    tensor.rawData = data;
  },
  (tensor, { random }) => changeList(tensor.int64Data, pick(hardIntegers, random)!, random),
  (tensor, { random }) => changeList(tensor.int32Data, Number(BigInt.asIntN(32, pick(hardIntegers, random)!)), random),
  (tensor, { random }) => changeList(tensor.floatData, pick(hardFloats, random)!, random),
  (tensor, { graph, random }) => {
    tensor.name = pick(["", ...valuesOf(graph), ...hardTexts], random)!;
  },
];

const valueChanges: readonly ((value: ValueInfoProto, context: Context) => void)[] = [
  (value, { random }) => {
    if (value.type?.tensorType) value.type.tensorType.elemType = random(24);
  },
  (value, { random }) => {
    const dim = value.type?.tensorType?.shape?.dim ?? [];
    const one = pick(dim, random);
    if (one) one.value = { case: "dimValue", value: pick(hardIntegers.slice(0, random(2) ? 9 : undefined), random)! };
  },
  (value, { random }) => {
    const one = pick(value.type?.tensorType?.shape?.dim ?? [], random);
    if (one) one.value = { case: "dimParam", value: pick(["N", "batch", ...hardTexts], random)! };
  },
  (value, { random }) => {
    const dim = value.type?.tensorType?.shape?.dim;
    if (dim) changeList(dim, structuredClone(dim[0]!), random);
  },
  (value) => {
    if (value.type?.tensorType) delete value.type.tensorType.shape;
  },
  (value, { graph, random }) => {
    value.name = pick(["", ...valuesOf(graph), ...hardTexts], random)!;
  },
];

const graphChanges: readonly ((context: Context) => void)[] = [
  ({ graph, random }) => graph.node.splice(at(graph.node, random), 1),
  ({ graph, random }) => {
    const node = pick(graph.node, random);
    if (node) graph.node.splice(at(graph.node, random), 0, structuredClone(node));
  },
  ({ graph }) => graph.node.reverse(),
  ({ graph, random }) => graph.initializer.splice(at(graph.initializer, random), 1),
  // A constant becomes an input, and the other way round.
  ({ graph, random }) => {
    const [tensor] = graph.initializer.splice(at(graph.initializer, random), 1);
    const info = structuredClone(graph.input[0]);
    if (tensor === undefined || info?.type?.tensorType === undefined) return;
    info.name = tensor.name;
    info.type.tensorType.elemType = tensor.dataType;
    if (info.type.tensorType.shape)
      info.type.tensorType.shape.dim = tensor.dims.map((value) => ({
        $typeName: "neft.onnx.TensorShapeProto.Dimension",
        value: { case: "dimValue", value },
        denotation: "",
      }));
    graph.input.push(info);
  },
  ({ graph, random }) => {
    const [info] = graph.input.splice(at(graph.input, random), 1);
    const tensor = structuredClone(graph.initializer[0]);
    if (info === undefined || tensor === undefined) return;
    graph.initializer.push({ ...tensor, name: info.name });
  },
  ({ graph, random }) => {
    const value = pick(graph.output, random);
    if (value) value.name = pick(valuesOf(graph), random) ?? "";
  },
  ({ graph, random }) => graph.output.push(...structuredClone(graph.output.slice(0, 1 + random(3)))),
  ({ graph }) => graph.input.splice(0),
];

/** Does one change to a decoded file. */
function change(model: ModelProto, operators: readonly string[], random: Random): void {
  if (model.graph === undefined) return;
  const graph = pick(graphsOf(model.graph), random)!;
  const context: Context = { random, graph, operators };
  const doOne = <T>(item: T | undefined, changes: readonly ((item: T, context: Context) => void)[]) => {
    if (item !== undefined) pick(changes, random)!(item, context);
  };
  const attributes = graph.node.flatMap(({ attribute }) => attribute);
  const tensors = [...graph.initializer, ...attributes.flatMap(({ t }) => t ?? [])];
  const kinds = [
    ...new Array(6).fill(() => doOne(pick(graph.node, random), nodeChanges)),
    ...new Array(5).fill(() => doOne(pick(attributes, random), attributeChanges)),
    ...new Array(4).fill(() => doOne(pick(tensors, random), tensorChanges)),
    ...new Array(3).fill(() => doOne(pick([...graph.input, ...graph.output], random), valueChanges)),
    ...new Array(2).fill(() => pick(graphChanges, random)!(context)),
    () => {
      const entry = pick(model.opsetImport, random);
      if (entry) entry.version = BigInt(random(30));
    },
  ];
  pick(kinds, random)!();
}

/** The file with one to three parts of the decoded message changed. */
export function mutatedParts(bytes: Uint8Array, operators: readonly string[], random: Random): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const count = 1 + random(3);
  for (let i = 0; i < count; i++) change(model, operators, random);
  return toBinary(ModelProtoSchema, model);
}
