import { ofKind, type Source } from "../files.js";
import { lineChart } from "../line-chart.js";
import type { Section } from "../section.js";
import type { Cell } from "../table.js";

/** The scores that validations have. */
const scores = [
  { name: "accuracy", id: "training", title: "Accuracy on the validation chips", unit: "accuracy (%)", digits: 2 },
  {
    name: "relativeError",
    id: "training-error",
    title: "Relative error on the validation chips",
    unit: "relative error",
    digits: 4,
  },
] as const;

/** Validations of trainings against steps. */
export function trainingSection(sources: readonly Source[]): Section | undefined {
  const own = ofKind(sources, "finetuning");
  if (own.length === 0) return undefined;
  const shown = scores.filter(({ name }) => own.some(({ file }) => file.result.validations.some((one) => name in one)));
  const charts = shown.map(({ name, id, title, unit }) => {
    const rows = own.flatMap(({ title: series, file: { result } }) =>
      result.validations.flatMap((one) => {
        const y = one[name];
        return y === undefined || y === null
          ? []
          : [{ series, x: one.step, y, isBest: one.step === result.best?.step }];
      }),
    );
    const about = "Mean over the validation chips. Ring: the weights that were written.";
    return lineChart({ id, title, about, x: "training step", y: unit, rows, isContinuous: true });
  });
  const rows = own.map(({ title, file: { result, run } }): Cell[] => [
    title,
    result.steps,
    result.ended.message === undefined ? result.ended.reason : `${result.ended.reason}: ${result.ended.message}`,
    ...shown.flatMap(({ name }) => [result.validations[0]?.[name] ?? null, result.best?.[name] ?? null]),
    result.best?.step ?? null,
    run.seconds,
  ]);
  const columns = [
    { title: "results" },
    { title: "steps", digits: 0 },
    { title: "ended" },
    ...shown.flatMap(({ unit, digits }) => [
      { title: `${unit} before`, digits },
      { title: "best", digits },
    ]),
    { title: "best after step", digits: 0 },
    { title: "seconds", digits: 1 },
  ];
  return {
    id: "training",
    title: "Training",
    notes: [],
    charts,
    tables: [{ id: "training", title: "Trainings", columns, rows }],
  };
}
