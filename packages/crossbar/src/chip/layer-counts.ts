import { type EffectCounts, effectCounts } from "../effects/effect.js";
import type { ReadObserver } from "../tile/tile-read.js";

/** Conversions of one kind, and how many were beyond the converter's range. */
export interface Conversions {
  readonly conversions: number;
  readonly clipped: number;
}

/** What programming and reading a layer took. Plain data; counts of several chips add up. */
export interface LayerCounts extends EffectCounts {
  readonly inputs: Conversions;
  readonly sums: Conversions;
}

/** Counts by layer. */
export type CountsByLayer = Readonly<Record<string, LayerCounts>>;

const none: Conversions = { conversions: 0, clipped: 0 };

/** Counts of a layer that wasn't read. */
export const noCounts: LayerCounts = { inputs: none, sums: none };

const plus = (a: Conversions, b: Conversions): Conversions => ({
  conversions: a.conversions + b.conversions,
  clipped: a.clipped + b.clipped,
});

/** Sum of two counts of a layer. */
function addCounts(a: LayerCounts, b: LayerCounts): LayerCounts {
  const counted = effectCounts.flatMap((name) => {
    const [x, y] = [a[name], b[name]];
    return x === undefined && y === undefined ? [] : [[name, (x ?? 0) + (y ?? 0)]];
  });
  return { ...Object.fromEntries(counted), inputs: plus(a.inputs, b.inputs), sums: plus(a.sums, b.sums) };
}

/** Sums by layer, in the order in which layers first appear. */
export function addLayers(a: CountsByLayer, b: CountsByLayer): CountsByLayer {
  const sums: Record<string, LayerCounts> = { ...a };
  for (const [layer, counts] of Object.entries(b)) sums[layer] = addCounts(sums[layer] ?? noCounts, counts);
  return sums;
}

/** Counts conversions by layer. */
export class ConversionCounter {
  readonly #layers = new Map<string, LayerCounts>();

  /** What tells the counter of a layer's reads. */
  of(layer: string): ReadObserver {
    return {
      converted: (which, conversions, clipped) => {
        const known = this.countsOf(layer);
        this.#layers.set(layer, { ...known, [which]: plus(known[which], { conversions, clipped }) });
      },
    };
  }

  /** A layer's counts. */
  countsOf(layer: string): LayerCounts {
    return this.#layers.get(layer) ?? noCounts;
  }
}
