import { effectiveConductances, solveWires, type WiredArray } from "@neft/tensor";
import type { TileSettings } from "./tile-settings.js";
import type { Wires } from "./tiled-layer.js";

/** Siemens in a microsiemens. */
const siemens = 1e-6;

/** All nodes' equations, solved at once. */
function exactConductances(array: WiredArray): Float64Array {
  const steps = solveWires(array);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/**
 * What wires do to the conductances of a tile. The cells are linear, so a wired tile is linear in its inputs: its effective conductances
 * are computed once, when it is programmed.
 *
 * @param gMax_uS  Conductance that those of the tile are relative to.
 * @returns undefined for wires without resistance.
 */
export function wiresOf(
  { rWire_ohm, wires }: Pick<TileSettings, "rWire_ohm" | "wires">,
  gMax_uS: number | undefined,
): Wires | undefined {
  if (rWire_ohm === 0 || gMax_uS === undefined) return undefined;
  const unit = gMax_uS * siemens;
  const effective = { exact: exactConductances, fast: effectiveConductances }[wires];
  return (conductances, rows, cols) => {
    const cells = Float64Array.from(conductances, (g) => g * unit);
    return Float32Array.from(effective({ rows, cols, conductances: cells, resistance: rWire_ohm }), (g) => g / unit);
  };
}
