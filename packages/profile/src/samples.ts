import { type Dataset, makeDataset, makeNormalisation, type Normalisation } from "@neft/data";
import type { Model } from "@neft/model";
import { inWords, OptionError } from "@neft/options";
import { sizeOf, stream, words } from "@neft/tensor";

/** Samples of a network, without a meaning. */
export interface Samples {
  readonly data: Dataset;
  readonly normalisation: Normalisation;
}

/**
 * Shape of one sample of a model's first input, without the batch axis.
 *
 * @param given  The setting `shape`.
 * @throws {OptionError} if sizes of the input are free and no shape is given.
 */
export function sampleShapeOf(model: Pick<Model, "inputs">, given: readonly number[] | undefined): readonly number[] {
  if (given !== undefined) return given;
  const [input] = model.inputs;
  const shape = input?.shape.slice(1) ?? [];
  const free = shape.filter((n) => typeof n === "string");
  if (free.length > 0) {
    throw new OptionError({
      option: "shape",
      expected: `the shape of a sample, because sizes of input ${inWords(input!.name)} [${input!.shape.join(", ")}] are free`,
      got: "none",
      advice: "give sizes such as 3,224,224",
    });
  }
  return shape as readonly number[];
}

/**
 * Makes samples of one shape: random bytes from 0 to 1, or zeros for a model that takes integers, which may be indices. Times don't depend
 * on the values.
 *
 * @param classes  Labels are below.
 */
export function makeSamples(
  model: Model,
  shape: readonly number[],
  { count, classes, seed }: { readonly count: number; readonly classes: number; readonly seed: number },
): Samples {
  const isFloat = (model.inputs[0]?.dtype ?? "f32") === "f32";
  const size = count * sizeOf(shape);
  const key = stream(seed, { purpose: "benchmark.samples" });
  const values = isFloat ? new Uint8Array(words(key, Math.ceil(size / 4)).buffer, 0, size) : new Uint8Array(size);
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  const data = makeDataset("benchmark", { name: "synthetic", values, labels, shape, classes });
  return { data, normalisation: makeNormalisation(data, { scale: isFloat ? 255 : 1 }) };
}
