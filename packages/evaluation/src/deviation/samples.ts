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
import { type BoundOutputs, bindOutputs, type HostArray, type Model, type ValueInfo, warningsOf } from "@neft/model";
import { inWords } from "@neft/options";
import { scope, type Tensor } from "@neft/tensor";
import { inSomeLayout } from "../network.js";

/** Samples of one input of a network. */
export interface SampledInput {
  readonly data: Dataset;
  readonly normalisation: Normalisation;
  /** The input's axis with the samples of a batch. Default: found from the shapes of samples and inputs. */
  readonly axis?: number | undefined;
}

/**
 * Samples of all inputs of a network, by the inputs' names. Sample i of each belongs to the same run; the only sample of a dataset of one
 * belongs to all. Labels aren't read.
 */
export type SampledInputs = Readonly<Record<string, SampledInput>>;

/** Samples of one bound input. Plain data. */
export interface BoundInput extends Omit<SampledInput, "axis"> {
  /** The input's name, dtype, and shape with its batch axis in front, if it has one. */
  readonly info: ValueInfo;
  /** Whether each sample fills the whole input, which has no batch axis. */
  readonly isWhole: boolean;
}

/** A network bound to samples without labels. */
export interface BoundSamples extends BoundOutputs {
  /** Those that the bound network has. */
  readonly inputs: readonly BoundInput[];
  /** Whole inputs with one value for all samples, which are constants of the bound network. */
  readonly shared: ReadonlyMap<string, HostArray>;
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
 * @param logits  Reads the scores before a final softmax or sigmoid in place of an output.
 * @throws {RangeError} if samples are missing for an input, differ in number or don't fit, or if no output can be read.
 */
export function bindSamples({ model, inputs: given, output }: NetworkAndSamples, logits = false): BoundSamples {
  const count = countOf(given);
  // An unnamed layout is tried for all inputs together, since a network with several has none.
  const [only] = Object.values(given);
  const first = model.inputs[0]?.shape ?? [];
  const bound = inSomeLayout(structuredClone(only!.normalisation), first, (normalisation) => {
    const plans = model.inputs.map((info) => {
      const own = given[info.name];
      if (own === undefined)
        throw new RangeError(
          `model ${inWords(model.name)}: expected samples for input ${inWords(info.name)}, got none`,
        );
      const changed = { ...own, normalisation: own === only ? normalisation : own.normalisation };
      return planInput(info, changed, batchLength(model, given));
    });
    const single = plans.filter(({ axis, data }) => axis === undefined && data.count === 1);
    // A network without inputs would have nothing that its batch follows.
    const shared = new Map(
      single.slice(single.length === plans.length ? 1 : 0).map((plan) => [plan.info.name, sharedValue(plan)]),
    );
    const samples = new Map(
      plans.map(({ info: { name }, shape, axis }) => [name, { shape, axis, shared: shared.get(name) }]),
    );
    return { ...bindOutputs(model, samples, { output, logits }), plans, shared };
  });
  try {
    const { plans, shared, ...network } = bound;
    const inputs = network.model.inputs.map((info): BoundInput => {
      const { data, normalisation, axis } = plans.find((plan) => plan.info.name === info.name)!;
      return { info, data, normalisation, isWhole: axis === undefined };
    });
    for (const { data, normalisation, info, isWhole } of inputs) {
      checkDataset(data);
      checkSamples(data, normalisation, isWhole ? wholeShape(info.shape) : info.shape, info.dtype);
    }
    checkCount(bound, count);
    const images = inputs.flatMap(({ data, normalisation, info }) => imageWarnings(data, normalisation, info.dtype));
    return {
      ...network,
      inputs,
      shared,
      count,
      warnings: [...images, ...network.probabilities.map(probabilityWarning), ...warningsOf(network.model)],
    };
  } catch (error) {
    bound.dispose();
    throw error;
  }
}

const probabilityWarning = (node: string): string =>
  `${node}: expected scores before it to compare, got its probabilities, changed by later nodes that can't be undone: these are compared`;

/** Number of samples of a network's inputs: that of each, or one, which belongs to all. @throws {RangeError} if they differ, or there is no input. */
export function countOf(inputs: SampledInputs): number {
  const all = Object.entries(inputs);
  if (all.length === 0) throw new RangeError("samples: expected a dataset for each input of the network, got none");
  const [name, { data }] = all.find(([, one]) => one.data.count !== 1) ?? all[0]!;
  const other = all.find(([, one]) => one.data.count !== 1 && one.data.count !== data.count);
  if (other === undefined) return data.count;
  throw new RangeError(
    `samples: expected as many for each input, or one for all, got ${data.count} for ${inWords(name)} and ${other[1].data.count} for ${inWords(other[0])}`,
  );
}

/** Samples of one input and where they go. */
interface InputPlan extends SampledInput {
  readonly info: ValueInfo;
  /** Shape of one sample, without the batch axis. */
  readonly shape: readonly number[];
}

/** Length of the axis with the samples: a symbol if an input leaves it open, else that of the first input. */
function batchLength({ inputs }: Model, given: SampledInputs): number | string | undefined {
  const lengths = inputs.map(({ name, shape }) => shape[given[name]?.axis ?? 0]);
  return lengths.find((length) => typeof length === "string") ?? lengths.find((length) => length !== undefined);
}

/** An input's shape with one of its axes in front; undefined, for a sample that fills the whole input, puts a new axis there. */
const withAxisFirst = (shape: ValueInfo["shape"], axis: number | undefined): ValueInfo["shape"] =>
  axis === undefined ? wholeShape(shape) : [shape[axis]!, ...shape.slice(0, axis), ...shape.slice(axis + 1)];

/**
 * Finds the axis of an input with the samples of a batch; none if a sample fills the whole input.
 *
 * It is axis 0 if that is as long as the batch, or open. Else it is the axis as long as the batch, or open, that leaves a sample's
 * shape: states of recurrent networks are [2, batch, 128], with samples [2, 128]. The last choice is an axis 0 of another length.
 *
 * @param batch  Length of the batch in the file.
 * @throws {RangeError} if samples fit the input in no way, or several axes.
 */
function planInput(info: ValueInfo, given: SampledInput, batch: number | string | undefined): InputPlan {
  const { data, normalisation } = given;
  const plan = (axis: number | undefined): InputPlan => {
    const shape = sampleShape(data, normalisation, withAxisFirst(info.shape, axis));
    return { ...given, info, axis, shape };
  };
  if (given.axis !== undefined) return plan(checkAxis(info, given.axis));
  if (info.shape.length === 0) return plan(undefined);
  const open = info.shape.flatMap((length, axis) => (typeof length === "string" || length === batch ? [axis] : []));
  const likely = open[0] === 0 ? [0] : open;
  // A sample of shape [1] may be a number.
  const isExact = ({ shape }: InputPlan): boolean => shape.length === data.shape.length || data.shape.join() === "1";
  const isAny = (): boolean => true;
  const attempts = [
    { axes: likely, accepts: isExact },
    { axes: likely, accepts: isAny },
    { axes: [undefined], accepts: isExact },
    { axes: [0], accepts: isExact },
    { axes: [undefined], accepts: isAny },
    { axes: [0], accepts: isAny },
  ];
  let problem: unknown;
  const tried = (axis: number | undefined): InputPlan[] => {
    try {
      return [plan(axis)];
    } catch (error) {
      if (axis === 0) problem ??= error;
      return [];
    }
  };
  for (const { axes, accepts } of attempts) {
    const [found, other] = axes.flatMap(tried).filter(accepts);
    if (other !== undefined) {
      throw new RangeError(
        `input ${inWords(info.name)}: expected samples that fit one axis of [${info.shape.join(", ")}] as their batch, got [${data.shape.join(", ")}], which fits axes ${found!.axis} and ${other.axis}; name one: ${inWords(`${info.name}@${found!.axis}`)}`,
      );
    }
    if (found !== undefined) return found;
  }
  throw problem;
}

/** An axis of an input. @throws {RangeError} if the input has no such axis. */
function checkAxis({ name, shape }: ValueInfo, axis: number): number {
  if (axis < shape.length) return axis;
  throw new RangeError(
    `input ${inWords(name)}: expected an axis of [${shape.join(", ")}] for the samples, got axis ${axis}`,
  );
}

/** The value of a whole input in all runs. */
function sharedValue({ info, data, normalisation, shape }: InputPlan): HostArray {
  checkDataset(data);
  return scope(() => {
    const value = batchTensor(data, [0], normalisation, info.shape, info.dtype, true);
    return { dtype: info.dtype, shape, data: value.toArray() as HostArray["data"] };
  });
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
  const tensors = inputs.map(({ info: { name, shape, dtype }, data, normalisation, isWhole }) => {
    const own = data.count === 1 ? new Uint32Array(indices.length) : indices;
    return [name, batchTensor(data, own, normalisation, shape, dtype, isWhole)] as const;
  });
  return Object.fromEntries(tensors);
}
