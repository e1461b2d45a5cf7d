import { call, wasm } from "@neft/kernels";
import { type ArrayBackend, arrayNodes, type GraphNode, type Model } from "@neft/model";
import { add, persistent, stream, type Tensor, type Variation } from "@neft/tensor";
import { checkProgramming, type ProgrammingSettings, programmingVariation } from "./programming.js";

/** Which draw of the variation a backend stands for: plain data, the same everywhere. */
export interface DrawSettings {
  readonly seed: number;
  /** What the draw is for, e.g. "chip": streams of different purposes are independent. */
  readonly purpose: string;
  /** Number of the chip, or of the forward within a training step. */
  readonly index: number;
  /** Training step; 0 unless said. */
  readonly step?: number | undefined;
  /** A fresh draw for every sample instead of one for the whole chip. */
  readonly perSample?: boolean | undefined;
  /** Index of the first sample of the call in the whole batch; 0 unless said. Matters with `perSample` only. */
  readonly firstSample?: number | undefined;
}

/** A chip whose weights vary. */
export interface VariationSettings extends ProgrammingSettings, DrawSettings {}

/** Products with the weights as they are. */
export const digitalBackend: ArrayBackend = {
  fuses: true,
  product: ({ weight, digital }) => digital(weight),
};

/** The draw that a weight has on the chip; none where nothing varies. */
function drawOf(settings: VariationSettings, name: string, weight: Tensor): Variation | undefined {
  const { seed, purpose, index, step = 0, perSample = false, firstSample = 0 } = settings;
  const largest = wasm().maxAbs(weight.ptr, weight.size);
  if (!Number.isFinite(largest)) {
    throw new RangeError(
      `parameter "${name}": expected finite weights, got NaN or infinite ones; no device can hold them`,
    );
  }
  const sigma = programmingVariation(settings, largest);
  if (sigma.sigmaOuter === 0 && sigma.sigmaMid === 0) return undefined;
  return { ...sigma, key: stream(seed, { purpose, name, index, step }), perSample, firstSample };
}

/**
 * Products with W + ΔW, ΔW ~ N(0, σ_w²) drawn from the stream (seed, purpose, parameter name, index, step): one backend is
 * one chip, and a weight that several nodes share has one draw. σ = 0 and the ideal device give the digital product itself.
 *
 * S = max|W| is read when a weight is first used: make a backend for the weights of now, not for later ones.
 * @throws {RangeError} for a setting out of range.
 */
export function variationBackend(settings: VariationSettings): ArrayBackend {
  checkProgramming(settings);
  const variations = new Map<string, Variation | undefined>();
  return {
    fuses: true,
    product: ({ weightName, weight, digital }) => {
      if (!variations.has(weightName)) variations.set(weightName, drawOf(settings, weightName, weight));
      return digital(weight, variations.get(weightName));
    },
  };
}

/** A chip whose weights are written out; `dispose` frees them. */
export interface ProgrammedChip {
  readonly backend: ArrayBackend;
  /** The weight that stands on the chip for a parameter of this name and content. */
  weightOf(name: string, weight: Tensor): Tensor;
  dispose(): void;
}

/**
 * Writes a model onto a chip: the same products as `variationBackend` gives, to the last bit, with W + ΔW drawn once and kept
 * instead of drawn at every call. Worth its memory where one chip is read many times.
 * @throws {RangeError} for a setting out of range, or a draw for every sample, which no chip can hold.
 */
export function programChip(model: Model, settings: VariationSettings): ProgrammedChip {
  checkProgramming(settings);
  if (settings.perSample) throw new RangeError("programChip: expected one draw for the chip, got perSample");
  const programmed = new Map<string, Tensor>();
  for (const { weight: name } of arrayNodes(model)) {
    const weight = model.parameters.get(name)!;
    const variation = programmed.has(name) ? undefined : drawOf(settings, name, weight);
    if (variation === undefined) continue;
    const { sMax, sigmaOuter, sigmaMid, key } = variation;
    const rows = weight.shape[0]!;
    const kept = persistent(new Float32Array(weight.size), weight.shape);
    const fields = { kind: 1, sMax, sigmaOuter, sigmaMid, key, firstSample: 0 };
    const operands = { w: weight.ptr, out: kept.ptr, rows, cols: weight.size / rows };
    wasm().variedWeight(call.variedWeight({ ...operands, variation: fields }));
    programmed.set(name, kept);
  }
  const weightOf = (name: string, weight: Tensor): Tensor => programmed.get(name) ?? weight;
  return {
    backend: { fuses: true, product: ({ weightName, weight, digital }) => digital(weightOf(weightName, weight)) },
    weightOf,
    dispose: () => {
      for (const weight of programmed.values()) weight.dispose();
    },
  };
}

/**
 * Backends, one for each chip, for chips that all read the same x without gradients: the same products as the chips' own. A layer
 * that reads x itself is computed for all of them when the first comes to it, so that what the layer makes of x before it meets
 * weights is made once. Results for the others wait in the scope of that moment: run all the chips within one.
 */
export function readTogether(chips: readonly ProgrammedChip[], x: Tensor): ArrayBackend[] {
  const waiting = new Map<GraphNode, readonly Tensor[]>();
  return chips.map(({ backend }, chip) => ({
    fuses: true,
    product: (call) => {
      const { node, weightName, weight, input, digitalEach } = call;
      if (input !== x || digitalEach === undefined) return backend.product(call);
      const outputs = waiting.get(node) ?? digitalEach(chips.map((each) => each.weightOf(weightName, weight)));
      waiting.set(node, outputs);
      return outputs[chip]!;
    },
  }));
}

/**
 * Products with W + ΔW for ΔW given by parameter name; for known answers and for chips that were measured.
 * @throws {RangeError} when a weight that is used has no ΔW, or one of another shape.
 */
export function givenBackend(variations: ReadonlyMap<string, Tensor>): ArrayBackend {
  return {
    fuses: true,
    product: ({ weightName, weight, digital }) => {
      const given = variations.get(weightName);
      if (!given) {
        throw new RangeError(
          `weight "${weightName}": expected a given variation, got none; there are ${[...variations.keys()].join(", ")}`,
        );
      }
      if (given.shape.join() !== weight.shape.join()) {
        throw new RangeError(
          `weight "${weightName}": expected a variation of shape [${weight.shape}], got [${given.shape}]`,
        );
      }
      return digital(add(weight, given));
    },
  };
}
