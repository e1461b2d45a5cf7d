import type { WeightRounding } from "@neft/onnx";
import { inWords } from "@neft/options";

/** Most parameters that have a line of their own. */
const mostLines = 8;

const percent = (share: number): string => `${(100 * share).toPrecision(2)} %`;

/** Says how the file's types round parameters, the worst first. */
export function roundingLines(roundings: readonly WeightRounding[]): string[] {
  const worst = [...roundings].sort((a, b) => b.relativeMax - a.relativeMax);
  const lines = worst
    .slice(0, mostLines)
    .map(
      ({ name, type, max, rms, relativeMax, relativeRms }) =>
        `rounded to ${type}: ${inWords(name)}: by at most ${max.toPrecision(2)} (${percent(relativeMax)} of the largest element), rms ${rms.toPrecision(2)} (${percent(relativeRms)})`,
    );
  const others = worst.length - lines.length;
  return others === 0 ? lines : [...lines, `rounded less: ${others} more; the JSON file lists all`];
}
