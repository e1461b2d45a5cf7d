import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Dataset } from "@neft/data";
import { build, init } from "@neft/kernels";
import { exportOnnxFiles } from "@neft/onnx";
import { type FinetuneProgress, type FinetuneResult, type StrategySettings, strategyNamed } from "@neft/training";
import { dataFiles } from "../dataSpec.js";
import { InterruptedError, UsageError } from "../failure.js";
import { type FinetuneOptions, finetune } from "../finetune.js";
import { readModel, sha256 } from "../readModel.js";
import type { FinetuningFile } from "../results.js";
import { createWorkers } from "../spawn.js";
import { allowRelaxedSimd } from "./fast.js";
import { watchInterrupt } from "./interrupt.js";
import { asUsage, complaint, type finetuneOptions, type Values } from "./options.js";
import { type OutputFile, openOutput } from "./outputFile.js";
import { type Progress, startProgress } from "./progress.js";
import { checkChips, dataRecord, loadData, sharedOptions, sharedRecord, versions, warn } from "./run.js";

type Options = Values<typeof finetuneOptions>;

/**
 * `neft finetune MODEL`: trains and writes the model.
 *
 * Everything that can be wrong is found before the first step. Ctrl-C, a loss that runs away and a failure on the way write
 * the best weights so far and say where.
 */
export async function finetuneModel(file: string, options: Options): Promise<void> {
  const start = performance.now();
  checkChips(options);
  const strategy = strategyOf(options);
  const interrupt = watchInterrupt(() =>
    process.stderr.write("\nstopping; the best weights so far will be written (Ctrl-C again: end at once)\n"),
  );
  const dataInputs = dataFiles(options.data);
  const out = await openOutput(options.out, "--out", dataInputs);
  const json = options.json === undefined ? undefined : await openOutput(options.json, "--json", [file, ...dataInputs]);
  if (json?.target === out.target)
    throw new UsageError(`--json: expected another file than --out, got "${options.json}"`);

  if (options.fast) allowRelaxedSimd();
  await init({ relaxed: options.fast === true });
  const { model, sha256: hash, externalFiles } = await readModel(file);
  const beside = await openExternal(file, options.out, externalFiles);
  const data = await loadData(options);

  const save = async (): Promise<Uint8Array> => {
    const files = exportOnnxFiles(model);
    for (const [location, output] of beside) await output.write(files.external.get(location)!);
    await out.write(files.model);
    return files.model;
  };
  const pool = createWorkers(options.workers);
  const display = showProgress();
  let result: FinetuneResult;
  try {
    result = await finetune(model, data, {
      ...settingsOf(options),
      strategy,
      workers: pool,
      signal: interrupt.signal,
      onProgress: display.show,
    });
  } catch (error) {
    display.stop();
    const best = display.bestStep();
    if (best === undefined || best === 0) throw error;
    await save();
    throw new Error(`${complaint(error)}\nthe best weights so far, those after step ${best}, are in ${options.out}`, {
      cause: error,
    });
  } finally {
    display.stop();
    interrupt.release();
    await pool.close();
  }

  warn(result.warnings);
  const written = await save();
  if (json) {
    const contents: FinetuningFile = {
      kind: "finetuning",
      format: 1,
      model: { file, sha256: hash },
      out: { file: options.out, sha256: sha256(written) },
      data: dataRecord(data),
      ...resultRecord(result, data, options),
      warnings: [...result.warnings],
      versions: versions(),
      build: build(),
      run: { workers: options.workers, seconds: (performance.now() - start) / 1000 },
    };
    await json.write(`${JSON.stringify(contents, null, 2)}\n`);
  }
  conclude(result, options.out);
}

/** The strategy with the settings given; a setting it doesn't have is bad usage. */
function strategyOf({
  strategy: id,
  beta,
  gamma,
  deltaSigma,
  divisorN,
  taps,
  headSizes,
  headHidden,
  headSigma,
}: Options): { id: string } & StrategySettings {
  const settings = { beta, gamma, deltaSigma, divisorN, taps, sizes: headSizes, hidden: headHidden, headSigma };
  asUsage(() => strategyNamed(id).configure(settings));
  return { id, ...settings };
}

function settingsOf(options: Options): FinetuneOptions {
  const { sigma, epochs, batch, clip, shards } = options;
  return {
    ...sharedOptions(options),
    ...{ sigma, epochs, batch, clip, shards },
    learningRate: options.lr,
    dropLast: options.keepPartial !== true,
    optimiser: { id: options.optimiser, momentum: options.momentum, weightDecay: options.weightDecay },
    schedule: { id: options.schedule, every: options.scheduleEvery, gamma: options.scheduleGamma },
    batchNorm: options.bn,
    validation: { images: options.validation, chips: options.validationChips, every: options.validationEvery },
  };
}

/** Places for the files that hold a model's weights, beside the output; those of the original mustn't be replaced. */
async function openExternal(file: string, out: string, locations: readonly string[]): Promise<Map<string, OutputFile>> {
  const outputs = new Map<string, OutputFile>();
  if (locations.length === 0) return outputs;
  if ((await realpath(dirname(file))) === (await realpath(dirname(out)))) {
    throw new Error(
      `--out: expected another folder than the model's own, whose weights are in ${locations.join(", ")} beside it, got "${out}"`,
    );
  }
  for (const location of locations) outputs.set(location, await openOutput(join(dirname(out), location), "--out"));
  return outputs;
}

interface Display {
  readonly show: (progress: FinetuneProgress) => void;
  /** Steps made by the best weights so far; nothing before the first validation. */
  bestStep(): number | undefined;
  stop(): void;
}

function showProgress(): Display {
  let progress: Progress | undefined;
  let best: number | undefined;
  let stopped = false;
  return {
    show: (event) => {
      progress ??= startProgress("finetune", event.steps, "steps");
      if (event.kind === "step") progress.update(event.step, `epoch ${event.epoch}, loss ${event.loss.toFixed(4)}`);
      else {
        if (event.isBest) best = event.step;
        progress.log(
          `after step ${event.step}: ${event.accuracy.toFixed(2)} % on the validation chips${event.isBest ? ", best so far" : ""}`,
        );
      }
    },
    bestStep: () => best,
    stop: () => {
      if (!stopped) progress?.stop();
      stopped = true;
    },
  };
}

function resultRecord(
  result: FinetuneResult,
  data: Dataset,
  options: Options,
): Pick<FinetuningFile, "settings" | "result"> {
  const { settings, validations, best, steps, ended, taps } = result;
  // Settings left out by their strategy or schedule are undefined; JSON drops them.
  const plain = JSON.parse(JSON.stringify(settings)) as FinetuningFile["settings"];
  return {
    settings: { ...plain, ...sharedRecord(data, options) },
    result: { validations: [...validations], best, steps, ended, taps: [...taps] },
  };
}

/** Says what came out of the run; other ends than the planned one are errors, their results written all the same. */
function conclude({ validations, best, steps, ended }: FinetuneResult, out: string): void {
  const which =
    best === null
      ? `the weights after step ${steps}, not validated`
      : best.step === 0
        ? "the weights the run began with: no others did better on the validation chips"
        : `the weights after step ${best.step}: ${best.accuracy.toFixed(2)} % on the validation chips, ${validations[0]!.accuracy.toFixed(2)} % before`;
  const written = `${out} holds ${which}`;
  if (ended.reason === "finished") process.stdout.write(`${written}\n`);
  else if (ended.reason === "aborted") throw new InterruptedError(`${ended.message ?? "stopped"}\n${written}`);
  else throw new Error(`training stopped: ${ended.message ?? "the loss ran away"}\n${written}`);
}
