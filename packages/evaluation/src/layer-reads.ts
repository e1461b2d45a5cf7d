import type { Conversions, CountsByLayer, EffectCounts, LayerPlacement } from "@neft/crossbar";

/** Conversions of a layer: how many an inference takes, and the share beyond the converters' range; null without converters. */
export interface ConversionRate {
  readonly perInference: number;
  readonly clipped: number;
}

/**
 * A layer on the chips of a result: its place, and means over chips of what it took: pulses that wrote a cell, cells that missed the
 * tolerance or are stuck, each only of effects that count it.
 */
export interface LayerRead extends Omit<LayerPlacement, "inputs" | "outputs">, EffectCounts {
  /** Sizes of its blocks. */
  readonly inputs: number;
  readonly outputs: number;
  readonly conversions: { readonly inputs: ConversionRate | null; readonly sums: ConversionRate | null };
}

const rateOf = ({ conversions, clipped }: Conversions, inferences: number): ConversionRate | null =>
  conversions === 0 ? null : { perInference: conversions / inferences, clipped: clipped / conversions };

/**
 * What programming and reading took by layer.
 *
 * @param counts   Sums over chips and samples.
 * @param samples  Number of samples that each chip read.
 */
export function layerReads(
  placements: readonly LayerPlacement[],
  counts: CountsByLayer,
  chips: number,
  samples: number,
): LayerRead[] {
  return placements.flatMap((placement) => {
    const counted = counts[placement.layer];
    if (counted === undefined) return [];
    const { inputs, sums, ...effects } = counted;
    const perChip = Object.fromEntries(Object.entries(effects).map(([name, count]) => [name, count / chips]));
    const inferences = chips * samples;
    const conversions = { inputs: rateOf(inputs, inferences), sums: rateOf(sums, inferences) };
    return [{ ...placement, ...perChip, conversions }];
  });
}
