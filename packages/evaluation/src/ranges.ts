import { arrayNodes, type Model, valueShapes } from "@neft/model";
import { sizeOf } from "@neft/tensor";

/** Chips [from, to). */
export interface ChipRange {
  readonly from: number;
  readonly to: number;
}

/** Chips of a job at most: what they share, the first layer's view of the images, is then down to a quarter for each. */
const mostChips = 4;

/** Multiply-adds of a job at most, unless one chip has more: about a second, so that progress shows and an abort is heard. */
const mostWork = 2 ** 34;

/**
 * Chips cut into jobs, in order: as many a job as share work well while there are enough left for all workers, then fewer and
 * fewer, so that several workers end together, but pairs as long as there is one for each. Results don't depend on it.
 */
export function chipRanges(
  model: Model,
  images: number,
  { from, to }: ChipRange,
  workers: { readonly size: number } | undefined,
): ChipRange[] {
  const most = Math.min(mostChips, Math.max(1, Math.floor(mostWork / (multiplyAdds(model) * images))));
  const size = workers?.size ?? 1;
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

/** What the arrays of one chip do for one sample. */
function multiplyAdds(model: Model): number {
  const shapes = valueShapes(model);
  const batch = model.inputs[0]?.shape[0];
  const all = arrayNodes(model).reduce(
    (sum, { node, inputs }) => sum + inputs * sizeOf(shapes.get(node.outputs[0]!)!),
    0,
  );
  return typeof batch === "number" ? all / batch : all;
}
