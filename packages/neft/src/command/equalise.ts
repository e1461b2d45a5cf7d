import { setImmediate } from "node:timers/promises";
import { build, init } from "@neft/kernels";
import { inWords, oneLine, type ResolvedOf } from "@neft/options";
import type { EqualiseResult } from "@neft/training";
import { equalise } from "../equalise.js";
import { filesOf } from "../read-dataset.js";
import { sha256 } from "../read-model.js";
import { equalisationRows } from "../recorded-settings.js";
import type { EqualisationFile } from "../results.js";
import { settingsRecord } from "../settings-record.js";
import { equalisationProgress, equalisationRecord, equalisationReport } from "./equalisation-report.js";
import { InterruptedError, UsageError } from "./exit-codes.js";
import { allowRelaxedSimd } from "./fast.js";
import { watchInterrupt } from "./interrupt.js";
import { openModelOutput, readModelToWrite, writeResults } from "./model-output.js";
import type { equaliseRows } from "./options.js";
import { Outputs } from "./outputs.js";
import { openPage } from "./page-output.js";
import { checkChips, dataRecord, loadData, versions, warn } from "./run.js";
import { print } from "./terminal.js";

const what = "the equalised model";

/**
 * `neft equalise MODEL`: rescales channels and writes the model; with --dry-run it says what would change, and writes no model.
 *
 * Options, inputs and outputs are checked before the first batch. After Ctrl-C it writes nothing.
 */
export async function equaliseModel(file: string, options: ResolvedOf<typeof equaliseRows>): Promise<void> {
  const start = performance.now();
  checkChips(options);
  if (options.out === undefined && !options.dryRun)
    throw new UsageError("--out: expected the path of the ONNX file to write, got none; only --dry-run needs none");
  const nothing = "stopped before the end; nothing was written";
  const interrupt = watchInterrupt(`neft equalise: ${nothing}`);
  const outputs = new Outputs();
  await outputs.addInputs([file, ...(options.data ? filesOf(options.data) : [])]);
  const out = options.out === undefined ? undefined : await openModelOutput(outputs, options.out);
  const json = options.json === undefined ? undefined : await outputs.open(options.json, "--json");
  const page = await openPage(outputs, options.report);

  if (options.fast) allowRelaxedSimd();
  await init({ relaxed: options.fast });
  const { model, sha256: hash, save } = await readModelToWrite(file, outputs, out);
  const { data: spec, limit, fast: _fast, json: _json, report: _report, out: path, ...settings } = options;
  const samples = spec && { spec, data: await loadData({ data: spec, limit }, "train") };

  interrupt.begin();
  const progress = equalisationProgress();
  let result: EqualiseResult;
  try {
    const { signal } = interrupt;
    result = await equalise(model, { ...settings, data: samples?.data, signal, onProgress: progress.update });
    // A signal that arrived while the thread computed is handled in the next turn.
    await setImmediate();
    signal.throwIfAborted();
  } catch (error) {
    if (interrupt.signal.aborted) throw new InterruptedError(nothing);
    throw error;
  } finally {
    progress.stop();
  }

  warn(result.warnings);
  print(equalisationReport(result));
  const written =
    path === undefined || settings.dryRun ? undefined : { what, path, ...(await save(what, result.wide)) };
  // The model is saved. Writing the results may block on a pipe's reader, so signals end the process from here on.
  interrupt.release();
  if (json || page) {
    const contents: EqualisationFile = {
      kind: "equalisation",
      format: 1,
      model: { file, sha256: hash },
      ...(written && { out: { file: written.path, sha256: sha256(written.model) } }),
      ...(samples && { data: dataRecord(samples.data, { data: samples.spec }) }),
      settings: settingsRecord(equalisationRows, model, samples?.data, { ...settings, ...result.settings }),
      result: equalisationRecord(result),
      ...(written && { roundings: [...written.roundings] }),
      versions: versions(),
      build: build(),
      run: { workers: 1, seconds: (performance.now() - start) / 1000 },
    };
    await writeResults(outputs, { json, page, model: file }, contents, written);
  }
  print(
    written === undefined
      ? "dry run: no model was written"
      : `${oneLine(written.path)} holds ${inWords(model.name)} ${changesIn(result)}`,
  );
}

/** What the written model has that the given one hasn't. */
function changesIn({ method, wide }: EqualiseResult): string {
  const changes = [...(method === "none" ? [] : ["rescaled channels"]), ...(wide ? ["copies of outputs"] : [])];
  return changes.length === 0 ? "as it was" : `with ${changes.join(" and ")}`;
}
