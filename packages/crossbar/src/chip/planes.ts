import { arrangementNamed } from "../mapping/arrangement.js";
import { cellFactors, cellsPerWeight } from "../mapping/mapped-weights.js";
import { partsOf } from "../mapping/weight-matrix.js";
import type { Plane, PlanedWeight, PlaneTerm } from "../tile/tiled-layer.js";
import type { ProgrammedCells } from "./cells.js";
import type { ChipSpec } from "./chip-spec.js";

/**
 * A programmed weight as its tiles read it: one plane for each slice where the currents of a pair are subtracted before the converter,
 * else one for each arm and slice.
 *
 * @param variance  Variance of each cell's read noise, [arm][slice][element]. Default: none.
 */
export function planesOf(
  { mapping, tile, adc }: Pick<ChipSpec, "mapping" | "tile" | "adc">,
  { mapped, values }: Pick<ProgrammedCells, "mapped" | "values">,
  variance?: Float32Array,
): PlanedWeight {
  const { arms, slices } = cellsPerWeight(mapping);
  const { bias } = arrangementNamed(mapping.arrangement);
  const factors = cellFactors(mapping, mapped.gMin);
  const elements = mapped.weights.length;
  // Exact sums lose fewer digits around the middle of the range. The difference is digital, as is that of the reference.
  const middle = arms === 1 && adc === undefined && tile.rWire_ohm === 0 ? (1 + mapped.gMin) / 2 : 0;
  const term = (cell: number, sign: 1 | -1): PlaneTerm => {
    const [from, to] = [cell * elements, (cell + 1) * elements];
    const own = values.subarray(from, to);
    return { values: middle === 0 ? own : own.map((g) => g - middle), sign, variance: variance?.subarray(from, to) };
  };
  const isPair = arms === 2 && tile.subtract === "analog";
  const planes: Plane[] = isPair
    ? Array.from({ length: slices }, (_, slice) => ({
        terms: [term(slice, 1), term(slices + slice, -1)],
        factor: factors[slice]!,
      }))
    : Array.from(factors, (factor, cell) => ({ terms: [term(cell, 1)], factor }));
  // What cells that are off conduct: the arms of a pair cancel it, of an offset it is subtracted digitally.
  const off = (mapped.gMin - middle) * factors.reduce((sum, factor) => sum + factor, 0);
  const { scales } = mapped;
  const parts = partsOf(mapped, scales);
  return { planes, constant: bias - off, scaleOf: (element) => scales[parts === undefined ? 0 : parts[element]!]! };
}
