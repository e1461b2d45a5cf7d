import { rram1 } from "@neft/crossbar";
import type { SampledInputs } from "@neft/evaluation";
import type { Model } from "@neft/model";
import type { EqualiseProgress, EqualiseResult } from "../equalise/equalise.js";
import { equaliseHeld } from "../equalise.js";
import type { ResolvedSettings } from "./settings.js";

/** A network to rescale before its first step, and the samples to do it with. */
export interface EqualiseFirst {
  readonly model: Model;
  /** Training samples of all inputs. */
  readonly inputs: SampledInputs;
  readonly output?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: (progress: EqualiseProgress) => void;
}

/**
 * Rescales a network for the chips that it will be finetuned on, within the hold of the finetuning.
 * @throws the signal's reason if it aborts; the model is then as before.
 */
export function equaliseFirst(
  { model, inputs, output, signal, onProgress }: EqualiseFirst,
  { device, weightBits, bitsPerCell, sigma, seed }: ResolvedSettings,
): Promise<EqualiseResult> {
  // Where σ follows the conductances of cells, rescaling takes a moderate one, the same everywhere.
  const isJudged = ["exact", "levels"].includes(device.programming.kind);
  const judged = isJudged ? { device, sigma } : { device: rram1, sigma: 0.1 };
  return equaliseHeld({
    model,
    inputs,
    output,
    ...judged,
    weightBits,
    bitsPerCell,
    seed,
    signal,
    onProgress,
  });
}
