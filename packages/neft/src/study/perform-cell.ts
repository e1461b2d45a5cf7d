import type { Dataset } from "@neft/data";
import type { MetricValues } from "@neft/evaluation";
import { build } from "@neft/kernels";
import type { Model } from "@neft/model";
import { exportOnnx, importOnnx } from "@neft/onnx";
import { has } from "@neft/options";
import {
  type Cell,
  canonicalJson,
  type EvaluationOutcome,
  type NetworkOutcome,
  type Outcome,
  type PerformCell,
  type Store,
} from "@neft/study";
import type { RunState } from "@neft/training";
import { decodeCheckpoint, encodeCheckpoint } from "../checkpoint-file.js";
import { equalise } from "../equalise.js";
import { evaluate } from "../evaluate.js";
import { finetune } from "../finetune.js";
import type { Samples } from "../settings.js";
import { neftVersion } from "../version.js";
import type { Workers } from "../workers.js";
import type { ReadStudy } from "./study-files.js";

/** What the cells of a study run with. */
export interface CellContext {
  readonly study: Pick<ReadStudy, "model" | "samples">;
  readonly store: Store;
  readonly workers: Workers;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** What a cell's call gets. */
interface Call {
  readonly key: string;
  readonly model: Model;
  readonly data: Samples | undefined;
  readonly temperatureData: Dataset | undefined;
  readonly options: Cell["options"];
  readonly context: CellContext;
  readonly signal: AbortSignal | undefined;
  readonly onShare: (share: number) => void;
}

/** Makes the function that runs the cells of a study. */
export function cellPerformer(context: CellContext): PerformCell {
  return async (key, cell, { signal, onShare }) => {
    const start = context.now();
    const model = importOnnx(await modelOf(cell, context));
    try {
      const data = cell.data && context.study.samples(cell.data);
      const temperatureData = cell.temperatureData && context.study.samples(cell.temperatureData);
      const call = { key, model, data, temperatureData, options: cell.options, context, signal, onShare };
      const outcome = await performers[cell.kind](call);
      const run = { seconds: (context.now() - start) / 1000, workers: context.workers.size };
      await context.store.writeRun(key, run);
      return canonicalJson(outcome, "result");
    } finally {
      model.dispose();
    }
  };
}

/** The file of a cell's network. */
async function modelOf({ model }: Cell, { study, store }: CellContext): Promise<Uint8Array> {
  if ("from" in model) {
    const made = await store.readResult(model.from);
    if (made === undefined)
      throw new Error(`cell: expected the network of cell ${model.from}, got none; run that cell first`);
    return store.readModel((JSON.parse(made) as NetworkOutcome).model);
  }
  const bytes = study.model(model.sha256);
  if (!bytes)
    throw new Error(
      `cell: expected the network ${model.sha256}, got none of the plan's; use the files that the plan was made of`,
    );
  return bytes;
}

/** The state of a finetuning that was stopped; undefined if there is none, or it isn't whole. */
async function stateOf(key: string, store: Store): Promise<RunState | undefined> {
  const bytes = await store.readCheckpoint(key);
  try {
    return bytes && decodeCheckpoint(bytes).state;
  } catch {
    return undefined;
  }
}

const performers: Readonly<Record<Cell["kind"], (call: Call) => Promise<Outcome>>> = {
  equalise: async ({ model, data, options, context, signal, onShare }) => {
    const { wide, settings, ...result } = await equalise(model, {
      ...options,
      data,
      signal,
      onProgress: ({ done, total }) => onShare(done / total),
    });
    try {
      const { method, factors, variance, change, warnings } = result;
      const steps = data ? settings.steps : 0;
      return {
        kind: "equalise",
        model: await context.store.writeModel(exportOnnx(wide ?? model)),
        cost: { forward: steps, backward: steps, epochs: 0 },
        report: { method, factors, variance, change, warnings },
      };
    } finally {
      wide?.dispose();
    }
  },

  finetune: async ({ key, model, data, options, context, signal, onShare }) => {
    const { workers, store } = context;
    // The key names all that the run starts from.
    const origin = { model: key, data: key, input: {}, neft: neftVersion, build: build() };
    const keep = (state: RunState) => store.writeCheckpoint(key, encodeCheckpoint({ origin, state }));
    const result = await finetune(model, data!, {
      ...options,
      workers,
      signal,
      resume: await stateOf(key, store),
      onCheckpoint: keep,
      onProgress: (progress) => onShare(progress.step / progress.steps),
    });
    const { best, steps, passes, ended, taps, warnings, validations, settings } = result;
    // Half a finetuning isn't a result.
    if (ended.reason === "aborted") {
      if (result.state) await keep(result.state);
      throw signal?.reason ?? new Error("finetune: aborted");
    }
    return {
      kind: "finetune",
      model: await context.store.writeModel(exportOnnx(model)),
      cost: { ...passes, epochs: settings.epochs },
      validations: validations.map(({ step, accuracy }) => ({ step, accuracy })),
      report: { best: best as never, steps, ended, taps, warnings },
    };
  },

  evaluate: async ({ model, data, temperatureData, options, context, signal, onShare }) => {
    const { digital, results } = await evaluate(model, data as Dataset, {
      ...options,
      temperatureData,
      workers: context.workers,
      signal,
      onProgress: ({ done, total }) => onShare(done / total),
    });
    const { perChip, metrics, scaled } = results[0]!;
    return {
      kind: "evaluate",
      digital: digital.accuracy,
      chips: perChip,
      metrics: { ...numbersOf(metrics), ...(scaled && prefixed("scaled-", numbersOf(scaled.metrics))) },
    } satisfies EvaluationOutcome;
  },
};

/** Metrics as numbers by name: means of those with an interval. Those of accuracies follow from the chips' values. */
function numbersOf({
  accuracy: _accuracy,
  yield: _yield,
  confidence,
  ...others
}: MetricValues): EvaluationOutcome["metrics"] {
  const numbers = Object.entries(others).flatMap(([id, value]): [string, number | null][] => {
    const number = has(value, "mean") ? value.mean : value;
    return typeof number === "number" || number === null ? [[id, number]] : [];
  });
  return {
    ...(confidence && { confidenceRight: confidence.right, confidenceWrong: confidence.wrong }),
    ...Object.fromEntries(numbers),
  };
}

const prefixed = (prefix: string, values: EvaluationOutcome["metrics"]): EvaluationOutcome["metrics"] =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
