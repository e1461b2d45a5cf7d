import { type ArrayProduct, computeProduct, type Model, run } from "@neft/model";
import { noGrad, scope } from "@neft/tensor";
import type { ChipSpec } from "../chip/chip-spec.js";
import { cellsPerWeight } from "../mapping/mapped-weights.js";

/** Where a layer's weight is on a chip. */
export interface LayerPlacement {
  readonly layer: string;
  /** Name of the parameter. */
  readonly weight: string;
  /** Matrices: groups of a convolution. */
  readonly blocks: number;
  /** Word lines and bit lines of a block. */
  readonly inputs: number;
  readonly outputs: number;
  readonly arms: number;
  readonly slices: number;
  readonly tiles: number;
  readonly cells: number;
  /** Cells as a share of those of the tiles. */
  readonly utilisation: number;
}

/**
 * Places blocks of [inputs, outputs] on tiles. Each arm and slice has tiles of its own. A block that is larger than a tile is cut;
 * several smaller ones are on one tile, along its diagonal.
 */
export function placeBlocks(
  { blocks, inputs, outputs }: Pick<LayerPlacement, "blocks" | "inputs" | "outputs">,
  { mapping, tile }: Pick<ChipSpec, "mapping" | "tile">,
): Pick<LayerPlacement, "arms" | "slices" | "tiles" | "cells" | "utilisation"> {
  const { arms, slices } = cellsPerWeight(mapping);
  const { rows, columns } = tile;
  const together = Math.max(1, Math.min(Math.floor(rows / inputs), Math.floor(columns / outputs)));
  const parts = Math.ceil(inputs / rows) * Math.ceil(outputs / columns);
  const tiles = arms * slices * parts * Math.ceil(blocks / together);
  const cells = arms * slices * blocks * inputs * outputs;
  return { arms, slices, tiles, cells, utilisation: cells / (tiles * rows * columns) };
}

/**
 * Where the layers of a network are on a chip, in running order. Layers with one weight share its tiles.
 *
 * @param samples  Makes samples in the current scope: one is enough.
 * @param watch  Called with the first product of each layer.
 */
export function placementOf(
  model: Model,
  spec: Pick<ChipSpec, "mapping" | "tile">,
  samples: () => Parameters<typeof run>[1],
  watch: (product: ArrayProduct) => void = () => undefined,
): LayerPlacement[] {
  const placed = new Map<string, LayerPlacement>();
  const seen = { product: observe };
  scope(() => {
    noGrad(() => run(model, samples(), { backend: seen }));
  });
  return [...placed.values()];

  function observe(product: ArrayProduct) {
    const { layer, weight, map } = product;
    if (!placed.has(layer)) {
      const w = weight.view === undefined ? weight.tensor : weight.view.apply(weight.tensor);
      const matrices = map.kind.matrices(w, map.settings);
      const [inputs, outputs] = matrices[0]!.shape as [number, number];
      const size = { blocks: matrices.length, inputs, outputs };
      placed.set(layer, { layer, weight: weight.name, ...size, ...placeBlocks(size, spec) });
      watch(product);
    }
    return computeProduct(product);
  }
}
