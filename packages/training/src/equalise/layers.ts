import { type GraphNode, type HostArray, operatorOf, valuesOf } from "@neft/model";
import { sizeOf } from "@neft/tensor";
import type { FreeFactors, Role } from "./follow.js";
import { visit } from "./pattern.js";

/** A weight on a crossbar, with its elements in groups that have the same factors. */
export interface Layer {
  readonly parameter: string;
  readonly node: GraphNode;
  /** Factor that multiplies each group, and the one that divides it: references to variables, 0 for 1. */
  readonly up: Int32Array;
  readonly down: Int32Array;
  /** Group of each element of the parameter. */
  readonly groups: Int32Array;
}

/** Position in the parameter of each element of a weight that is read through views; undefined without views. */
export function elementPositions(
  { parameterShape, views }: { parameterShape: readonly number[]; views: readonly GraphNode[] },
  constant: (name: string) => HostArray | undefined,
): Int32Array | undefined {
  if (views.length === 0) return undefined;
  let array: HostArray = {
    dtype: "i32",
    shape: parameterShape,
    data: Int32Array.from({ length: sizeOf(parameterShape) }, (_, i) => i),
  };
  for (const node of views) {
    const row = operatorOf(node);
    if (row.traits.converts === true) continue;
    const inputs = [array, ...node.inputs.slice(1).map((name) => (name === "" ? undefined : constant(name)))];
    array = row.integers!(inputs as HostArray[], valuesOf(row, node), { node, inputs })[0]!;
  }
  return array.data as Int32Array;
}

/** Visits the elements of a role's parameter, with their positions in the role's patterns. */
export function visitRole(
  role: Role,
  positions: Int32Array | undefined,
  visitor: (element: number, up: number, down: number) => void,
): void {
  const { weight, up, down } = role;
  visit(weight.shape, [up.shape, down.shape], (index, [i, j]) => {
    visitor(positions ? positions[index]! : index, i!, j!);
  });
}

/** The weights on crossbars with their groups. A weight with several products has one entry. */
export function layersOf(
  { factors, roles }: FreeFactors,
  positionsOf: (role: Role) => Int32Array | undefined,
): Layer[] {
  const layers = new Map<string, Layer>();
  for (const role of roles) {
    const { parameter, shape } = role.weight;
    if (role.use === undefined || layers.has(parameter)) continue;
    const span = 2 * factors.count + 1;
    const known = new Map<number, number>();
    const ups: number[] = [];
    const downs: number[] = [];
    const groups = new Int32Array(sizeOf(shape));
    const [up, down] = [role.up, role.down].map(({ refs }) => refs.map((ref) => factors.find(ref)));
    let lastKey = Number.NaN;
    let lastGroup = -1;
    visitRole(role, positionsOf(role), (element, i, j) => {
      const key = up![i]! * span + down![j]!;
      if (key !== lastKey) {
        lastKey = key;
        lastGroup = known.get(key) ?? ups.length;
        if (lastGroup === ups.length) {
          known.set(key, lastGroup);
          ups.push(up![i]!);
          downs.push(down![j]!);
        }
      }
      groups[element] = lastGroup;
    });
    layers.set(parameter, {
      parameter,
      node: role.node,
      up: Int32Array.from(ups),
      down: Int32Array.from(downs),
      groups,
    });
  }
  return [...layers.values()];
}
