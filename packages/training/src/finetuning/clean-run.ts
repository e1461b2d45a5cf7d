import { type Dataset, snapshot, split } from "@neft/data";
import { type BoundInput, type BoundSamples, bindSamples, type SampledInputs, snapshotInputs } from "@neft/evaluation";
import type { HostArray } from "@neft/model";
import { inWords, shortened } from "@neft/options";
import type { StrategySettings } from "../strategy.js";
import type { FinetuneOptions } from "./finetune.js";
import type { ResolvedSettings } from "./settings.js";
import type { CleanTarget } from "./shards.js";
import type { Comparison } from "./task.js";

/** A run towards the clean network: what it trains on, and what it validates on. */
export interface CleanRun {
  readonly target: CleanTarget;
  readonly comparison: Comparison;
  /** Training samples of all inputs of the unbound network. */
  readonly inputs: SampledInputs;
  /** Samples of the first input. */
  readonly training: Dataset;
  readonly validation: Dataset;
}

/**
 * Binds a network to samples without labels for a run towards the clean network.
 * @throws {RangeError} if samples don't fit the network.
 */
export function bindForClean(options: FinetuneOptions, { strategy, compare }: ResolvedSettings): BoundSamples {
  const inputs = givenInputs(options);
  const network = bindSamples({ ...options, inputs }, readsScores(strategy) || compare === "logits");
  try {
    if (readsScores(strategy)) checkScores(network);
    return network;
  } catch (error) {
    network.dispose();
    throw error;
  }
}

const readsScores = ({ distance }: StrategySettings): boolean => distance === "kl";

const givenInputs = (options: FinetuneOptions): SampledInputs => options.inputs ?? onlyInput(options, options.data);

/** The dataset as that of the model's only input. */
const onlyInput = ({ model, normalisation }: FinetuneOptions, data: Dataset): SampledInputs =>
  Object.fromEntries(model.inputs.slice(0, 1).map(({ name }) => [name, { data, normalisation }]));

/** @throws {RangeError} for an output without scores along its last axis, or with probabilities in place of scores. */
function checkScores({ model, outputs, probabilities }: BoundSamples): void {
  if (probabilities.length > 0) {
    throw new RangeError(
      `${probabilities[0]}: expected scores before it for distance kl, got its probabilities, changed by later nodes that can't be undone; train with distance error, or name another output`,
    );
  }
  for (const [i, { name, hasRows }] of outputs.entries()) {
    const { shape } = model.outputs[i]!;
    if (shape.length > (hasRows ? 1 : 0) && Number(shape.at(-1)) > 1) continue;
    throw new RangeError(
      `output ${inWords(name)}: expected scores of two classes or more along the last axis for distance kl, got [${shape.join(", ")}]; train with distance error, or name another output`,
    );
  }
}

/**
 * Divides the samples into training and validation samples, and binds both.
 * @param key  Stream that chooses the validation samples, if none are given.
 */
export function planCleanRun(
  options: FinetuneOptions,
  { validation: { images } }: ResolvedSettings,
  network: BoundSamples,
  key: bigint,
): CleanRun {
  const { inputs, outputs, count, fixed } = network;
  const given = validationInputs(options, network);
  // The only sample of an input belongs to both parts.
  const isDivided = ({ data }: BoundInput): boolean => !given && (data.count > 1 || count === 1);
  const parts = inputs.map((input) => (isDivided(input) ? split(input.data, images, key) : undefined));
  const training = inputs.map(
    (input, i): BoundInput => ({ ...input, data: parts[i]?.training ?? snapshot(input.data) }),
  );
  const validation =
    given ?? inputs.map((input, i): BoundInput => ({ ...input, data: parts[i]?.validation ?? snapshot(input.data) }));
  return {
    target: { inputs: training, values: outputs.map(({ value }) => value) },
    comparison: { inputs: validation, outputs, count: longest(validation).count, fixedBatch: fixed?.batch },
    inputs: Object.fromEntries(
      Object.entries(givenInputs(options)).map(([name, input]) => {
        // An input that all samples share isn't bound.
        const part = training.find(({ info }) => info.name === name);
        return [name, part ? { ...input, data: part.data } : input];
      }),
    ),
    training: longest(training),
    validation: longest(validation),
  };
}

/** The dataset with a sample for each run. */
const longest = (inputs: readonly BoundInput[]): Dataset =>
  inputs.map(({ data }) => data).reduce((most, data) => (data.count > most.count ? data : most));

/**
 * The given validation samples as those of the bound inputs; undefined if none are given.
 * @throws {RangeError} if they differ in shape, or in an input that all samples share: one bound graph reads both.
 */
function validationInputs(
  options: FinetuneOptions,
  { inputs, shared }: BoundSamples,
): readonly BoundInput[] | undefined {
  const { model, validationData } = options;
  const given = options.validationInputs ?? (validationData && onlyInput(options, validationData));
  if (given === undefined) return undefined;
  const other = bindSamples({ ...options, inputs: given });
  other.dispose();
  const refuse = (name: string, expected: string, got: string): never => {
    throw new RangeError(
      `validation data: expected samples that the network ${inWords(model.name)} reads at ${inWords(name)} as ${expected}, got ${got}`,
    );
  };
  for (const { name } of model.inputs) {
    const [own, theirs] = [shared.get(name), other.shared.get(name)];
    if (isSame(own, theirs)) continue;
    refuse(name, valueInWords(own), valueInWords(theirs));
  }
  const bound = inputs.map(({ info }, i) => {
    const own = other.inputs[i]!;
    const [expected, got] = [info, own.info].map(({ shape }) => `[${shape.slice(own.isWhole ? 0 : 1).join(", ")}]`);
    return expected === got ? own : refuse(info.name, expected!, got!);
  });
  return snapshotInputs(bound);
}

const isSame = (a: HostArray | undefined, b: HostArray | undefined): boolean =>
  a?.shape.join() === b?.shape.join() && a?.data.join() === b?.data.join();

/** Most characters of a value in errors. */
const mostShown = 40;

const valueInWords = (value: HostArray | undefined): string =>
  value === undefined ? "one for each sample" : `one for all samples, ${shortened(value.data.join(", "), mostShown)}`;
