import { capturesOf, type GraphNode, type Subgraph } from "./graph.js";
import type { KnownValue } from "./host-array.js";
import { operatorOf } from "./known-operators.js";
import type { Weight } from "./operators/operator.js";
import { inferNodes } from "./shapes.js";

/** Limit on a chain of views, because each product evaluates all of them. Longer chains are not followed. */
const maxViews = 16;

/** What the nodes of a model, or of a graph that a node holds, see of the model's fixed tensors. */
export interface Weights {
  /** Finds the parameter behind a value name: the parameter itself, or views of it with constant other inputs. */
  weightOf(name: string): Weight | undefined;
  /** The model's name of a value; undefined for values that a graph inside a node makes or gets as its own inputs. */
  nameOf(name: string): string | undefined;
  /** What the nodes of a graph see that a node here holds. Equal arguments give the same object. */
  within(node: GraphNode, graph: Subgraph): Weights;
}

/**
 * What the nodes of a model see.
 *
 * @param nodes  Topologically sorted.
 * @throws {Error} naming a view that doesn't fit its parameter.
 */
export function weightsOf(
  nodes: readonly GraphNode[],
  shapeOf: (parameter: string) => readonly number[] | undefined,
  constantOf: (name: string) => KnownValue | undefined,
): Weights {
  return seenBy(nodes, {
    weightOf: (name) => {
      const shape = shapeOf(name);
      return shape && { parameter: name, shape, views: [] };
    },
    nameOf: (name) => name,
    constantOf,
  });
}

/** What nodes see that read nothing of a model. */
export const noWeights: Weights = {
  weightOf: () => undefined,
  nameOf: () => undefined,
  within: () => noWeights,
};

/** Fixed tensors by the names that nodes read. */
interface Given extends Omit<Weights, "within"> {
  /** By the model's name. */
  constantOf(name: string): KnownValue | undefined;
}

function seenBy(nodes: readonly GraphNode[], given: Given): Weights {
  const viewed = new Map<string, Weight>();
  const weightOf = (name: string): Weight | undefined => viewed.get(name) ?? given.weightOf(name);
  for (const node of nodes) {
    if (operatorOf(node).traits.view !== true) continue;
    const [first = "", ...rest] = node.inputs;
    const base = weightOf(first);
    if (base === undefined || base.views.length >= maxViews) continue;
    // A view is evaluated outside of its graph, so it reads constants by the model's names.
    const names = rest.map((name) => (name === "" ? "" : given.nameOf(name)));
    if (names.includes(undefined)) continue;
    const view: GraphNode = { ...node, inputs: [first, ...(names as string[])] };
    const known = new Map<string, KnownValue>([[first, { dtype: "f32", shape: base.shape }]]);
    for (const name of view.inputs.slice(1)) {
      const value = name === "" ? undefined : given.constantOf(name);
      if (value !== undefined) known.set(name, value);
    }
    const result = inferNodes([view], known, { skipUnknown: true }).get(node.outputs[0]!);
    if (result?.dtype !== "f32") continue;
    viewed.set(node.outputs[0]!, { ...base, shape: result.shape, views: [...base.views, view] });
  }
  const graphs = new WeakMap<GraphNode, WeakMap<Subgraph, Weights>>();
  const within = (node: GraphNode, graph: Subgraph): Weights => {
    const ofNode = graphs.get(node) ?? new WeakMap<Subgraph, Weights>();
    graphs.set(node, ofNode);
    const found = ofNode.get(graph) ?? seenBy(graph.nodes, givenTo(graph, node, { ...given, weightOf }));
    ofNode.set(graph, found);
    return found;
  };
  return { weightOf, nameOf: given.nameOf, within };
}

/** What a graph gets from the nodes around its own node. */
function givenTo(graph: Subgraph, node: GraphNode, { weightOf, nameOf, constantOf }: Given): Given {
  const captures = capturesOf(node, graph);
  const from = <T>(find: (name: string) => T | undefined) => {
    return (name: string): T | undefined => {
      const outer = captures.get(name);
      return outer === undefined ? undefined : find(outer);
    };
  };
  return { weightOf: from(weightOf), nameOf: from(nameOf), constantOf };
}
