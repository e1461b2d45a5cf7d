import { has } from "@neft/options";
import type { ReportedResult } from "../files.js";
import { type CurveRow, lineChart } from "../line-chart.js";
import { type Chart, shown, unique } from "../spec.js";
import type { Places } from "./curves.js";

/** A metric in words. */
interface MetricWords {
  readonly title: string;
  readonly unit: string;
  readonly about: string;
}

/** What is known of metrics, by id; users may define others. */
const known: Readonly<Record<string, MetricWords>> = {
  "mutual-information": {
    title: "Uncertainty that comes from the chip",
    unit: "mutual information (nats)",
    about: "Mutual information of chip and class, mean over samples: 0 if all chips agree.",
  },
  nll: {
    title: "Negative log likelihood",
    unit: "negative log likelihood (nats)",
    about: "Mean over samples of −ln p of the label; mean over chips with its 95 % interval.",
  },
  ece: {
    title: "Expected calibration error",
    unit: "calibration error",
    about: "How far confidence is from the share of right answers; mean over chips with its 95 % interval.",
  },
  kl: {
    title: "Disagreement of chips",
    unit: "expected pairwise KL (nats)",
    about: "Mean KL divergence of the answers of two chips.",
  },
};

const kebab = (id: string): string => id.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The words of a metric; of one that a user has defined, its name. */
export function metricWords(id: string): MetricWords {
  const name = kebab(id);
  if (Object.hasOwn(known, name)) return known[name]!;
  const raw = /^scaled-(.+)$/.exec(name)?.[1];
  if (raw !== undefined) {
    const { title, unit, about } = metricWords(raw);
    return {
      title: `${title}, after a temperature`,
      unit,
      about: `${about} Scores are divided by the temperature of the network and σ.`,
    };
  }
  return { title: shown(id), unit: shown(id), about: "A metric of the user's own." };
}

/** Metrics that other charts show. */
const elsewhere = ["accuracy", "confidence", "yield"];

const kinds = { raw: "as they are", scaled: "after a temperature" } as const;

/** A chart for each metric that results have: raw, and of scores divided by a temperature. */
export function metricCharts({ title, points }: Places<ReportedResult>): Chart[] {
  const values = points.map(({ series, x, result }) => {
    const raw: Readonly<Record<string, unknown>> = {
      "mutual-information": result.mutualInformation,
      ...result.metrics,
    };
    const scaled: Readonly<Record<string, unknown>> = { ...result.scaled?.metrics };
    return { series, x, raw, scaled };
  });
  const ids = unique(values.flatMap(({ raw }) => Object.keys(raw))).filter((id) => !elsewhere.includes(id));
  return ids.flatMap((id, i): Chart[] => {
    const rows = (Object.keys(kinds) as (keyof typeof kinds)[]).flatMap((kind) =>
      values.flatMap(({ series, x, [kind]: of }): CurveRow[] => {
        const estimate = estimateOf(of[id]);
        return estimate === null ? [] : [{ series, x, ...estimate, kind: kinds[kind] }];
      }),
    );
    if (rows.length === 0) return [];
    const hasKinds = unique(rows.map(({ kind }) => kind)).length > 1;
    const plain = rows.map(({ kind: _kind, ...row }) => row);
    const { title: name, unit, about } = metricWords(id);
    return [
      lineChart({
        id: Object.hasOwn(known, id) ? id : `metric-${i + 1}`,
        title: name,
        about: hasKinds
          ? `${about} Dashed: of scores divided by one temperature, fitted on validation samples.`
          : about,
        x: title,
        y: unit,
        rows: hasKinds ? rows : plain,
      }),
    ];
  });
}

/** A metric's value as a point: a number, or a mean with its interval; null for others. */
function estimateOf(value: unknown): Pick<CurveRow, "y" | "low" | "high"> | null {
  if (typeof value === "number") return { y: value };
  if (!has(value, "mean") || typeof value.mean !== "number") return null;
  const interval = has(value, "ci95") && Array.isArray(value.ci95) ? value.ci95 : [];
  const [low, high] = interval.filter((end) => typeof end === "number");
  return low === undefined || high === undefined ? { y: value.mean } : { y: value.mean, low, high };
}

/** Share of chips that reach stated accuracies. */
export function yieldChart({ title, points }: Places<ReportedResult>): Chart[] {
  const rows = points.flatMap(({ series, x, result }) =>
    (result.metrics?.yield ?? []).map(({ accuracy, share, ci95 }): CurveRow => {
      const interval = ci95 === null ? {} : { low: 100 * ci95[0], high: 100 * ci95[1] };
      return { series, x, y: 100 * share, ...interval, panel: `at least ${accuracy} %` };
    }),
  );
  if (rows.length === 0) return [];
  return [
    lineChart({
      id: "yield",
      title: "Yield",
      about: "Share of the chips whose accuracy is at least the stated one, with its 95 % interval (Wilson).",
      x: title,
      y: "chips (%)",
      rows,
    }),
  ];
}
