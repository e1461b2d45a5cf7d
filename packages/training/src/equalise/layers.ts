import { type GraphNode, type HostArray, operatorOf, valuesOf } from "@neft/model";
import { sizeOf } from "@neft/tensor";
import type { FreeFactors, Role } from "./follow.js";
import { visitRuns } from "./pattern.js";

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

/** Visits the elements of a role's parameter in runs with the same positions in the role's patterns. */
export function visitRole(
  { weight, up, down }: Role,
  visitor: (start: number, end: number, up: number, down: number) => void,
): void {
  visitRuns(weight.shape, [up.shape, down.shape], (start, end, [i, j]) => visitor(start, end, i!, j!));
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
    const [up, down] = [role.up, role.down].map(({ refs }) => distinct(refs.map((ref) => factors.find(ref))));
    // Group of each pair of factors.
    const known = new Map<number, number>();
    const [ups, downs]: [number[], number[]] = [[], []];
    const groups = new Int32Array(sizeOf(shape));
    const positions = positionsOf(role);
    visitRole(role, (start, end, i, j) => {
      const [a, b] = [up!.indices[i]!, down!.indices[j]!];
      const pair = a * down!.values.length + b;
      let group = known.get(pair);
      if (group === undefined) {
        group = ups.length;
        known.set(pair, group);
        ups.push(up!.values[a]!);
        downs.push(down!.values[b]!);
      }
      if (positions) for (let k = start; k < end; k++) groups[positions[k]!] = group;
      else groups.fill(group, start, end);
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

/** The values of a list, each once, and where each element's is. */
function distinct(list: Int32Array): { readonly values: number[]; readonly indices: Int32Array } {
  const known = new Map<number, number>();
  const indices = list.map((value) => {
    const index = known.get(value) ?? known.size;
    known.set(value, index);
    return index;
  });
  return { values: [...known.keys()], indices };
}
