import {
  checkDataset,
  checkLabelled,
  checkLabels,
  checkSamples,
  type Dataset,
  type Normalisation,
  sampleShape,
} from "@neft/data";
import { type BoundModel, bindModel, listNames, type Model } from "@neft/model";
import { inWords } from "@neft/options";

/** A network and the dataset to run it on. */
export interface NetworkAndData {
  readonly model: Model;
  readonly data: Dataset;
  readonly normalisation: Normalisation;
  /** Name of the output with the class scores. Required if the model has several outputs. */
  readonly output?: string | undefined;
}

/** A network bound to a dataset's samples. */
export interface BoundNetwork extends BoundModel {
  /** The given normalisation; its layout is set if it had to be found by trying. */
  readonly normalisation: Normalisation;
}

/** What works without labels, for errors. */
export const withoutLabels = "without labels, evaluate with reference clean, or finetune with strategy distillation";

/**
 * Binds a network to a dataset: free axes of its input get the samples' sizes. Checks samples and labels against the network.
 * @param needsLabels  Default: true.
 * @throws {RangeError} if the network has several inputs or no class scores or mixes the samples of a batch, or if the dataset is
 *   empty or doesn't fit the network.
 */
export function bindNetwork(
  { model, data, normalisation, output }: NetworkAndData,
  { needsLabels = true }: { readonly needsLabels?: boolean } = {},
): BoundNetwork {
  const [input, ...others] = model.inputs;
  if (input === undefined || others.length > 0) {
    const names = listNames(model.inputs.map(({ name }) => name));
    throw new RangeError(`model ${inWords(model.name)}: expected one input, got ${model.inputs.length}: ${names}`);
  }
  checkDataset(data);
  if (needsLabels) checkLabelled(data, withoutLabels);
  // A copy, because the caller may change the lists during the call.
  const bound = inSomeLayout(structuredClone(normalisation), input.shape, (given) => ({
    ...bindModel(model, sampleShape(data, given, input.shape), output),
    normalisation: given,
  }));
  try {
    checkSamples(data, bound.normalisation, bound.model.inputs[0]!.shape, input.dtype);
    checkLabels(data, bound.classes);
  } catch (error) {
    bound.dispose();
    throw error;
  }
  return bound;
}

/**
 * Binds with the given normalisation. If that fails and the layout is open (none is given, and the input is 4-D with free axes), tries
 * NHWC and NCHW; if both fail, throws the first error.
 */
export function inSomeLayout<Bound>(
  normalisation: Normalisation,
  shape: readonly (number | string)[],
  bind: (normalisation: Normalisation) => Bound,
): Bound {
  try {
    return bind(normalisation);
  } catch (error) {
    const isOpen =
      normalisation.layout === undefined && shape.length === 4 && shape.some((n, i) => i > 0 && typeof n === "string");
    if (!isOpen) throw error;
    // One of the two equals the first attempt and fails again.
    for (const layout of ["NHWC", "NCHW"] as const) {
      try {
        return bind({ ...normalisation, layout });
      } catch {}
    }
    throw error;
  }
}
