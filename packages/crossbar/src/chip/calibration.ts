import { type ArrayProduct, type Model, run } from "@neft/model";
import { noGrad, scope, type Tensor } from "@neft/tensor";
import { type ConversionRange, type LayerRanges, type Ranges, rangeOf, widerRange } from "../tile/ranges.js";
import type { ReadObserver } from "../tile/tile-read.js";
import { Chip, type RangeObserver } from "./chip.js";
import type { ChipSpec } from "./chip-spec.js";

/** Ranges that are measured while a chip is read. */
class MeasuredRanges implements RangeObserver {
  readonly #layers = new Map<string, { inputs: ConversionRange; sums: ConversionRange[] }>();
  readonly #spec: ChipSpec;

  constructor(spec: ChipSpec) {
    this.#spec = spec;
  }

  rangesOf(layer: string): LayerRanges | undefined {
    return this.#layers.get(layer);
  }

  of(layer: string): ReadObserver {
    const { dac, adc } = this.#spec;
    return {
      inputs: (values) => {
        const seen = this.#range(values, dac);
        const known = this.#layers.get(layer);
        this.#layers.set(layer, {
          inputs: known === undefined ? seen : widerRange(known.inputs, seen),
          sums: known?.sums ?? [],
        });
      },
      sums: (plane, values) => {
        const { sums } = this.#layers.get(layer)!;
        const seen = this.#range(values, adc);
        sums[plane] = sums[plane] === undefined ? seen : widerRange(sums[plane], seen);
      },
    };
  }

  /** All ranges by layer. */
  all(): Ranges {
    return Object.fromEntries(this.#layers);
  }

  /** A range that is given stays; the sign is always measured. */
  #range(
    values: Tensor,
    converter: { readonly percentile: number; readonly range?: number | undefined } | undefined,
  ): ConversionRange {
    const seen = rangeOf(values.floats(), converter?.percentile ?? 100);
    return { ...seen, range: converter?.range ?? seen.range };
  }
}

/**
 * Measures the ranges of a chip's converters on samples: those of the chip's targets, without any effect. Plain data, which all chips of
 * a spec share; empty for a chip without converters.
 *
 * @param inputs  Calibration samples, as `run` takes them.
 */
export function calibrate(model: Model, spec: ChipSpec, inputs: Parameters<typeof run>[1]): Ranges {
  if ((spec.dac ?? spec.adc) === undefined) return {};
  const targets: ChipSpec = { ...spec, perSample: false, sigma: 0, effects: [] };
  const chip = new Chip(targets, { seed: 0, purpose: "calibration", index: 0 });
  const measured = new MeasuredRanges(spec);
  try {
    scope(() => {
      noGrad(() => run(model, inputs, { backend: chip.backend({}, measured) }));
    });
    return measured.all();
  } finally {
    chip.dispose();
  }
}

/** Corrects the outputs of a chip's layers on calibration samples, layer by layer, each on corrected inputs. */
export function correctChip(model: Model, chip: Chip, inputs: Parameters<typeof run>[1], time_s?: number): void {
  const backend = { product: (one: ArrayProduct) => chip.correct(one, { time_s }) };
  scope(() => {
    noGrad(() => run(model, inputs, { backend }));
  });
}
