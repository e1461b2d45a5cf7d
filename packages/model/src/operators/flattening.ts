import type { GraphNode } from "../graph.js";

/** Nodes that apply an operator to an axis and all later ones together: flatten, apply it, restore the shape. */
export function flattened(node: GraphNode, axis: number): GraphNode[] {
  const { name, op, inputs, outputs } = node;
  const [x, y] = [inputs[0]!, outputs[0]!];
  const [shape, flat, soft] = [`${name}.shape`, `${name}.flat`, `${name}.soft`];
  return [
    { name: `${name}.shape_of`, op: "Shape", inputs: [x], outputs: [shape], attributes: {} },
    { name: `${name}.flatten`, op: "Flatten", inputs: [x], outputs: [flat], attributes: { axis } },
    { name, op, inputs: [flat], outputs: [soft], attributes: { axis: -1 } },
    { name: `${name}.restore`, op: "Reshape", inputs: [soft, shape], outputs: [y], attributes: {} },
  ];
}
