import { timeInWords } from "@neft/crossbar";
import { percentile } from "@neft/evaluation";
import { distributionChart } from "../distribution-chart.js";
import { ofKind, type ReportedEvaluation, type ReportedResult, type Source } from "../files.js";
import { type CurveRow, lineChart } from "../line-chart.js";
import type { Section } from "../section.js";
import { type Chart, unique } from "../spec.js";
import type { Cell, Table } from "../table.js";
import { type Places, placesOf } from "./curves.js";
import { metricCharts, yieldChart } from "./metrics.js";

type Evaluation = Source<ReportedEvaluation>;

/** Most curves whose bands of percentiles fit one plot. */
const mostBands = 2;

/** Accuracy, confidence and uncertainty against σ or age. */
export function evaluationSection(sources: readonly Source[]): Section | undefined {
  const own = ofKind(sources, "evaluation");
  if (own.length === 0) return undefined;
  const places = placesOf<ReportedResult>(own);
  const without = own.filter(({ file }) => !file.results.some(({ perChip }) => perChip));
  return {
    id: "accuracy",
    title: "Accuracy on chips",
    notes: without.length === 0 ? [] : [withoutChips(without, own.length)],
    charts: [
      ...accuracyCharts(own, places),
      ...distribution(places),
      ...yieldChart(places),
      ...confidenceCharts(own, places),
      ...metricCharts(places),
    ],
    tables: [table(own)],
  };
}

const withoutChips = (without: readonly Evaluation[], count: number): string =>
  `${without.length === count ? "The files have" : `${without.map(({ title }) => title).join(", ")}:`} no values of single chips, which neft evaluate records in newer versions: distributions and 95th percentiles aren't shown.`;

/** Percentiles over chips, as far as they are known. */
function percentilesOf({ accuracy, perChip }: ReportedResult): Pick<CurveRow, "from" | "to"> {
  const values = perChip?.accuracy;
  if (values && values.length > 1) return { from: percentile(values, 5), to: percentile(values, 95) };
  return accuracy.p95 === undefined ? {} : { from: accuracy.p5, to: accuracy.p95 };
}

/** Whether the digital network is what chips of σ 0 are: not with cells and converters. */
const beginsDigital = ({ results }: ReportedEvaluation): boolean =>
  results.every(({ sigma, layers }) => sigma > 0 && layers === undefined);

/** Points at σ 0 for the digital network, before those of the results. */
function digitalPoints<Row>(
  own: readonly Evaluation[],
  { isByAge, points }: Places<ReportedResult>,
  make: (file: ReportedEvaluation) => Row,
): (Row & { series: string; x: number })[] {
  // A single σ is a row for each series, not a curve.
  if (isByAge || unique(points.map(({ x }) => x)).length === 1) return [];
  return own
    .filter(({ file }) => beginsDigital(file))
    .flatMap(({ file }) =>
      unique(points.filter(({ result }) => file.results.includes(result)).map(({ series }) => series)).map(
        (series) => ({ ...make(file), series, x: 0 }),
      ),
    );
}

function accuracyCharts(own: readonly Evaluation[], places: Places<ReportedResult>): Chart[] {
  const points = places.points.map(({ series, x, result }) => {
    const { mean, ci95 } = result.accuracy;
    const interval = ci95 === null ? {} : { low: ci95[0], high: ci95[1] };
    return { series, x, y: mean, ...interval, ...percentilesOf(result) };
  });
  const names = unique(points.map(({ series }) => series));
  const clean = digitalPoints(own, places, ({ digital: { accuracy } }) => ({
    y: accuracy,
    low: accuracy,
    high: accuracy,
  }));
  const cleanBands = clean.map((point) => ({ ...point, from: point.y, to: point.y }));
  const hasBands = points.some(({ from }) => from !== undefined);
  // In rows, bands don't cover one another.
  const isSingle = unique(points.map(({ x }) => x)).length === 1;
  const isTogether = isSingle || names.length <= mostBands;
  const withoutBands = points.map(({ from: _from, to: _to, ...rest }) => rest);
  const shared = { x: places.title, y: "accuracy (%)" };
  const zero = clean.length > 0 ? " σ 0 is the digital network." : "";
  const main = lineChart({
    ...shared,
    id: "accuracy",
    title: places.isByAge ? "Accuracy as chips age" : "Accuracy against device variation",
    about: `Mean over chips with its 95 % interval (${isSingle ? "thick line" : "band"})${hasBands && isTogether ? `; ${isSingle ? "thin" : "light"}: 5th to 95th percentile of the chips` : ""}.${zero}`,
    rows: hasBands && isTogether ? [...cleanBands, ...points] : [...clean, ...withoutBands],
  });
  if (!hasBands || isTogether) return [main];
  const spread = lineChart({
    ...shared,
    id: "spread",
    title: "Spread over chips",
    about: `Mean, its 95 % interval, and the 5th to 95th percentile of the chips (light).${zero}`,
    rows: [...cleanBands, ...points].map((row) => ({ ...row, panel: row.series })),
    isNamedByPanel: true,
  });
  return [main, spread];
}

function distribution({ points }: Places<ReportedResult>): Chart[] {
  const rows = points.flatMap(({ series, result: { sigma, time_s, perChip } }) =>
    (perChip?.accuracy ?? []).map((value) => ({
      series,
      value,
      panel: `σ ${sigma}${time_s === undefined ? "" : `, ${timeInWords(time_s)}`}`,
    })),
  );
  if (rows.length === 0) return [];
  return [
    distributionChart({
      id: "distribution",
      title: "Distribution over chips",
      about:
        "Each tick is a chip. Boxes: the middle half of the chips, with the median; whiskers: the worst and the best chip.",
      x: "accuracy (%)",
      rows,
    }),
  ];
}

const kinds = { right: "right answers", wrong: "wrong answers" } as const;

function confidenceCharts(own: readonly Evaluation[], places: Places<ReportedResult>): Chart[] {
  const keys = Object.keys(kinds) as (keyof typeof kinds)[];
  const about = "Mean of the largest softmax value, over right answers and over wrong ones";
  const shared = { x: places.title, y: "mean confidence" };
  const rows = keys.flatMap((key) => [
    ...digitalPoints(own, places, ({ digital }) => ({ y: digital.confidence[key], kind: kinds[key] })),
    ...places.points.map(({ series, x, result }) => ({ series, x, y: result.confidence[key], kind: kinds[key] })),
  ]);
  const scaled = keys.flatMap((key) =>
    places.points.flatMap(({ series, x, result }) => {
      const confidence = result.scaled?.metrics.confidence;
      return confidence ? [{ series, x, y: confidence[key], kind: kinds[key] }] : [];
    }),
  );
  const known = ({ y }: CurveRow): boolean => y !== null;
  return [
    lineChart({ ...shared, id: "confidence", title: "Confidence", about: `${about}.`, rows: rows.filter(known) }),
    ...(scaled.some(known)
      ? [
          lineChart({
            ...shared,
            id: "confidence-scaled",
            title: "Confidence after a temperature",
            about: `${about}, of scores divided by one temperature, fitted on validation samples.`,
            rows: scaled.filter(known),
          }),
        ]
      : []),
  ];
}

function table(own: readonly Evaluation[]): Table {
  const hasAges = own.some(({ file }) => file.results.some(({ time_s }) => time_s !== undefined));
  const has95 = own.some(({ file }) => file.results.some((result) => percentilesOf(result).to !== undefined));
  const age = (time_s: number | undefined): Cell[] =>
    hasAges ? [time_s === undefined ? null : timeInWords(time_s)] : [];
  const rows = own.flatMap(({ title, file: { digital, results } }) => [
    [
      title,
      "digital",
      ...age(undefined),
      null,
      digital.accuracy,
      ...[null, null, null, null],
      ...(has95 ? [null] : []),
      null,
      digital.confidence.right,
      digital.confidence.wrong,
      null,
    ],
    ...results.map((result): Cell[] => {
      const { sigma, time_s, chips, accuracy, confidence, mutualInformation } = result;
      return [
        title,
        String(sigma),
        ...age(time_s),
        chips,
        accuracy.mean,
        accuracy.std,
        accuracy.ci95?.[0] ?? null,
        accuracy.ci95?.[1] ?? null,
        accuracy.p5,
        ...(has95 ? [percentilesOf(result).to ?? null] : []),
        accuracy.worst,
        confidence.right,
        confidence.wrong,
        mutualInformation,
      ];
    }),
  ]);
  return {
    id: "accuracy",
    title: "Accuracy on chips, in percent",
    columns: [
      { title: "results" },
      { title: "σ" },
      ...(hasAges ? [{ title: "age" }] : []),
      { title: "chips", digits: 0 },
      { title: "mean %", digits: 2 },
      { title: "std", digits: 2 },
      { title: "95 % from", digits: 2 },
      { title: "to", digits: 2 },
      { title: "5th pct", digits: 2 },
      ...(has95 ? [{ title: "95th pct", digits: 2 }] : []),
      { title: "worst", digits: 2 },
      { title: "conf. right", digits: 4 },
      { title: "conf. wrong", digits: 4 },
      { title: "MI (nats)", digits: 4 },
    ],
    rows,
  };
}
