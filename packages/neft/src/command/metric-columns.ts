import type {
  BuiltInValues,
  Interval,
  MeanEstimate,
  MetricValues,
  PercentileEstimate,
  SigmaResult,
} from "@neft/evaluation";
import { alignedTable, right } from "./table.js";

/** A column of a table of metrics. */
interface Column<Value> {
  readonly title: string;
  readonly cell: (value: Value) => string;
}

const fixed =
  (digits: number) =>
  (value: number | null | undefined): string =>
    value == null ? "–" : value.toFixed(digits);
const [percent, share] = [fixed(2), fixed(4)];
const interval = (ends: Interval, inWords: (value: number) => string): string =>
  ends === null ? "–" : `${inWords(ends[0])} – ${inWords(ends[1])}`;

/** A percentile's interval or, if there is none, the number of chips that it needs. */
const percentileInterval = ({ ci95, needs }: PercentileEstimate): string =>
  ci95 === null ? `none below ${needs[0]} chips` : interval(ci95, percent);

const meanColumns = (title: string): readonly Column<MeanEstimate>[] => [{ title, cell: ({ mean }) => share(mean) }];

/** Columns of each metric, beside those of the first table. */
const columns: { readonly [Id in keyof Required<BuiltInValues>]: readonly Column<NonNullable<BuiltInValues[Id]>>[] } = {
  accuracy: [
    { title: "99 % of the mean", cell: ({ ci99 }) => interval(ci99, percent) },
    { title: "median", cell: ({ percentiles }) => percent(percentiles.find((one) => one.percent === 50)?.value) },
    {
      title: "95 % of the 5th pct",
      cell: ({ percentiles }) => percentileInterval(percentiles.find((one) => one.percent === 5)!),
    },
  ],
  yield: [
    {
      title: "yield, 95 %",
      cell: (all) =>
        all
          .map(({ accuracy, share: one, ci95 }) => `≥ ${accuracy} %: ${share(one)} (${interval(ci95, share)})`)
          .join("; "),
    },
  ],
  confidence: [
    { title: "conf. right", cell: ({ right: mean }) => share(mean) },
    { title: "conf. wrong", cell: ({ wrong: mean }) => share(mean) },
  ],
  nll: meanColumns("NLL (nats)"),
  ece: meanColumns("ECE"),
  "mutual-information": [{ title: "MI (nats)", cell: share }],
  kl: [{ title: "KL (nats)", cell: share }],
};

type AnyColumn = Column<unknown>;

/**
 * Formats metrics as a table with a row for each result and, where a temperature was fitted, one for its scaled scores.
 * @param titles  Titles of the cells that `label` gives: σ, and the age if ages were given.
 */
export function metricTable(
  results: readonly SigmaResult[],
  titles: readonly string[],
  label: (result: SigmaResult) => readonly string[],
): string {
  const ids = Object.keys(results[0]?.metrics ?? {});
  const known = ids.flatMap((id) =>
    ((columns as Readonly<Record<string, readonly AnyColumn[]>>)[id] ?? []).map((column) => ({ id, column })),
  );
  const cells = (values: MetricValues): string[] =>
    known.map(({ id, column }) => (Object.hasOwn(values, id) ? column.cell(values[id]) : ""));
  const isScaled = results.some(({ scaled }) => scaled);
  const scores = (text: string): string[] => (isScaled ? [text] : []);
  const rows = results.flatMap((one) => [
    [...label(one), ...scores("raw"), ...cells(one.metrics)],
    ...(one.scaled
      ? [[...label(one), `/ ${one.scaled.temperature.toPrecision(4)}`, ...cells(one.scaled.metrics)]]
      : []),
  ]);
  const heads = [...titles, ...scores("scores"), ...known.map(({ column }) => column.title)];
  return alignedTable(heads.map(right), rows);
}
