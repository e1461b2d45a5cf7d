import { build, init } from "@neft/kernels";
import type { Model } from "@neft/model";
import { inWords, oneLine, type ResolvedOf } from "@neft/options";
import type { FinetuneResult } from "@neft/training";
import { finetune } from "../finetune.js";
import { filesOf } from "../read-dataset.js";
import { sha256 } from "../read-model.js";
import { finetuningRows } from "../recorded-settings.js";
import type { FinetuningFile } from "../results.js";
import type { Samples } from "../settings.js";
import { settingsRecord } from "../settings-record.js";
import { checkpointError, openCheckpoint, originOf, readCheckpoint } from "./checkpoint.js";
import { equalisationRecord, gainLines } from "./equalisation-report.js";
import { InterruptedError, withOutcome } from "./exit-codes.js";
import { allowRelaxedSimd } from "./fast.js";
import { watchInterrupt } from "./interrupt.js";
import { openModelOutput, readModelToWrite, writeResults } from "./model-output.js";
import { commandMessage, type finetuneRows } from "./options.js";
import { Outputs } from "./outputs.js";
import { openPage } from "./page-output.js";
import { checkChips, dataRecord, loadData, versions, warn, workersOfRun } from "./run.js";
import { print, printMessage } from "./terminal.js";
import { inUnits, showProgress } from "./training-display.js";
import { openLogOutput, startLog } from "./training-log.js";

type Options = ResolvedOf<typeof finetuneRows>;

/** The written model in words. */
const what = "the finetuned model";

/**
 * `neft finetune MODEL`: trains a model and writes it.
 *
 * Options, inputs and outputs are checked before the first step. After Ctrl-C, a diverging loss or a failure during training, it writes
 * the best weights so far and reports their path. With a checkpoint, the same command then goes on.
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
  const kept = options.checkpoint === undefined ? undefined : await openCheckpoint(outputs, options.checkpoint);
  const logged = options.log === undefined ? undefined : await openLogOutput(outputs, options.log);
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
    checkpoint: _checkpoint,
    log: _log,
    workers,
    ...settings
  } = options;
  const { scale, mean, std, layout } = settings;
  const checkpoint =
    kept && (await readCheckpoint(outputs, kept, originOf(model, hash, data, { scale, mean, std, layout })));
  const resume = checkpoint?.resume;
  if (resume) printMessage(`${inWords(checkpoint.path)}: going on after step ${resume.step}`);
  const log = logged && startLog(logged, resume);
  const pool = workersOfRun(workers);
  const display = showProgress();
  let result: FinetuneResult;
  try {
    result = await finetune(model, data, {
      ...settings,
      workers: pool,
      signal: interrupt.signal,
      resume,
      onCheckpoint: checkpoint?.write,
      onProgress: (event) => {
        display.show(event);
        log?.add(event);
      },
    });
    if (result.state) checkpoint?.write(result.state);
  } catch (cause) {
    const error = checkpoint ? checkpointError(cause, checkpoint.path) : cause;
    display.stop();
    if (error !== cause) throw error;
    const best = display.bestStep();
    if (best === undefined || best === 0) throw error;
    await save(what);
    const outcome = `${oneLine(options.out)} holds the best weights so far (after step ${best})`;
    throw withOutcome(new Error(commandMessage(error), { cause: error }), outcome);
  } finally {
    display.stop();
    log?.close();
    await pool.close();
  }
  const continued =
    checkpoint &&
    result.state &&
    `${inWords(checkpoint.path)} holds the run after step ${result.state.step}: the same command goes on from there`;

  warn(result.warnings);
  if (result.equalised) print(gainLines(result.equalised).join("\n"));
  if (isUntrained(result)) throw untrainedError(result, options.out, continued);
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
  if (!continued) await checkpoint?.remove();
  conclude(result, oneLine(options.out), continued);
}

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
function untrainedError(
  { steps, ended: { reason, message } }: FinetuneResult,
  out: string,
  continued: string | undefined,
): Error {
  const why = message ?? "stopped";
  const kept =
    steps === 0
      ? `no step was completed; ${inWords(out)} was not written`
      : `no weights did better on the validation chips than the initial ones; ${inWords(out)} was not written`;
  return reason === "aborted"
    ? withOutcome(new InterruptedError(why), [kept, continued].filter(Boolean).join("; "))
    : withOutcome(new Error(`training stopped: ${why}`), kept);
}

/**
 * Prints which weights were written; throws if the run ended early.
 * @param continued  How to go on with the run.
 */
function conclude(
  { validations, best, steps, ended }: FinetuneResult,
  out: string,
  continued: string | undefined,
): void {
  const which =
    best === null
      ? `the weights after step ${steps}, not validated`
      : best.step === 0
        ? "the weights after step 0, the initial ones: no others did better on the validation chips"
        : `the weights after step ${best.step}: ${inUnits(best)} on the validation chips, ${inUnits(validations[0]!)} before`;
  const written = `${out} holds ${which}`;
  if (ended.reason === "finished") print(written);
  else if (ended.reason === "aborted") {
    const outcome = [written, continued].filter(Boolean).join("; ");
    throw withOutcome(new InterruptedError(ended.message ?? "stopped"), outcome);
  } else throw withOutcome(new Error(`training stopped: ${ended.message ?? "the loss diverged"}`), written);
}
