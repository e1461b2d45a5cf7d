import { addLayers, type ChipAtAge, type CountsByLayer, chipsOf, placementOf, withChip } from "@neft/crossbar";
import { holdModel } from "@neft/model";
import { inWords, resolve } from "@neft/options";
import { type Executor, withExecutor } from "@neft/work";
import { rangesFor } from "../chip-reads.js";
import type { EvaluateOptions } from "../evaluate.js";
import { type LayerRead, layerReads } from "../layer-reads.js";
import { chipRanges } from "../ranges.js";
import { checkUnmeasured, type EvaluationSettings, evaluationSettings } from "../settings.js";
import { modelFor } from "../setup-model.js";
import { halfWidth } from "../statistics.js";
import { readUntil, type Stopping } from "../stopping.js";
import { chipPurposes } from "../streams.js";
import { runUnbroken } from "../unbroken.js";
import { calibrationInputs, type DeviationTally } from "./chips.js";
import { type BoundSamples, bindSamples, type NetworkAndSamples, snapshotInputs } from "./samples.js";
import { type Deviation, summariseDeviation } from "./summary.js";
import { type DeviationSums, deviationOf } from "./sums.js";
import { type DeviationSetup, deviationTask } from "./task.js";

/** Options of `evaluateDeviation`: those of `evaluate`, with samples of all inputs in place of a dataset. */
export interface DeviationOptions
  extends Omit<EvaluateOptions, "data" | "normalisation" | "temperatureData" | "keepScores">,
    NetworkAndSamples {}

/** Deviation of one output. */
export interface OutputDeviation extends Deviation {
  /** The output's name. */
  readonly name: string;
}

/** Deviations over the chips of one σ. Those of several outputs together count each output equally. */
export interface SigmaDeviation extends Deviation {
  readonly sigma: number;
  /** Age of the chips in seconds, if ages were given. */
  readonly time_s?: number;
  readonly chips: number;
  /** What the layers take on the chips, if chips have cells or converters. */
  readonly layers?: readonly LayerRead[];
  /** Deviations of each output. */
  readonly outputs: readonly OutputDeviation[];
  /** With `precision` only: whether it was reached, and the numbers of chips at which it was tested. */
  readonly stopping?: Stopping;
}

/** Result of an evaluation against the clean network. */
export interface DeviationResult {
  readonly reference: "clean";
  /** One entry per σ, in the given order. */
  readonly results: readonly SigmaDeviation[];
  /** Possible causes of unexpected results, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Measures how far the outputs of simulated chips are from those of the clean (digital) network on the same samples. Reads no labels, and
 * takes networks with any number of inputs and with outputs of any shape.
 *
 * Chips are those of `evaluate`. The same seed gives the same result, bit for bit, for any number of workers and batch sizes; σ = 0
 * gives an error of exactly 0.
 *
 * @throws {RangeError} for settings out of range, or samples that don't fit the network's inputs.
 * @throws {Error} if another call is changing the model.
 * @throws {Error} if outputs aren't finite, or the clean network's are zero everywhere.
 * @throws the signal's reason if it aborts.
 */
export async function evaluateDeviation(given: DeviationOptions): Promise<DeviationResult> {
  const { signal, workers } = given;
  const settings = resolve(evaluationSettings, withChip(given));
  checkUnmeasured(settings);
  const reads = chipsOf(settings);
  const network = bindSamples(given, settings.compare === "logits");
  try {
    const hold = holdModel(given.model, "read", "evaluate");
    try {
      const { model, outputs, count, fixed } = network;
      const parts = { inputs: snapshotInputs(network.inputs), outputs, count, fixedBatch: fixed?.batch };
      return await withExecutor(workers, signal, (executor) => {
        const setup = { ...parts, model: modelFor(executor, model) };
        return compareAll(given, settings, reads, network, executor, setup);
      });
    } finally {
      hold.release();
    }
  } finally {
    network.dispose();
  }
}

/** Compares the chips of all σ. */
async function compareAll(
  { onProgress, signal }: DeviationOptions,
  settings: EvaluationSettings,
  reads: readonly ChipAtAge[],
  network: BoundSamples,
  executor: Executor,
  setup: DeviationSetup,
): Promise<DeviationResult> {
  const { model, outputs, count } = network;
  const { seed, calibrationSamples } = settings;
  const shared = { seed, calibrationSamples, purpose: chipPurposes.chip, strict: true };
  const samples = calibrationInputs({ inputs: network.inputs, count, fixedBatch: network.fixed?.batch }, settings);
  const total = reads.length * settings.chips;
  const results: SigmaDeviation[] = [];
  for (const [i, { chip, time_s }] of reads.entries()) {
    const { sigma } = chip;
    const ranges = rangesFor(chip, model, samples);
    let layers: CountsByLayer | undefined;
    const sums: (readonly DeviationSums[])[] = [];
    let done = i * settings.chips;
    const errors = (chips: readonly (readonly DeviationSums[])[]): number[] =>
      chips.map((chip) => deviationOf(chip).relativeError);
    const read = async (from: number, to: number): Promise<void> => {
      const jobs = chipRanges(model, count, { from, to }, executor).map((range) => ({
        ...shared,
        chip,
        time_s,
        ranges,
        ...range,
      }));
      const onResult = (_: number, part: DeviationTally): void => {
        for (const [chip, one] of part.sums.entries()) sums[part.from + chip] = one;
        done += part.sums.length;
        if (part.layers) layers = addLayers(layers ?? {}, part.layers);
        onProgress?.({
          sigma,
          ...(time_s !== undefined && { time_s }),
          digital: false,
          done,
          total,
          from: part.from,
          accuracies: [],
          relativeErrors: errors(part.sums),
        });
      };
      await runUnbroken((...run) => executor.run(deviationTask, setup, ...run), jobs, onResult, signal);
    };
    const { chips, z, ...rest } = await readUntil(settings, read, (seen, z) =>
      halfWidth(errors(sums.slice(0, seen)), z),
    );
    const placed = layers && layerReads(placementOf(model, chip, samples), layers, chips, count);
    results.push({
      sigma,
      ...(time_s !== undefined && { time_s }),
      chips,
      ...summariseDeviation(sums, z),
      outputs: outputs.map(({ name }, output) => ({
        name,
        ...summariseDeviation(
          sums.map((chip) => [chip[output]!]),
          z,
        ),
      })),
      ...(placed && { layers: placed }),
      ...rest,
    });
  }
  return { reference: "clean", results, warnings: [...network.warnings, ...constancyWarnings(results)] };
}

/** Warnings about outputs that no chip changes. */
function constancyWarnings(results: readonly SigmaDeviation[]): string[] {
  const varied = results.filter(({ sigma }) => sigma > 0);
  const names = varied[0]?.outputs.map(({ name }) => name) ?? [];
  const isConstant = (_: string, i: number): boolean =>
    varied.every(({ outputs }) => outputs[i]!.relativeError.worst === 0);
  return names
    .filter(isConstant)
    .map(
      (name) =>
        `output ${inWords(name)}: the same on all chips as on the clean network; its softmax or sigmoid is saturated (compare logits), or no weight before it is on a crossbar`,
    );
}
