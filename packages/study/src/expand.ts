import { inWords } from "@neft/options";
import type { Json } from "./canonical-json.js";
import {
  type Cell,
  type CellData,
  type CellKind,
  type CellModel,
  cellFormat,
  type Digest,
  keyOfCell,
  type Maker,
} from "./cell.js";
import type { Plan, PlanMethod } from "./plan.js";

/** Options of a call as JSON. */
export type Options = { readonly [name: string]: Json };

/** A network of a plan that was read, and what checks options for it. */
export interface StudyNetwork {
  readonly name: string;
  /** Digest of the model's file. */
  readonly sha256: string;
  readonly train?: CellData | undefined;
  readonly test: CellData;
  readonly temperature?: CellData | undefined;
  /** Options of the samples. */
  readonly input?: Options | undefined;
  /**
   * Fills in the defaults of a call's options.
   * @throws {RangeError} for an option that is unknown or out of range.
   */
  resolve(kind: CellKind, options: Options): Options;
}

/** Where an evaluation stands in the study's tables. */
export interface RowPosition {
  readonly model: string;
  readonly method: string;
  readonly device: string;
  /** Null if nothing was trained or rescaled. */
  readonly trainSigma: number | null;
  readonly seed: number;
  readonly sigma: number;
  /** Age of the chips in seconds; missing where the plan has no ages. */
  readonly time_s?: number | undefined;
}

/** An evaluation of the study. */
export interface PlannedRow extends RowPosition {
  /** Key of its cell. */
  readonly key: string;
  /** Keys of the cells that make its network, in order. */
  readonly made: readonly string[];
}

/** The cells of a plan, each once. */
export interface Study {
  /** By key; a cell comes after the cell that makes its network. */
  readonly cells: ReadonlyMap<string, Cell>;
  readonly rows: readonly PlannedRow[];
  /** Keys of the cells that must run in order on one machine: a finetuning and the evaluations of its network. */
  readonly chains: readonly (readonly string[])[];
}

interface Variant {
  readonly name: string;
  readonly equalise: Options | undefined;
  readonly finetune: Options | undefined;
}

/** The variants of a method: one for each combination of its grid. */
function variantsOf(name: string, { equalise, finetune, grid = {} }: PlanMethod): Variant[] {
  const axes = Object.entries(grid) as [string, Json[]][];
  if (axes.length > 0 && !finetune)
    throw new RangeError(
      `plan: methods: ${inWords(name)}: expected finetune beside grid, got none; {} takes the plan's options`,
    );
  const combinations = axes.reduce<Options[]>(
    (all, [option, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [option]: value }))),
    [{}],
  );
  return combinations.map((chosen) => ({
    name: [name, ...Object.entries(chosen).map(([option, value]) => `${option} ${wordsOf(value)}`)].join(", "),
    equalise: equalise === undefined || equalise === false ? undefined : equalise === true ? {} : (equalise as Options),
    finetune: finetune && { ...(finetune as Options), ...chosen },
  }));
}

const wordsOf = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

/** The name of a target in tables. @param resolved  Options of an evaluation on it. */
function targetName(
  { name, options }: { readonly name?: string | undefined; readonly options: Options },
  resolved: Options,
): string {
  return (
    name ??
    (options.chip === undefined ? String(resolved.device) : typeof options.chip === "string" ? options.chip : "chip")
  );
}

/**
 * Makes the cells of a plan. The cells of all methods with the same seed read the same chips.
 *
 * @param networks  in the order of the plan's.
 * @throws {RangeError} for options that a call doesn't take, a finetuning of a network without training samples, or two methods that do the same.
 */
export function cellsOf(plan: Plan, networks: readonly StudyNetwork[], maker: Maker, digest: Digest): Study {
  const cells = new Map<string, Cell>();
  const rows: PlannedRow[] = [];
  const chains = new Map<string, string[]>();
  const add = (cell: Omit<Cell, "format" | "neft" | "build">, root?: string): string => {
    const whole: Cell = { format: cellFormat, neft: maker.neft, build: maker.build, ...cell };
    const key = keyOfCell(whole, digest);
    if (cells.has(key)) return key;
    cells.set(key, whole);
    const chain = chains.get(root ?? key);
    if (chain) chain.push(key);
    else chains.set(key, [key]);
    return key;
  };
  const variants = Object.entries(plan.methods).flatMap(([name, method]) => variantsOf(name, method));
  const targets = (plan.targets ?? [{ options: {} }]) as readonly { name?: string; options: Options }[];
  for (const network of networks) {
    for (const target of targets) {
      for (const { name: method, equalise, finetune } of variants) {
        const changes = equalise !== undefined || finetune !== undefined;
        for (const sigma of changes ? (plan.sigma?.train ?? [undefined]) : [undefined]) {
          for (const seed of plan.seeds) {
            const shared = { ...network.input, ...target.options, seed };
            const options = (kind: CellKind, own: Options): Options => {
              try {
                return network.resolve(kind, { ...shared, ...own });
              } catch (error) {
                throw new RangeError(`plan: methods: ${inWords(method)}: ${(error as Error).message}`, {
                  cause: error,
                });
              }
            };
            const trained = sigma === undefined ? {} : { sigma };
            let model: CellModel = { sha256: network.sha256 };
            const made: string[] = [];
            let trainSigma: number | null = null;
            const change = (kind: CellKind, own: Options, data: CellData | undefined): void => {
              const all = options(kind, { ...trained, ...own });
              trainSigma = typeof all.sigma === "number" ? all.sigma : null;
              const key = add({ kind, model, ...(data && { data }), options: all }, made[0]);
              model = { from: key };
              made.push(key);
            };
            // Rescaling reads training samples where there are some.
            if (equalise) change("equalise", equalise, network.train);
            if (finetune) {
              if (!network.train)
                throw new RangeError(
                  `plan: networks: ${inWords(network.name)}: expected train, the samples to train on, got none`,
                );
              change("finetune", { ...(plan.finetune as Options | undefined), ...finetune }, network.train);
            }
            const test = plan.sigma?.test;
            const all = options("evaluate", {
              ...(plan.evaluate as Options | undefined),
              ...(test && { sigma: test }),
            });
            for (const at of pointsOf(all)) {
              const { test: data, temperature: temperatureData } = network;
              const own = { data, ...(temperatureData && { temperatureData }), options: { ...all, ...at.options } };
              const cell = { kind: "evaluate", model, ...own } as const;
              const { sigma, time_s } = at;
              const position = {
                model: network.name,
                method,
                device: targetName(target, all),
                trainSigma,
                seed,
                sigma,
              };
              rows.push({ ...position, ...(time_s !== undefined && { time_s }), key: add(cell, made[0]), made });
            }
          }
        }
      }
    }
  }
  checkDifferent(rows);
  return { cells, rows, chains: [...chains.values()] };
}

/** The σ and ages of an evaluation, each with the options of its cell. */
function pointsOf({
  sigma,
  time,
}: Options): { readonly sigma: number; readonly time_s?: number; readonly options: Options }[] {
  const ages = time === undefined ? [undefined] : ([time].flat() as number[]);
  return ([sigma].flat() as number[]).flatMap((one) =>
    ages.map((age) => ({
      sigma: one,
      ...(age !== undefined && { time_s: age }),
      options: { sigma: [one], ...(age !== undefined && { time: [age] }) },
    })),
  );
}

/** @throws {RangeError} if two methods have the same cells. */
function checkDifferent(rows: readonly PlannedRow[]): void {
  const seen = new Map<string, PlannedRow>();
  for (const row of rows) {
    const other = seen.get(row.key);
    if (other && other.method !== row.method)
      throw new RangeError(
        `plan: methods: expected methods that differ, got ${inWords(other.method)} and ${inWords(row.method)} with the same options`,
      );
    seen.set(row.key, row);
  }
}
