import { checkDataset, checkLabels, checkSamples, type Dataset, type Normalisation, sampleShape } from "@neft/data";
import { type BoundModel, bindModel, listNames, type Model } from "@neft/model";
import { inWords } from "@neft/options";

/** A network and the samples it is to read. */
export interface NetworkAndData {
  readonly model: Model;
  readonly data: Dataset;
  readonly normalisation: Normalisation;
  /** The output with the class scores, where the model has several. */
  readonly output?: string | undefined;
}

/** A network bound to a dataset's samples. */
export interface BoundNetwork extends BoundModel {
  /** With the layout in which samples fit the network, where its input leaves that open. */
  readonly normalisation: Normalisation;
}

/**
 * Binds a network to a dataset: sizes that its input leaves open are the samples'. Checks samples and labels against it.
 * @throws {RangeError} when the network takes several inputs, gives no class scores, mixes the samples of a batch, or the dataset is
 *   empty or doesn't fit it.
 */
export function bindNetwork({ model, data, normalisation, output }: NetworkAndData): BoundNetwork {
  const [input, ...others] = model.inputs;
  if (input === undefined || others.length > 0) {
    const names = listNames(model.inputs.map(({ name }) => name));
    throw new RangeError(`model ${inWords(model.name)}: expected one input, got ${model.inputs.length}: ${names}`);
  }
  checkDataset(data);
  // A copy: the caller may change its lists while the call goes on.
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

/** Binds in the stored order or, where the input's shape takes either and the network doesn't fit that, in the other one. */
function inSomeLayout(
  normalisation: Normalisation,
  shape: readonly (number | string)[],
  bind: (normalisation: Normalisation) => BoundNetwork,
): BoundNetwork {
  try {
    return bind(normalisation);
  } catch (error) {
    const isOpen =
      normalisation.layout === undefined && shape.length === 4 && shape.some((n, i) => i > 0 && typeof n === "string");
    if (!isOpen) throw error;
    // One of these is what was tried, and fails again.
    for (const layout of ["NHWC", "NCHW"] as const) {
      try {
        return bind({ ...normalisation, layout });
      } catch {}
    }
    throw error;
  }
}
