import {
  batchTensor,
  checkDataset,
  checkSamples,
  type Dataset,
  imageWarnings,
  type Normalisation,
  sampleShape,
  snapshot,
  wholeShape,
} from "@neft/data";
import { type BoundOutputs, bindOutputs, type Model, type ValueInfo, warningsOf } from "@neft/model";
import { inWords } from "@neft/options";
import type { Tensor } from "@neft/tensor";
import { inSomeLayout } from "../network.js";

/** Samples of one input of a network. */
export interface SampledInput {
  readonly data: Dataset;
  readonly normalisation: Normalisation;
}

/** Samples of all inputs of a network, by the inputs' names. Sample i of each belongs to the same run. Labels aren't read. */
export type SampledInputs = Readonly<Record<string, SampledInput>>;

/** Samples of one bound input. Plain data. */
export interface BoundInput extends SampledInput {
  /** The input's name, dtype, and shape with its batch axis, if it has one. */
  readonly info: ValueInfo;
  /** Whether each sample fills the whole input, which has no batch axis. */
  readonly isWhole: boolean;
}

/** A network bound to samples without labels. */
export interface BoundSamples extends BoundOutputs {
  readonly inputs: readonly BoundInput[];
  /** Number of samples. */
  readonly count: number;
  /** Possible causes of unexpected results, one sentence each. */
  readonly warnings: readonly string[];
}

/** A network, its samples, and what to read. */
export interface NetworkAndSamples {
  readonly model: Model;
  readonly inputs: SampledInputs;
  /** Name of the output to read. Default: all outputs of floats. */
  readonly output?: string | undefined;
}

/**
 * Binds a network to samples without labels: free axes of its inputs get the samples' sizes. A sample is one entry of a batch, or the
 * whole input where its shape fits only that.
 *
 * @param logits  Reads the scores before a final softmax in place of an output.
 * @throws {RangeError} if samples are missing for an input, differ in number or don't fit, or if no output can be read.
 */
export function bindSamples({ model, inputs: given, output }: NetworkAndSamples, logits = false): BoundSamples {
  const count = countOf(given);
  // An unnamed layout is tried for all inputs together, since a network with several has none.
  const [only] = Object.values(given);
  const first = model.inputs[0]?.shape ?? [];
  const bound = inSomeLayout(structuredClone(only!.normalisation), first, (normalisation) => {
    const inputs = model.inputs.map((info): BoundInput => {
      const own = given[info.name];
      if (own === undefined)
        throw new RangeError(
          `model ${inWords(model.name)}: expected samples for input ${inWords(info.name)}, got none`,
        );
      return planInput(info, { data: own.data, normalisation: own === only ? normalisation : own.normalisation });
    });
    const samples = new Map(
      inputs.map(({ info, data, normalisation, isWhole }) => {
        const shape = sampleShape(data, normalisation, isWhole ? wholeShape(info.shape) : info.shape);
        return [info.name, { shape, isWhole }];
      }),
    );
    return { ...bindOutputs(model, samples, { output, logits }), inputs };
  });
  try {
    const inputs = bound.inputs.map((input, i) => ({ ...input, info: bound.model.inputs[i]! }));
    for (const { data, normalisation, info, isWhole } of inputs) {
      checkDataset(data);
      checkSamples(data, normalisation, isWhole ? wholeShape(info.shape) : info.shape, info.dtype);
    }
    checkCount(bound, count);
    const images = inputs.flatMap(({ data, normalisation, info }) => imageWarnings(data, normalisation, info.dtype));
    return { ...bound, inputs, count, warnings: [...images, ...warningsOf(bound.model)] };
  } catch (error) {
    bound.dispose();
    throw error;
  }
}

/** Number of samples of all inputs. @throws {RangeError} if they differ, or there is no input. */
function countOf(inputs: SampledInputs): number {
  const all = Object.entries(inputs);
  const [first] = all;
  if (first === undefined) throw new RangeError("samples: expected a dataset for each input of the network, got none");
  for (const [name, { data }] of all) {
    if (data.count === first[1].data.count) continue;
    throw new RangeError(
      `samples: expected as many for each input, got ${first[1].data.count} for ${inWords(first[0])} and ${data.count} for ${inWords(name)}`,
    );
  }
  return first[1].data.count;
}

/** Decides whether a sample is one entry of a batch or the whole input. @throws {RangeError} if it fits neither. */
function planInput(info: ValueInfo, { data, normalisation }: SampledInput): BoundInput {
  const plan = (isWhole: boolean): BoundInput => {
    sampleShape(data, normalisation, isWhole ? wholeShape(info.shape) : info.shape);
    return { info, data, normalisation, isWhole };
  };
  if (info.shape.length === 0) return plan(true);
  try {
    return plan(false);
  } catch (error) {
    try {
      return plan(true);
    } catch {
      throw error;
    }
  }
}

/** @throws {RangeError} if a batch would be filled with repeated samples that an output can't leave out. */
function checkCount({ fixed, outputs }: BoundOutputs, count: number): void {
  const joint = outputs.find(({ hasRows }) => !hasRows);
  if (fixed === undefined || count % fixed.batch === 0 || joint === undefined) return;
  throw new RangeError(
    `output ${inWords(joint.name)}: expected a multiple of the network's batch of ${fixed.batch} samples, because the output has no row for each, got ${count}`,
  );
}

/** Copies the samples for a call during which the caller may change them. */
export const snapshotInputs = (inputs: readonly BoundInput[]): BoundInput[] =>
  inputs.map((input) => ({ ...input, data: snapshot(input.data) }));

/** Gathers samples for a run of a network: tensors of the current scope, by input. A whole input takes exactly one. */
export function gatherInputs(inputs: readonly BoundInput[], indices: Uint32Array): Record<string, Tensor> {
  const tensors = inputs.map(
    ({ info: { name, shape, dtype }, data, normalisation, isWhole }) =>
      [name, batchTensor(data, indices, normalisation, shape, dtype, isWhole)] as const,
  );
  return Object.fromEntries(tensors);
}
