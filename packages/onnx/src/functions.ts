import { inWords } from "@neft/options";
import { changeBodies } from "./captures.js";
import { freshNames } from "./fresh-names.js";
import { withFields } from "./message-type.js";
import { OnnxError } from "./onnx-error.js";
import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  OperatorSetIdProto,
  ValueInfoProto,
} from "./onnx-proto.js";
import { ownNames } from "./unique-names.js";

// Functions are operators that a file defines itself, as graphs of other operators.

/** Limit on the nodes of a graph with its functions inlined, because calls can multiply. */
const maxNodes = 2 ** 18;

const keyOf = ({ domain, name, overload }: Pick<FunctionProto, "domain" | "name" | "overload">): string =>
  JSON.stringify([domain, name, overload]);

/** What the nodes of a function get from its call. */
interface Call {
  /** Prefix of the names of inner values and nodes. */
  readonly prefix: string;
  /** Outer names of inputs and outputs. An input that the call leaves out has the empty name. */
  readonly names: ReadonlyMap<string, string>;
  readonly attributes: ReadonlyMap<string, AttributeProto>;
}

/**
 * Replaces each call of a function by the function's nodes. Inner names get the call's name as a prefix, with a number
 * where several calls have one name.
 *
 * @returns the same message if the file has no functions.
 * @throws {OnnxError} for functions that call each other in a circle, and for those of another opset than the file's.
 */
export function inlineFunctions(proto: ModelProto): ModelProto {
  if (proto.functions.length === 0 || proto.graph === undefined) return proto;
  const functions = new Map(proto.functions.map((one) => [keyOf(one), one]));
  const freshName = freshNames();
  let count = 0;
  const expand = (nodes: readonly NodeProto[], open: readonly FunctionProto[]): NodeProto[] =>
    nodes.flatMap((node, i): NodeProto[] => {
      if (++count > maxNodes)
        throw new OnnxError(`importOnnx: expected at most ${maxNodes} nodes with functions inlined, got more`);
      const called = functions.get(keyOf({ domain: node.domain, name: node.opType, overload: node.overload }));
      if (called === undefined)
        return [changeBodies(node, (body) => withFields(body, { node: expand(body.node, open) }))];
      const who = `function ${inWords(called.name)}`;
      if (open.includes(called)) throw new OnnxError(`${who}: expected functions that end, got one that calls itself`);
      checkOpset(who, called, proto.opsetImport);
      const name = freshName(node.name || `${node.opType}_${i}`);
      return expand(bodyOf(called, callOf(called, node, name, who)), [...open, called]);
    });
  return withFields(proto, { functions: [], graph: withFields(proto.graph, { node: expand(proto.graph.node, []) }) });
}

/** @throws {OnnxError} when a function is written in another version of an operator set than the file. */
function checkOpset(who: string, { opsetImport }: FunctionProto, file: readonly OperatorSetIdProto[]): void {
  for (const { domain, version } of opsetImport) {
    const own = file.find((entry) => entry.domain === domain);
    if (own === undefined || own.version === version) continue;
    throw new OnnxError(
      `${who}: expected opset ${own.version} of domain ${inWords(domain)}, as the file has, got ${version}`,
    );
  }
}

/** @param name  Name of the call, which no other call has. */
function callOf(called: FunctionProto, node: NodeProto, name: string, who: string): Call {
  if (node.input.length > called.input.length || node.output.length > called.output.length) {
    throw new OnnxError(
      `${who}: expected at most ${called.input.length} inputs and ${called.output.length} outputs, got ${node.input.length} and ${node.output.length}`,
    );
  }
  const names = new Map(called.input.map((input, i) => [input, node.input[i] ?? ""]));
  for (const [i, output] of called.output.entries()) if (node.output[i]) names.set(output, node.output[i]);
  const defaults = called.attributeProto.map((one) => [one.name, one] as const);
  const given = node.attribute.map((one) => [one.name, one] as const);
  return { prefix: `${name}/`, names, attributes: new Map([...defaults, ...given]) };
}

/** Nodes of a function as one call runs them. */
function bodyOf(called: FunctionProto, call: Call): NodeProto[] {
  const nodes = called.node.map((node, i) => boundNode(node, i, call));
  // An output that is an input, or that two outputs share, is no node's own.
  const made = new Set(nodes.flatMap(({ output }) => output));
  const copies = called.output.flatMap((name) => {
    const outer = call.names.get(name);
    return outer === undefined || made.has(outer) || !called.input.includes(name) ? [] : [outer];
  });
  if (copies.length > 0) {
    throw new OnnxError(
      `function ${inWords(called.name)}: expected outputs that its nodes compute, got ${copies.map(inWords).join(", ")}`,
    );
  }
  return nodes;
}

/** Name of a function's value where it is called. */
function outerName(name: string, { prefix, names }: Call): string {
  return name === "" ? "" : (names.get(name) ?? `${prefix}${name}`);
}

function boundNode(node: NodeProto, index: number, call: Call): NodeProto {
  const outer = (name: string): string => outerName(name, call);
  const attribute = node.attribute.flatMap((one): AttributeProto[] => {
    if (one.refAttrName === "") return [one];
    const given = call.attributes.get(one.refAttrName);
    return given === undefined ? [] : [withFields(given, { name: one.name })];
  });
  const name = `${call.prefix}${node.name || `${node.opType}_${index}`}`;
  const bound = withFields(node, { name, input: node.input.map(outer), output: node.output.map(outer), attribute });
  return changeBodies(bound, (body) => boundBody(body, call));
}

/** A body inside a function. Its own names get the call's prefix, so that none of them hides what the call passes. */
function boundBody(body: GraphProto, call: Call): GraphProto {
  const own = ownNames(body);
  const names = new Map([...call.names].filter(([name]) => !own.has(name)));
  const inner = { ...call, names };
  const infos = (list: readonly ValueInfoProto[]) =>
    list.map((info) => withFields(info, { name: outerName(info.name, inner) }));
  return withFields(body, {
    node: body.node.map((one, i) => boundNode(one, i, inner)),
    input: infos(body.input),
    output: infos(body.output),
    valueInfo: infos(body.valueInfo),
    initializer: body.initializer.map((one) => withFields(one, { name: outerName(one.name, inner) })),
  });
}
