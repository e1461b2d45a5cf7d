import { type ArrayBackend, computeProductEach } from "@neft/model";
import type { Tensor } from "@neft/tensor";
import type { Calibration } from "../tile/ranges.js";
import { variationBackend } from "./backends.js";
import type { ChipDraw } from "./cells.js";
import { Chip, type ChipRead } from "./chip.js";
import type { ChipSpec } from "./chip-spec.js";
import { SharedLayers } from "./shared-layers.js";

/** Chips of one spec that read the same samples. */
export class ChipGroup {
  readonly #spec: ChipSpec;
  readonly #draws: readonly ChipDraw[];
  readonly #chips: readonly Chip[];

  /**
   * @param draws  One for each chip.
   * @param shared  What they have in common, with other groups too. Default: nothing with others.
   */
  constructor(
    spec: ChipSpec,
    draws: readonly ChipDraw[],
    calibration: Calibration = {},
    shared: SharedLayers = new SharedLayers(),
  ) {
    this.#spec = spec;
    this.#draws = draws;
    this.#chips = spec.perSample ? [] : draws.map((draw) => new Chip(spec, draw, calibration, shared));
  }

  /** The chips; none with a draw for every sample. */
  get chips(): readonly Chip[] {
    return this.#chips;
  }

  /**
   * A backend for each chip, for the same input x without gradients. A layer that reads x directly is computed for all chips when the
   * first chip reaches it, if they compute with their weights alone, so that x is packed or transformed only once. The outputs for the
   * other chips belong to the scope that is current then: run all chips within one scope.
   */
  backends(x: Tensor, read: ChipRead = {}): ArrayBackend[] {
    const { firstSample = 0 } = read;
    if (this.#spec.perSample) return this.#draws.map((draw) => variationBackend(this.#spec, { ...draw, firstSample }));
    const own = this.#chips.map((chip) => chip.backend(read));
    if (!this.#chips.every((chip) => chip.isPlain)) return own;
    const computed = new Map<string, readonly Tensor[]>();
    return own.map((backend, chip) => ({
      product: (product) => {
        const { layer, input, map } = product;
        if (input !== x || map.kind.computeEach === undefined) return backend.product(product);
        const wholes = () => this.#chips.map((each) => each.weightOf(product, read.time_s).effective);
        const outputs = computed.get(layer) ?? computeProductEach(product, wholes());
        computed.set(layer, outputs);
        return outputs[chip]!;
      },
    }));
  }

  /** Frees the chips. */
  dispose(): void {
    for (const chip of this.#chips) chip.dispose();
  }
}
