import { type SampleStatistics, sampleStatistics as statisticsOf } from "@neft/evaluation";
import { kind } from "@neft/options";

const percentages = kind(
  "one or more percentages, from 0 to 100",
  (values) =>
    (Array.isArray(values) || ArrayBuffer.isView(values)) &&
    !(values instanceof DataView) &&
    (values as unknown as ArrayLike<unknown>).length > 0 &&
    Array.from(values as unknown as ArrayLike<number>).every((value) => value >= 0 && value <= 100),
);

/**
 * Mean, spread, 95 % interval of the mean, 5th percentile and minimum of accuracies in percent, as `evaluate` gives them: for chips that
 * `onProgress` reports.
 * @throws {RangeError} for no numbers, or a number outside 0 to 100.
 */
export function sampleStatistics(accuracies: ArrayLike<number>): SampleStatistics {
  percentages(accuracies, "sampleStatistics: accuracies");
  return statisticsOf(accuracies);
}
