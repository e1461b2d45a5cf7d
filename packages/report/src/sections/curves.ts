import { timeInWords } from "@neft/crossbar";
import type { Source } from "../files.js";
import { unique } from "../spec.js";

/** A result of one σ and age. */
interface Timed {
  readonly sigma: number;
  readonly time_s?: number;
}

/** A result with its place in the charts. */
export interface Placed<Result> {
  readonly series: string;
  /** σ, or an age in words. */
  readonly x: number | string;
  readonly result: Result;
}

/** Results of all sources with their places. */
export interface Places<Result> {
  /** Title of the x axis. */
  readonly title: string;
  readonly isByAge: boolean;
  readonly points: readonly Placed<Result>[];
}

/** Where results stand: against σ, a curve for each age; or against the ages, where every source has one σ and one of them several ages. */
export function placesOf<Result extends Timed>(
  sources: readonly Source<{ readonly results: readonly Result[] }>[],
): Places<Result> {
  const ages = (results: readonly Result[]): unknown[] => unique(results.map(({ time_s }) => time_s));
  const isByAge =
    sources.every(({ file: { results } }) => unique(results.map(({ sigma }) => sigma)).length === 1) &&
    sources.some(({ file: { results } }) => ages(results).length > 1);
  const points = sources.flatMap(({ title, file: { results } }) => {
    const isAged = ages(results).length > 1;
    return results.map((result): Placed<Result> => {
      const { sigma, time_s } = result;
      if (isByAge) return { series: title, x: time_s === undefined ? "no age" : timeInWords(time_s), result };
      const series = isAged && time_s !== undefined ? `${title}, ${timeInWords(time_s)}` : title;
      return { series, x: sigma, result };
    });
  });
  const byAge = (a: Placed<Result>, b: Placed<Result>): number => (a.result.time_s ?? 0) - (b.result.time_s ?? 0);
  return {
    title: isByAge ? "age of the chips" : "device σ, relative to full scale",
    isByAge,
    // Words have no order of their own: the first point of each age decides.
    points: isByAge ? orderedByX(points, byAge) : points,
  };
}

/** Points such that the first ones of each x are in order, and series keep theirs. */
function orderedByX<Point extends { readonly series: string }>(
  points: readonly Point[],
  order: (a: Point, b: Point) => number,
): Point[] {
  const names = unique(points.map(({ series }) => series));
  return [...points].sort((a, b) => order(a, b) || names.indexOf(a.series) - names.indexOf(b.series));
}
