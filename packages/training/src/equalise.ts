import { chipOf } from "@neft/crossbar";
import { type BoundSamples, bindSamples } from "@neft/evaluation";
import { holdModel, type Model } from "@neft/model";
import { resolve } from "@neft/options";
import type { EqualiseOptions, EqualiseResult } from "./equalise/equalise.js";
import { equaliseSettings } from "./equalise/settings.js";

/**
 * Rescales a network's channels so that device variation changes its outputs less. The function stays the same, up to
 * rounding: what a layer's outputs are divided by multiplies the weights that read them.
 *
 * Variation is proportional to max|W| of a tensor, and what it does to the outputs depends on the channels it reaches; the
 * factors are chosen to make the outputs' variance small. Without samples, all weights count alike. With samples, the
 * sensitivities of the outputs to each weight are measured; the variance then has one minimum, which is computed.
 * Descent on the distance between chips and the clean network follows. The best on samples held out is kept, which may
 * be the original.
 *
 * With an area above 1, the result has a second, larger network: `wide`. An area can't be used in place, because it adds nodes.
 *
 * The same settings and seed give the same weights, bit for bit.
 * @throws {RangeError} for settings out of range, or samples that don't fit the network.
 * @throws {Error} if another call is using the model.
 * @throws the signal's reason if it aborts; the model is then as before.
 */
export async function equalise(options: EqualiseOptions): Promise<EqualiseResult> {
  const hold = holdModel(options.model, "write", "equalise");
  try {
    return await equaliseHeld(options);
  } finally {
    hold.release();
  }
}

/** `equalise` for a call that has the model to itself already. */
export async function equaliseHeld(options: EqualiseOptions): Promise<EqualiseResult> {
  options.signal?.throwIfAborted();
  const given = resolve(equaliseSettings, options);
  chipOf({ ...given, perSample: false }, given.sigma);
  const bind = (model: Model) => options.inputs && bindSamples({ ...options, model, inputs: options.inputs }, true);
  const bound = bind(options.model);
  try {
    const distance = given.distance ?? (bound !== undefined && isClassifier(bound) ? "kl" : "error");
    // On demand: a page that rescales nothing needs none of it.
    const { equaliseBound } = await import("./equalise/equalise.js");
    return await equaliseBound(options, bound, { ...given, distance }, bind);
  } finally {
    bound?.dispose();
  }
}

/** Whether the only output is a matrix of class scores. */
function isClassifier({ outputs: [first, ...others], model }: BoundSamples): boolean {
  const shape = model.outputs.find(({ name }) => name === first?.name)?.shape;
  return others.length === 0 && first?.hasRows === true && shape?.length === 2 && Number(shape[1]) > 1;
}
