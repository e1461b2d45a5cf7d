import { halfWidth, mean } from "@neft/evaluation";
import type { StudyRow } from "./rows.js";

/** A method at one σ of one network and target. */
export interface MethodSummary {
  readonly method: string;
  readonly trainSigma: number | null;
  readonly seeds: number;
  /** Mean over seeds of the mean accuracy over chips, in percent. */
  readonly mean: number;
  /** Half of the 95 % interval of the mean over seeds (Student); null for one seed. */
  readonly half: number | null;
  /** Mean digital accuracy, in percent. */
  readonly digital: number;
  /** Lowest accuracy of any chip. */
  readonly worst: number;
}

/** The difference of two methods on the same chips and seeds. */
export interface PairedDifference {
  readonly method: string;
  readonly against: string;
  readonly trainSigma: number | null;
  /** Mean over seeds of the mean over chips of the differences, in percentage points. */
  readonly mean: number;
  /** Half of its 95 % interval: over seeds, because the chips of a seed share a trained network; over chips if there is one seed. */
  readonly half: number | null;
  readonly over: "seeds" | "chips";
}

/** All methods at one σ of one network and target. */
export interface CellComparison {
  readonly model: string;
  readonly device: string;
  readonly sigma: number;
  /** Age of the chips in seconds, where the plan has ages. */
  readonly time_s?: number | undefined;
  /** Best first. */
  readonly methods: readonly MethodSummary[];
  /** Of the best method against each other one. */
  readonly differences: readonly PairedDifference[];
  /** What the numbers support, in words. */
  readonly conclusion: string;
}

const groupBy = <T>(values: readonly T[], keyOf: (value: T) => string): T[][] => {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return [...groups.values()];
};

/** Methods trained at different σ are different methods. */
const methodOf = ({ method, trainSigma }: Pick<StudyRow, "method" | "trainSigma">): string =>
  JSON.stringify([method, trainSigma]);

/**
 * Compares the methods of a study, at each σ of each network and target.
 * @throws {RangeError} if two methods have other seeds or numbers of chips: their chips are then not the same.
 */
export function compareMethods(rows: readonly StudyRow[]): CellComparison[] {
  return groupBy(rows, ({ model, device, sigma, time_s }) => JSON.stringify([model, device, sigma, time_s])).map(
    (cell) => {
      const { model, device, sigma, time_s } = cell[0]!;
      const methods = groupBy(cell, methodOf)
        .map((own) => ({ own, summary: summaryOf(own) }))
        .sort((a, b) => b.summary.mean - a.summary.mean);
      const [best, ...others] = methods;
      const differences = others.map(({ own }) => differenceOf(best!.own, own));
      return {
        model,
        device,
        sigma,
        ...(time_s !== undefined && { time_s }),
        methods: methods.map(({ summary }) => summary),
        differences,
        conclusion: conclusionOf(best!.summary, differences),
      };
    },
  );
}

function summaryOf(rows: readonly StudyRow[]): MethodSummary {
  const { method, trainSigma } = rows[0]!;
  const means = rows.map(({ chips }) => mean(chips.accuracy));
  return {
    method,
    trainSigma,
    seeds: rows.length,
    mean: mean(means),
    half: halfWidth(means),
    digital: mean(rows.map(({ digital }) => digital)),
    worst: Math.min(...rows.flatMap(({ chips }) => [...chips.accuracy])),
  };
}

/**
 * The difference of two methods, chip by chip.
 * @throws {RangeError} if they don't have the same seeds and numbers of chips.
 */
export function differenceOf(own: readonly StudyRow[], others: readonly StudyRow[]): PairedDifference {
  const [a, b] = [own[0]!, others[0]!];
  const bySeed = new Map(others.map((row) => [row.seed, row]));
  if (own.length !== others.length)
    throw new RangeError(
      `comparison of ${a.method} and ${b.method}: expected the same seeds, got ${own.length} and ${others.length}`,
    );
  const perSeed = own.map(({ seed, chips: { accuracy } }) => {
    const other = bySeed.get(seed)?.chips.accuracy;
    if (other?.length !== accuracy.length)
      throw new RangeError(
        `comparison of ${a.method} and ${b.method}: expected the same chips at seed ${seed}, got ${accuracy.length} and ${other?.length ?? 0}`,
      );
    return accuracy.map((value, chip) => value - other[chip]!);
  });
  const means = perSeed.map((differences) => mean(differences));
  return {
    method: a.method,
    against: b.method,
    trainSigma: b.trainSigma,
    mean: mean(means),
    half: halfWidth(means.length > 1 ? means : perSeed[0]!),
    over: means.length > 1 ? "seeds" : "chips",
  };
}

/** The sentence that the numbers support. */
function conclusionOf(best: MethodSummary, differences: readonly PairedDifference[]): string {
  const name = (method: string, sigma: number | null): string => (sigma === null ? method : `${method} (σ ${sigma})`);
  const own = name(best.method, best.trainSigma);
  if (differences.length === 0) return `${own} is the only method.`;
  const tied = differences.filter(({ mean: difference, half }) => half === null || difference <= half);
  if (tied.length === 0) {
    const { against, trainSigma, mean: by, half, over } = differences[0]!;
    return `${own} is better than all others: than ${name(against, trainSigma)}, the next, by ${by.toFixed(2)} ± ${half!.toFixed(2)} points (95 %, over ${over}).`;
  }
  const names = tied.map(({ against, trainSigma }) => name(against, trainSigma));
  return `${own} has the highest mean, but doesn't differ beyond the 95 % interval from ${names.join(", ")}.`;
}
