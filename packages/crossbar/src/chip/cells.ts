import type { ArrayProduct } from "@neft/model";
import { inWords } from "@neft/options";
import { maxAbs, stream } from "@neft/tensor";
import { gMinOf } from "../device/conductance-range.js";
import type { EffectContext, EffectCounts } from "../effects/effect.js";
import { applyEffects, type ChosenEffect } from "../effects/effects.js";
import { type MappedWeights, magnitudesOf, mapWeights } from "../mapping/mapped-weights.js";
import { type BlockElements, blockElements } from "../tile/tiled-layer.js";
import { actsAtRead, type ChipSpec, isMeasured } from "./chip-spec.js";
import type { PlacedProduct, SharedLayers } from "./shared-layers.js";

/** Identifies one draw of a chip. Plain data: equal settings give equal draws on every machine. */
export interface ChipDraw {
  readonly seed: number;
  /** Purpose of the draw, e.g. "chip". Streams of different purposes are independent. */
  readonly purpose: string;
  /** Index of the chip, or of the forward pass within a training step. */
  readonly index: number;
  /** Training step. Default: 0. */
  readonly step?: number | undefined;
}

/** The cells of one parameter, [arm][slice][element], at an age. Conductances are relative to gMax. */
export interface ProgrammedCells {
  readonly mapped: MappedWeights;
  /** What they held after all effects of writing. */
  readonly programmed: Float32Array;
  /** What they hold. */
  readonly values: Float32Array;
  readonly counts: EffectCounts;
}

/** What effects of a parameter depend on. `purpose` names the effect's stream. */
export function effectContext(
  { device, sigma }: Pick<ChipSpec, "device" | "sigma">,
  { seed, purpose, index, step = 0 }: ChipDraw,
  weight: { readonly name: string; readonly time_s: number; readonly magnitudes: () => Float32Array },
  effect: string,
): EffectContext {
  const { name, time_s } = weight;
  const measured = isMeasured(device);
  return {
    device,
    time_s,
    sigma: measured ? 0 : sigma,
    sigmaScale: measured ? sigma : 1,
    // Few effects ask for them.
    get magnitudes() {
      return weight.magnitudes();
    },
    stream: (part = "") => stream(seed, { purpose: `${purpose} ${effect} ${part}`.trim(), name, index, step }),
  };
}

/** The output that each element belongs to, for scales per column. Outputs of the blocks follow each other. */
function outputsOf(
  blocks: readonly BlockElements[],
  size: number,
): { readonly count: number; readonly outputOf: Uint32Array } {
  const outputOf = new Uint32Array(size);
  let count = 0;
  for (const { elements, outputs } of blocks) {
    for (let i = 0; i < elements.length; i++) outputOf[elements[i]!] = count + (i % outputs);
    count += outputs;
  }
  return { count, outputOf };
}

/** What of a chip decides how weights are mapped. */
export type MappedSpec = Pick<ChipSpec, "device" | "mapping" | "compensation">;

/**
 * The codes and target conductances of a product's weight.
 *
 * @param blocks  Which elements its matrices hold. Default: found out.
 * @throws {RangeError} when a weight isn't finite.
 */
export function mapProduct(
  spec: MappedSpec,
  product: Pick<ArrayProduct, "weight" | "map">,
  blocks: () => readonly BlockElements[] = () => blockElements(product),
): MappedWeights {
  const { name, tensor: weight } = product.weight;
  const largest = maxAbs(weight);
  if (!Number.isFinite(largest)) {
    throw new RangeError(
      `parameter ${inWords(name)}: expected finite weights, got NaN or infinite ones; no device can hold them`,
    );
  }
  const values = weight.floats();
  const needsOutputs = spec.mapping.scale === "column" || spec.compensation.drift === "column";
  const { count, outputOf } = needsOutputs ? outputsOf(blocks(), values.length) : { count: 1, outputOf: undefined };
  const size = { outputs: count, inputs: values.length / Math.max(1, count), layout: "oi", outputOf } as const;
  return mapWeights({ values, ...size }, spec.mapping, gMinOf(spec.device));
}

/**
 * Programs the weight of a product.
 *
 * @throws {RangeError} when a weight isn't finite.
 */
export function programCells(
  spec: ChipSpec,
  chosen: readonly ChosenEffect[],
  draw: ChipDraw,
  {
    product,
    layers,
    time_s,
  }: { readonly product: PlacedProduct; readonly layers: SharedLayers; readonly time_s: number },
): ProgrammedCells {
  const { name } = product.weight;
  const mapped = layers.mappedOf(spec, product);
  const magnitudes = () => magnitudesOf(mapped);
  const cells = { target: mapped.target, values: mapped.target.slice() };
  const contextOf = ({ purpose }: { readonly purpose: string }): EffectContext =>
    effectContext(spec, draw, { name, time_s, magnitudes }, purpose);
  const counts = applyEffects(cells, chosen, "write", contextOf);
  const changesLater = chosen.some(({ effect }) => effect.when !== "write");
  const programmed = changesLater ? cells.values.slice() : cells.values;
  const aged = { ...cells, programmed };
  applyEffects(aged, chosen, "age", contextOf);
  // Slow noise stays as it is for all reads of one pass.
  const lasting = chosen.filter((one) => !actsAtRead(one));
  applyEffects(aged, lasting, "read", contextOf);
  return { mapped, programmed, values: cells.values, counts };
}
