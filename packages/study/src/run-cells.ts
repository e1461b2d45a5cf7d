import type { Cell } from "./cell.js";
import type { Study } from "./expand.js";
import type { Store } from "./store.js";

/** Progress of a study, after each cell and each report of a cell. */
export interface StudyProgress {
  /** Cells with a result, those of earlier runs included. */
  readonly done: number;
  readonly total: number;
  /** The cell that runs: its key, and how much of it is done, from 0 to 1. */
  readonly cell?: { readonly key: string; readonly share: number } | undefined;
}

/** Runs one cell, and returns its result as canonical JSON after it has stored what later cells read. */
export type PerformCell = (
  key: string,
  cell: Cell,
  options: { readonly signal?: AbortSignal | undefined; readonly onShare: (share: number) => void },
) => Promise<string>;

export interface RunCellsOptions {
  readonly store: Store;
  readonly perform: PerformCell;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: StudyProgress) => void) | undefined;
  /** Chains to run: numbers of `Study.chains`. Default: all. */
  readonly chains?: readonly number[] | undefined;
}

/** A cell that failed. */
export interface FailedCell {
  readonly key: string;
  readonly error: unknown;
}

/**
 * Runs the cells of a study that have no result in the store, and stores each result at once. A cell that fails ends its chain; the others
 * run all the same.
 *
 * @returns the cells that failed.
 * @throws the signal's reason if it aborts; results that are stored by then stay.
 */
export async function runCells(
  { cells, chains }: Pick<Study, "cells" | "chains">,
  { store, perform, signal, onProgress, chains: chosen }: RunCellsOptions,
): Promise<FailedCell[]> {
  const failed: FailedCell[] = [];
  const own = chosen ? chosen.map((at) => chains[at]!) : chains;
  const total = own.reduce((sum, chain) => sum + chain.length, 0);
  let done = 0;
  for (const chain of own) {
    for (const key of chain) {
      signal?.throwIfAborted();
      if ((await store.readResult(key)) === undefined) {
        onProgress?.({ done, total, cell: { key, share: 0 } });
        const onShare = (share: number): void => onProgress?.({ done, total, cell: { key, share } });
        try {
          const text = await perform(key, cells.get(key)!, { signal, onShare });
          await store.writeResult(key, text);
          await store.removeCheckpoint(key);
        } catch (error) {
          signal?.throwIfAborted();
          failed.push({ key, error });
          break;
        }
      }
      onProgress?.({ done: ++done, total });
    }
  }
  return failed;
}

/** Chains of one of several parts of a study, by number: every `count`-th, from `index`. Together the parts have each chain once. */
export function shardOf(
  { chains }: Pick<Study, "chains">,
  { index, count }: { readonly index: number; readonly count: number },
): number[] {
  return chains.flatMap((_, at) => (at % count === index ? [at] : []));
}

/** Keys of the cells that have no result in a store. */
export async function missingCells({ cells }: Pick<Study, "cells">, store: Store): Promise<string[]> {
  const missing: string[] = [];
  for (const key of cells.keys()) if ((await store.readResult(key)) === undefined) missing.push(key);
  return missing;
}
