import {
  type ArrayBackend,
  type ArrayProduct,
  arrayNodes,
  computeProduct,
  computeProductEach,
  type Model,
} from "@neft/model";
import { inWords, oneLine } from "@neft/options";
import { add, maxAbs, persistent, setVaried, stream, type Tensor, type Variation } from "@neft/tensor";
import { checkProgramming, type ProgrammingSettings, programmingVariation } from "./programming.js";

/** Identifies one draw of the variation. Plain data: equal settings give equal draws on every machine. */
export interface DrawSettings {
  readonly seed: number;
  /** Purpose of the draw, e.g. "chip". Streams of different purposes are independent. */
  readonly purpose: string;
  /** Index of the chip, or of the forward pass within a training step. */
  readonly index: number;
  /** Training step. Default: 0. */
  readonly step?: number | undefined;
  /** Draws the variation anew for every sample instead of once per chip. Default: false. */
  readonly perSample?: boolean | undefined;
  /** Index in the whole batch of the call's first sample; used with `perSample` only. Default: 0. */
  readonly firstSample?: number | undefined;
}

/** Programming settings and draw of one chip. */
export interface VariationSettings extends ProgrammingSettings, DrawSettings {}

/** Computes products with the unchanged weights. */
export const digitalBackend: ArrayBackend = { product: (product) => computeProduct(product) };

/**
 * The variation of one weight on the chip; undefined when its sigma is 0.
 * @throws {RangeError} when a weight isn't finite.
 */
function drawOf(settings: VariationSettings, name: string, weight: Tensor): Variation | undefined {
  const { seed, purpose, index, step = 0, perSample = false, firstSample = 0 } = settings;
  const largest = maxAbs(weight);
  if (!Number.isFinite(largest)) {
    throw new RangeError(
      `parameter ${inWords(name)}: expected finite weights, got NaN or infinite ones; no device can hold them`,
    );
  }
  const { sMax, sigmaOuter, sigmaMid } = programmingVariation(settings, largest);
  if (sigmaOuter === 0 && sigmaMid === 0) return undefined;
  return { sMax, sigmaOuter, sigmaMid, key: stream(seed, { purpose, name, index, step }), perSample, firstSample };
}

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

/**
 * A backend that computes products with W + ΔW, where ΔW ~ N(0, σ_w²) comes from the stream (seed, purpose, parameter name, index,
 * step). One backend is one chip: a weight that several nodes share has one draw. With σ = 0 or the ideal device the product is
 * bit-identical to the digital one.
 *
 * S = max|W| is computed when a weight is first used; after weights change, create a new backend.
 * @throws {RangeError} for a setting out of range; during a run with `perSample`, for a weight that several matrix products read, or
 *   that one reads through views, or that a graph of a node reads.
 */
export function variationBackend(settings: VariationSettings): ArrayBackend {
  checkProgramming(settings);
  const variations = new Map<string, Variation | undefined>();
  const firstReaders = new Map<string, ArrayProduct>();
  return {
    product: (product) => {
      const { name, tensor } = product.weight;
      if (!variations.has(name)) variations.set(name, drawOf(settings, name, tensor));
      const variation = variations.get(name);
      if (variation?.perSample) checkSoleProduct(firstReaders, product);
      return computeProduct(product, tensor, variation);
    },
  };
}

/** A chip with its varied weights in memory; `dispose` frees them. */
export interface ProgrammedChip {
  readonly backend: ArrayBackend;
  /** The chip's weight for a parameter: W + ΔW, or `weight` itself if it doesn't vary. */
  weightOf(name: string, weight: Tensor): Tensor;
  dispose(): void;
}

/**
 * Programs a model onto a chip: draws W + ΔW once and keeps it. Products are bit-identical to those of `variationBackend`, which draws
 * at every call. Takes memory of the size of the weights; faster when a chip is read many times.
 * @throws {RangeError} for a setting out of range, or for `perSample`, since a chip holds one draw.
 */
export function programChip(model: Model, settings: VariationSettings): ProgrammedChip {
  checkProgramming(settings);
  if (settings.perSample) throw new RangeError("programChip: expected one draw for the chip, got perSample");
  const programmed = new Map<string, Tensor>();
  for (const { weight: name } of arrayNodes(model)) {
    const weight = model.parameters.get(name)!;
    const variation = programmed.has(name) ? undefined : drawOf(settings, name, weight);
    if (variation === undefined) continue;
    const kept = persistent(new Float32Array(weight.size), weight.shape);
    setVaried(kept, weight, variation);
    programmed.set(name, kept);
  }
  const weightOf = (name: string, weight: Tensor): Tensor => programmed.get(name) ?? weight;
  return {
    backend: {
      product: (product) => computeProduct(product, weightOf(product.weight.name, product.weight.tensor)),
    },
    weightOf,
    dispose: () => {
      for (const weight of programmed.values()) weight.dispose();
    },
  };
}

/**
 * Backends, one per chip, for chips that read the same input x without gradients; products are those of the chips' own backends.
 * A layer that reads x directly is computed for all chips when the first chip reaches it, so that x is packed or transformed
 * only once. The outputs for the other chips belong to the scope that is current then: run all chips within one scope.
 */
export function readTogether(chips: readonly ProgrammedChip[], x: Tensor): ArrayBackend[] {
  const computed = new Map<string, readonly Tensor[]>();
  return chips.map(({ backend }, chip) => ({
    product: (product) => {
      const { layer, weight, input, map } = product;
      if (input !== x || map.kind.computeEach === undefined) return backend.product(product);
      const wholes = () => chips.map((each) => each.weightOf(weight.name, weight.tensor));
      const outputs = computed.get(layer) ?? computeProductEach(product, wholes());
      computed.set(layer, outputs);
      return outputs[chip]!;
    },
  }));
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
