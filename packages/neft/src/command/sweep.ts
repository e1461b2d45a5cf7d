import { init } from "@neft/kernels";
import { inWords, oneLine, type ResolvedOf } from "@neft/options";
import {
  collect,
  compareMethods,
  type FailedCell,
  missingCells,
  runCells,
  type Store,
  type StudyFile,
  shardOf,
} from "@neft/study";
import { readBytes } from "../read-dataset.js";
import { folderStore } from "../study/folder-store.js";
import { cellPerformer } from "../study/perform-cell.js";
import { type ReadStudy, readStudy } from "../study/study-files.js";
import { createWorkers } from "../workers.js";
import { InterruptedError } from "./exit-codes.js";
import { allowRelaxedSimd } from "./fast.js";
import { watchInterrupt } from "./interrupt.js";
import { commandMessage, type Shard, type sweepMergeRows, type sweepRunRows } from "./options.js";
import { type Output, Outputs } from "./outputs.js";
import { openPage, type PageOutput } from "./page-output.js";
import { duration, startProgress } from "./progress.js";
import { jsonText } from "./run.js";
import { alignedTable, left, right } from "./table.js";
import { print, printMessage } from "./terminal.js";

/** `neft sweep run PLAN`: runs the cells of a plan that have no result in the store. */
export async function runSweep(file: string, options: ResolvedOf<typeof sweepRunRows>): Promise<void> {
  const plan = await readPlan(file);
  await runStudy(plan, [file], options);
}

/** `neft sweep merge PLAN`: prints and writes the results of a plan whose cells are all done. */
export async function mergeSweep(file: string, options: ResolvedOf<typeof sweepMergeRows>): Promise<void> {
  const outputs = new Outputs();
  await outputs.addInputs([file]);
  const json = options.json === undefined ? undefined : await outputs.open(options.json, "--json");
  const page = await openPage(outputs, options.report);
  await start(options.fast);
  const study = await readStudy(await readPlan(file));
  const store = folderStore(options.store);
  const missing = await missingCells(study, store);
  if (missing.length > 0) {
    for (const key of missing) print(`${key}  ${labelOf(study, key)}`);
    throw new Error(
      `expected results of all ${study.cells.size} cells in ${inWords(options.store)}, got none of the ${missing.length} above; run neft sweep run`,
    );
  }
  await conclude(study, store, outputs, { json, page });
}

/** The value of a plan's file. */
async function readPlan(file: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readBytes(file));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`plan: expected JSON in ${inWords(file)}, got another text: ${oneLine((cause as Error).message)}`, {
      cause,
    });
  }
}

async function start(fast: boolean): Promise<void> {
  if (fast) allowRelaxedSimd();
  await init({ relaxed: fast });
}

/** Where and how a study runs. */
export interface StudyOptions {
  readonly store: string;
  readonly shard?: Shard | undefined;
  readonly workers: ResolvedOf<typeof sweepRunRows>["workers"];
  readonly fast: boolean;
  readonly json: string | undefined;
  readonly report: string | undefined;
}

/**
 * Runs a study, prints its comparison and writes it with --json. With a shard, only runs its cells.
 * @param inputs  Files that the plan was read from.
 */
export async function runStudy(
  plan: unknown,
  inputs: readonly string[],
  { store: folder, shard, workers, fast, json: path, report }: StudyOptions,
): Promise<void> {
  const interrupt = watchInterrupt("stopped before the first cell; nothing was computed");
  const outputs = new Outputs();
  await outputs.addInputs(inputs);
  const json = path === undefined ? undefined : await outputs.open(path, "--json");
  const page = await openPage(outputs, report);
  await start(fast);
  const study = await readStudy(plan);
  const store = folderStore(folder);
  const chains = shard && shardOf(study, shard);
  const total = chains ? chains.reduce((sum, at) => sum + study.chains[at]!.length, 0) : study.cells.size;
  interrupt.begin(() => printMessage("stopping after this step; repeat the signal to stop at once"));
  const pool = createWorkers(workers as number);
  const progress = startProgress("study", total, "cells");
  let seen = 0;
  let failed: FailedCell[];
  try {
    const perform = cellPerformer({ study, store, workers: pool, now: () => performance.now() });
    failed = await runCells(study, {
      store,
      perform,
      chains,
      signal: interrupt.signal,
      onProgress: ({ done, cell }) => {
        seen = done;
        progress.update(Math.floor(10 * (done + (cell?.share ?? 0))) / 10, cell && labelOf(study, cell.key));
      },
    });
  } catch (error) {
    if (interrupt.signal.aborted)
      throw new InterruptedError(
        `stopped: ${inWords(folder)} has ${seen} of ${total} cells; the same command goes on from there`,
      );
    throw error;
  } finally {
    progress.stop();
    await pool.close();
  }
  interrupt.release();
  if (failed.length > 0) {
    for (const { key, error } of failed) printMessage(`${labelOf(study, key)}: ${commandMessage(error)}`);
    throw new Error(
      `${failed.length} of ${total} cells failed; the results of the others are in ${inWords(folder)}; the same command tries again`,
    );
  }
  if (shard) print(`part ${shard.index} of ${shard.count}: ${inWords(folder)} has its ${total} cells`);
  else await conclude(study, store, outputs, { json, page });
}

/** A cell in words: "OVF on lenet5, seed 2: finetune". */
function labelOf({ rows, cells }: Pick<ReadStudy, "rows" | "cells">, key: string): string {
  const row = rows.find((one) => one.key === key || one.made.includes(key));
  if (!row) return key;
  const what = row.key === key ? `evaluate at σ ${row.sigma}` : cells.get(key)!.kind;
  return `${row.method} on ${row.model}, ${row.device}, seed ${row.seed}: ${what}`;
}

/** Prints a study's comparison, and writes its results. */
async function conclude(
  study: ReadStudy,
  store: Store,
  outputs: Outputs,
  { json, page }: { readonly json: Output | undefined; readonly page: PageOutput | undefined },
): Promise<void> {
  const file = await collect(study.plan, study, study.maker, store);
  print(comparisonText(file));
  const runs = await Promise.all([...study.cells.keys()].map((key) => store.readRun(key)));
  const seconds = runs.reduce((sum, run) => sum + (run?.seconds ?? 0), 0);
  print(`\n${study.cells.size} cells took ${duration(seconds)}.`);
  const files = new Map<Output, string>();
  if (json) files.set(json, jsonText(file));
  if (page) files.set(page.output, await page.contents(titleOf(study), file));
  await outputs.write(files);
}

/** A study in words: its networks. */
const titleOf = ({ plan }: Pick<ReadStudy, "plan">): string =>
  plan.networks.map(({ name, model }) => name ?? model).join(", ");

/** The tables of a comparison: one for each network and target, a row for each method and σ. */
export function comparisonText({ rows }: Pick<StudyFile, "rows">): string {
  const cells = compareMethods(rows);
  const percent = (value: number): string => value.toFixed(2);
  return cells
    .map(({ model, device, sigma, time_s, methods, differences, conclusion }) => {
      const by = new Map(differences.map((one) => [`${one.against} ${one.trainSigma}`, one]));
      const columns = [
        left("method"),
        right("σ in training"),
        right("seeds"),
        right("digital %"),
        right("mean %"),
        right("± 95 %"),
        right("worst"),
        right("below the best"),
        right("± 95 %"),
      ];
      const lines = methods.map(({ method, trainSigma, seeds, digital, mean, half, worst }) => {
        const difference = by.get(`${method} ${trainSigma}`);
        return [
          method,
          trainSigma === null ? "–" : String(trainSigma),
          String(seeds),
          percent(digital),
          percent(mean),
          half === null ? "–" : percent(half),
          percent(worst),
          difference ? percent(difference.mean) : "",
          difference ? (difference.half === null ? "–" : percent(difference.half)) : "",
        ];
      });
      const age = time_s === undefined ? "" : `, ${time_s} s old`;
      return `${oneLine(model)} on ${oneLine(device)} at σ ${sigma}${age}\n\n${alignedTable(columns, lines)}\n\n${oneLine(conclusion)}`;
    })
    .join("\n\n");
}
