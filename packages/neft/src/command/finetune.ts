import { build, init } from "@neft/kernels";
import type { Model } from "@neft/model";
import { inWords, oneLine, type ResolvedOf } from "@neft/options";
import type { FinetuneProgress, FinetuneResult, Score } from "@neft/training";
import { finetune } from "../finetune.js";
import { filesOf } from "../read-dataset.js";
import { sha256 } from "../read-model.js";
import { finetuningRows } from "../recorded-settings.js";
import type { FinetuningFile } from "../results.js";
import type { Samples } from "../settings.js";
import { settingsRecord } from "../settings-record.js";
import { equalisationProgress, equalisationRecord, gainLines } from "./equalisation-report.js";
import { InterruptedError, withOutcome } from "./exit-codes.js";
import { allowRelaxedSimd } from "./fast.js";
import { watchInterrupt } from "./interrupt.js";
import { openModelOutput, readModelToWrite, writeResults } from "./model-output.js";
import { commandMessage, type finetuneRows } from "./options.js";
import { Outputs } from "./outputs.js";
import { openPage } from "./page-output.js";
import { type Progress, startProgress } from "./progress.js";
import { checkChips, dataRecord, loadData, versions, warn, workersOfRun } from "./run.js";
import { print, printMessage } from "./terminal.js";

type Options = ResolvedOf<typeof finetuneRows>;

/** The written model in words. */
const what = "the finetuned model";

/**
 * `neft finetune MODEL`: trains a model and writes it.
 *
 * Options, inputs and outputs are checked before the first step. After Ctrl-C, a diverging loss or a failure during training, it writes
 * the best weights so far and reports their path.
 * @param chipFiles  Files that the chip was read from.
 */
export async function finetuneModel(file: string, options: Options, chipFiles: readonly string[] = []): Promise<void> {
  const start = performance.now();
  checkChips(options);
  const nothing = `stopped before the end of the first step; ${inWords(options.out)} was not written`;
  const interrupt = watchInterrupt(`neft finetune: ${nothing}`);
  const outputs = new Outputs();
  await outputs.addInputs([file, ...chipFiles, ...filesOf(options.data)]);
  const out = await openModelOutput(outputs, options.out);
  const json = options.json === undefined ? undefined : await outputs.open(options.json, "--json");
  const page = await openPage(outputs, options.report);

  if (options.fast) allowRelaxedSimd();
  await init({ relaxed: options.fast });
  const { model, sha256: hash, save } = await readModelToWrite(file, outputs, out);
  const data = await loadData(options, "train");
  interrupt.begin(() =>
    printMessage("stopping: writing the best weights so far, if any; repeat the signal to stop at once"),
  );
  const {
    data: _spec,
    limit: _limit,
    fast: _fast,
    json: _json,
    report: _report,
    out: _out,
    workers,
    ...settings
  } = options;
  const pool = workersOfRun(workers);
  const display = showProgress();
  let result: FinetuneResult;
  try {
    result = await finetune(model, data, {
      ...settings,
      workers: pool,
      signal: interrupt.signal,
      onProgress: display.show,
    });
  } catch (error) {
    display.stop();
    const best = display.bestStep();
    if (best === undefined || best === 0) throw error;
    await save(what);
    const outcome = `${oneLine(options.out)} holds the best weights so far (after step ${best})`;
    throw withOutcome(new Error(commandMessage(error), { cause: error }), outcome);
  } finally {
    display.stop();
    await pool.close();
  }

  warn(result.warnings);
  if (result.equalised) print(gainLines(result.equalised).join("\n"));
  if (isUntrained(result)) throw untrainedError(result, options.out);
  const written = await save(what);
  // The weights are saved. Writing the results may block on a pipe's reader, so signals end the process from here on.
  interrupt.release();
  if (json || page) {
    const contents: FinetuningFile = {
      kind: "finetuning",
      format: 1,
      model: { file, sha256: hash },
      out: { file: options.out, sha256: sha256(written.model) },
      data: dataRecord(data, options),
      ...resultRecord(result, model, data, settings),
      roundings: [...written.roundings],
      versions: versions(),
      build: build(),
      run: { workers: pool.size, seconds: (performance.now() - start) / 1000 },
    };
    await writeResults(outputs, { json, page, model: file }, contents, { what, path: options.out });
  }
  conclude(result, oneLine(options.out));
}

/** Shows the progress of a finetuning. */
interface Display {
  readonly show: (progress: FinetuneProgress) => void;
  /** Step of the best weights so far; undefined before the first validation. */
  bestStep(): number | undefined;
  stop(): void;
}

function showProgress(): Display {
  const equalising = equalisationProgress();
  let progress: Progress | undefined;
  let best: number | undefined;
  let stopped = false;
  return {
    show: (event) => {
      if (event.kind === "equalise") {
        equalising.update(event);
        return;
      }
      equalising.stop();
      progress ??= startProgress("finetune", event.steps, "steps");
      if (event.kind === "step") progress.update(event.step, `epoch ${event.epoch}, loss ${event.loss.toFixed(4)}`);
      else {
        if (event.isBest) best = event.step;
        progress.log(
          `after step ${event.step}: ${inUnits(event)} on the validation chips${event.isBest ? ", best so far" : ""}`,
        );
      }
    },
    bestStep: () => best,
    stop: () => {
      equalising.stop();
      if (!stopped) progress?.stop();
      stopped = true;
    },
  };
}

/** A score as words: "97.21 %", or "relative error 0.1234". */
const inUnits = ({ accuracy, relativeError }: Score): string =>
  accuracy !== undefined ? `${accuracy.toFixed(2)} %` : `relative error ${relativeError?.toFixed(4) ?? "not finite"}`;

/** The result and its settings as the JSON file records them. */
function resultRecord(
  result: FinetuneResult,
  model: Model,
  data: Samples,
  given: ResolvedOf<typeof finetuningRows>,
): Pick<FinetuningFile, "settings" | "result"> {
  const { settings, validations, best, steps, passes, ended, taps, equalised, warnings } = result;
  return {
    settings: settingsRecord(finetuningRows, model, data, { ...given, ...settings }),
    result: {
      validations: [...validations],
      best,
      steps,
      passes,
      ended,
      taps: [...taps],
      ...(equalised && { equalised: equalisationRecord(equalised) }),
      warnings: [...warnings],
    },
  };
}

/** Whether a run ended early with its initial weights, which are not written. */
const isUntrained = ({ best, steps, ended }: FinetuneResult): boolean =>
  ended.reason !== "finished" && (steps === 0 || best?.step === 0);

/** The error of a run that ended early and writes nothing. */
function untrainedError({ steps, ended: { reason, message } }: FinetuneResult, out: string): Error {
  const why = message ?? "stopped";
  const kept =
    steps === 0
      ? `no step was completed; ${inWords(out)} was not written`
      : `no weights did better on the validation chips than the initial ones; ${inWords(out)} was not written`;
  return reason === "aborted"
    ? withOutcome(new InterruptedError(why), kept)
    : withOutcome(new Error(`training stopped: ${why}`), kept);
}

/** Prints which weights were written; throws if the run ended early. */
function conclude({ validations, best, steps, ended }: FinetuneResult, out: string): void {
  const which =
    best === null
      ? `the weights after step ${steps}, not validated`
      : best.step === 0
        ? "the weights after step 0, the initial ones: no others did better on the validation chips"
        : `the weights after step ${best.step}: ${inUnits(best)} on the validation chips, ${inUnits(validations[0]!)} before`;
  const written = `${out} holds ${which}`;
  if (ended.reason === "finished") print(written);
  else if (ended.reason === "aborted") throw withOutcome(new InterruptedError(ended.message ?? "stopped"), written);
  else throw withOutcome(new Error(`training stopped: ${ended.message ?? "the loss diverged"}`), written);
}
