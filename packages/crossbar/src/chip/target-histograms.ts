import type { Model, run } from "@neft/model";
import { cellsPerWeight } from "../mapping/mapped-weights.js";
import { type LayerPlacement, placementOf } from "../tile/placement.js";
import { mapProduct } from "./cells.js";
import type { ChipSpec } from "./chip-spec.js";

/** Most bins of a histogram. Codes of a cell with fewer levels have one each. */
const mostBins = 32;

/** A layer on a chip, with what its cells are meant to hold. */
export interface LayerTargets extends LayerPlacement {
  /** Number of cells by conductance, [arm][slice][bin]. Bins divide [gMin, 1] evenly. */
  readonly histograms: readonly (readonly Float64Array[])[];
}

/** Number of cells by conductance. `levels` are those of a cell; null for any conductance. */
function histogram(targets: Float32Array, gMin: number, levels: number | null): Float64Array {
  const bins = Math.min(mostBins, levels ?? mostBins);
  const counts = new Float64Array(bins);
  for (const g of targets) {
    const fraction = (g - gMin) / (1 - gMin);
    // Levels are counted each, where there are few enough.
    const bin = bins === levels ? Math.round(fraction * (bins - 1)) : Math.min(bins - 1, Math.floor(fraction * bins));
    counts[bin]!++;
  }
  return counts;
}

/**
 * Where the layers of a network are on a chip, and the conductances that their cells are meant to hold.
 *
 * @param samples  Makes samples in the current scope: one is enough.
 * @throws {RangeError} when a weight isn't finite.
 */
export function layerTargets(
  model: Model,
  spec: Pick<ChipSpec, "device" | "mapping" | "tile" | "compensation">,
  samples: () => Parameters<typeof run>[1],
): LayerTargets[] {
  const { arms, slices } = cellsPerWeight(spec.mapping);
  const levels = spec.mapping.weightBits === null ? null : 2 ** spec.mapping.bitsPerCell;
  const histograms: (readonly Float64Array[])[][] = [];
  const placed = placementOf(model, spec, samples, (product) => {
    const { target, gMin } = mapProduct(spec, product);
    const size = target.length / (arms * slices);
    const of = (cell: number) => histogram(target.subarray(cell * size, (cell + 1) * size), gMin, levels);
    histograms.push(
      Array.from({ length: arms }, (_, arm) => Array.from({ length: slices }, (_, slice) => of(arm * slices + slice))),
    );
  });
  return placed.map((placement, i) => ({ ...placement, histograms: histograms[i]! }));
}
