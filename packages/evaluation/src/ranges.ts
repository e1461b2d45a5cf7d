import { arrayNodes, type Model, valueShapes } from "@neft/model";
import { sizeOf } from "@neft/tensor";

/** Chips [from, to). */
export interface ChipRange {
  readonly from: number;
  readonly to: number;
}

/** Maximum number of chips in a job. They share the transform of the first layer's input, so each pays at least a quarter of it. */
const maxChips = 4;

/** Maximum multiply-adds of a job of several chips: about a second, so that progress is visible and an abort takes effect. */
const maxMultiplyAdds = 2 ** 34;

/**
 * Splits chips into jobs, in order. Jobs start at the maximum size and shrink toward the end, so that the workers finish together;
 * they keep at least two chips while every worker can still get two. Results don't depend on the split.
 *
 * @param samples  Samples that each chip reads.
 * @param size  Number of jobs at a time.
 */
export function chipRanges(
  model: Model,
  samples: number,
  { from, to }: ChipRange,
  { size }: { readonly size: number },
): ChipRange[] {
  const most = Math.min(maxChips, Math.max(1, Math.floor(maxMultiplyAdds / (multiplyAdds(model) * samples))));
  const ranges: ChipRange[] = [];
  for (let first = from; first < to; ) {
    const left = to - first;
    const share = size === 1 ? left : Math.max(Math.ceil(left / (2 * size)), left >= 2 * size ? 2 : 1);
    const next = first + Math.min(most, share);
    ranges.push({ from: first, to: next });
    first = next;
  }
  return ranges;
}

/** Multiply-adds of all array nodes for one sample. A product in a graph inside a node counts as one of a row. */
function multiplyAdds(model: Model): number {
  const shapes = valueShapes(model);
  const batch = model.inputs[0]?.shape[0];
  const all = arrayNodes(model).reduce(
    (sum, { node, inputs }) => sum + inputs * sizeOf(shapes.get(node.outputs[0]!) ?? []),
    0,
  );
  return typeof batch === "number" ? all / batch : all;
}
