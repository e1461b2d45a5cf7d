import { type ArrayBackend, type ArrayProduct, computeProduct } from "@neft/model";
import { inWords, oneLine } from "@neft/options";
import { add, type Tensor, type Variation } from "@neft/tensor";
import type { ChipDraw } from "./cells.js";
import type { ChipSpec } from "./chip-spec.js";
import { weightVariation } from "./programmed-weight.js";

/** Computes products with the unchanged weights. */
export const digitalBackend: ArrayBackend = { product: (product) => computeProduct(product) };

/**
 * Refuses a second product with a weight that is drawn for every sample. Matrix products draw their outputs' deviation instead of ΔW,
 * so two of them would not see the same ΔW. Convolutions draw ΔW.
 */
function checkSoleProduct(firstReaders: Map<string, ArrayProduct>, product: ArrayProduct): void {
  const { name } = product.weight;
  const first = firstReaders.get(name) ?? product;
  firstReaders.set(name, first);
  if (first.layer === product.layer || [first, product].every(({ map }) => map.kind.drawsWeights)) return;
  throw new RangeError(
    `parameter ${inWords(name)}: expected one product with it for a draw for every sample, got nodes ${inWords(first.layer)} and ${inWords(product.layer)}: leave perSample out`,
  );
}

/** A draw whose products begin at a sample. */
export interface SampleDraw extends ChipDraw {
  /** Index in the whole batch of the call's first sample; used with a draw for every sample only. Default: 0. */
  readonly firstSample?: number | undefined;
}

/**
 * A backend of a chip whose whole weights vary, which draws ΔW ~ N(0, σ_w²) anew in every product, from the stream (seed, purpose,
 * parameter name, index, step), without keeping W + ΔW. One backend is one chip: a weight that several nodes share has one draw. With
 * σ = 0 or the ideal device the product is bit-identical to the digital one.
 *
 * S = max|W| is computed when a weight is first used; after weights change, create a new backend.
 * @throws {RangeError} during a run with `perSample`, for a weight that several matrix products read, or that one reads through views,
 *   or that a graph of a node reads.
 */
export function variationBackend(spec: ChipSpec, draw: SampleDraw): ArrayBackend {
  const variations = new Map<string, Variation | undefined>();
  const firstReaders = new Map<string, ArrayProduct>();
  return {
    product: (product) => {
      const { name, tensor } = product.weight;
      if (!variations.has(name)) variations.set(name, weightVariation(spec, draw, name, tensor, draw.firstSample));
      const variation = variations.get(name);
      if (variation?.perSample) checkSoleProduct(firstReaders, product);
      return computeProduct(product, tensor, variation);
    },
  };
}

/**
 * A backend that computes products with W + ΔW for given ΔW: for tests with known answers and for measured chips.
 * @param variations  ΔW by parameter name, of the weight's shape.
 * @throws {RangeError} during a run, when a weight has no ΔW or one of another shape.
 */
export function givenBackend(variations: ReadonlyMap<string, Tensor>): ArrayBackend {
  return {
    product: (product) => {
      const { name, tensor } = product.weight;
      const given = variations.get(name);
      if (!given) {
        throw new RangeError(
          `weight ${inWords(name)}: expected a given variation, got none; variations are given for ${oneLine([...variations.keys()].join(", "))}`,
        );
      }
      if (given.shape.join() !== tensor.shape.join()) {
        throw new RangeError(
          `weight ${inWords(name)}: expected a variation of shape [${tensor.shape}], got [${given.shape}]`,
        );
      }
      return computeProduct(product, add(tensor, given));
    },
  };
}
