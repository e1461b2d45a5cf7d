import { type DifferenceEstimate, pairedDifference } from "@neft/evaluation";
import { inWords } from "@neft/options";
import type { EvaluationFile } from "./result-files.js";

/** What a comparison reads of an evaluation's file, or of what `evaluate` was given and returned. */
export type ComparedEvaluation = Pick<EvaluationFile, "settings" | "data" | "results">;

/** Difference of two evaluations at one σ and age. */
export interface EvaluationDifference {
  readonly sigma: number;
  readonly time_s?: number;
  /** Difference of the chips' accuracies, a − b, in percentage points. */
  readonly accuracy: DifferenceEstimate;
  /** The same of their mean negative log likelihoods, in nats. */
  readonly loss: DifferenceEstimate;
}

/** Settings that decide which chips are drawn, and what is read on them. */
const sameChips = ["seed", "device", "weightBits", "bitsPerCell", "perSample", "chip", "calibrationSamples"] as const;

/**
 * Compares two evaluations chip by chip: of two networks, or of one before and after a training. Chip i of both has the same draws, so what
 * chips have in common cancels, and intervals are narrower than those of chips drawn for each network.
 *
 * @throws {RangeError} unless both have the same samples, seed, device, settings of the chip, σ, ages and numbers of chips, and the values of
 *   each chip, which older files lack.
 */
export function compareEvaluations(a: ComparedEvaluation, b: ComparedEvaluation): readonly EvaluationDifference[] {
  const same = (what: string, one: unknown, other: unknown): void => {
    if (textOf(one) === textOf(other)) return;
    throw new RangeError(
      `compareEvaluations: expected the same ${what} in both, because chips are compared in pairs, got ${inWords(one)} and ${inWords(other)}`,
    );
  };
  same("samples", a.data, b.data);
  for (const name of sameChips) same(name, a.settings[name], b.settings[name]);
  same("σ", sigmas(a), sigmas(b));
  same("ages", ages(a), ages(b));
  same("numbers of chips", chipsOf(a), chipsOf(b));
  return a.results.map((one, i) => {
    const [first, second] = [perChip(one), perChip(b.results[i]!)];
    return {
      sigma: one.sigma,
      ...(one.time_s !== undefined && { time_s: one.time_s }),
      accuracy: pairedDifference(first.accuracy, second.accuracy),
      loss: pairedDifference(first.loss, second.loss),
    };
  });
}

const sigmas = ({ results }: ComparedEvaluation) => results.map(({ sigma }) => sigma);
const ages = ({ results }: ComparedEvaluation) => results.map(({ time_s = 0 }) => time_s);
const chipsOf = ({ results }: ComparedEvaluation) => results.map(({ chips }) => chips);

/** Text that two values share if they are equal: names of members in one order. */
const textOf = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, one) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([x], [y]) => (x < y ? -1 : 1)))
      : one,
  );

function perChip({ perChip: values, sigma }: ComparedEvaluation["results"][number]) {
  if (values !== undefined) return values;
  throw new RangeError(
    `compareEvaluations: expected the values of each chip, got none at σ ${sigma}; evaluate again, older files don't have them`,
  );
}
