import type {
  ReportedDeviation,
  ReportedEqualisation,
  ReportedEvaluation,
  ReportedFinetuning,
  ReportedResult,
  StudyFile,
  StudyRow,
} from "@neft/report";

const origin = {
  model: { file: "models/lenet5.onnx", sha256: "0".repeat(64) },
  data: { name: "mnist:test", samples: 1000 },
  settings: { device: "rram1", sigma: [0.1, 0.2], seed: 1, chip: { mapping: { bits: 4 } } },
  versions: { neft: "0.1.0", node: "20.20.2" },
  build: "simd128",
  run: { workers: 2, seconds: 1.25 },
};

/** Numbers from 0 to 1 that look random and are always the same. */
export const scattered = (count: number): number[] => Array.from({ length: count }, (_, i) => ((i + 1) * 0.618034) % 1);

interface EvaluationParts {
  readonly sigmas?: readonly number[];
  readonly times?: readonly number[];
  readonly hasChips?: boolean;
  readonly hasMetrics?: boolean;
  readonly hasLayers?: boolean;
  readonly chips?: number;
  readonly more?: object;
}

/** Results of `neft evaluate`, of today's form or with what newer versions record. */
export function evaluation(parts: EvaluationParts = {}): ReportedEvaluation {
  const { sigmas = [0.1, 0.2], times, chips = 20, more = {} } = parts;
  const results = sigmas.flatMap((sigma) =>
    (times ?? [undefined]).map((time_s): ReportedResult => {
      const mean = 99 - 40 * sigma;
      const accuracy = scattered(chips).map((value) => mean + value - 0.5);
      return {
        sigma,
        ...(time_s !== undefined && { time_s }),
        chips,
        accuracy: {
          mean,
          std: chips > 1 ? 0.3 : null,
          ci95: chips > 1 ? [mean - 0.2, mean + 0.2] : null,
          p5: mean - 0.45,
          worst: mean - 0.5,
        },
        confidence: { right: 0.98, wrong: sigma === 0.1 ? null : 0.7 },
        mutualInformation: sigma / 10,
        ...(parts.hasChips && { perChip: { accuracy } }),
        ...(parts.hasMetrics && { metrics: metrics(1), scaled: { temperature: 1.5, metrics: metrics(2) } }),
        ...(parts.hasLayers && { layers }),
      };
    }),
  );
  return {
    kind: "evaluation",
    ...origin,
    digital: { accuracy: 99, confidence: { right: 0.99, wrong: 0.8 } },
    results,
    ...more,
  };
}

const metrics = (factor: number): NonNullable<ReportedResult["metrics"]> & Readonly<Record<string, unknown>> => ({
  nll: { mean: 0.1 * factor, std: 0.1, ci95: [0.05, 0.2], ci99: null },
  ece: { mean: 0.02 * factor, std: null, ci95: null, ci99: null },
  "mutual-information": 0.01 * factor,
  confidence: { right: 0.9, wrong: 0.6 },
  yield: [{ accuracy: 90, share: 0.9, ci95: [0.8, 0.95] }],
  "<b>mine</b>": factor,
  constructor: "text",
});

const layers: NonNullable<ReportedResult["layers"]> = ["/c1/Conv", "/f1/Gemm"].map((layer) => ({
  layer,
  weight: `${layer}.weight`,
  blocks: 1,
  inputs: 9,
  outputs: 4,
  arms: 2,
  slices: 4,
  tiles: 8,
  cells: 12_288,
  utilisation: 0.25,
  writes: 12_288,
  conversions: { inputs: { perInference: 1234, clipped: 0.01 }, sums: null },
}));

export function deviation(): ReportedDeviation {
  const statistics = (mean: number) => ({
    mean,
    std: 0.1,
    ci95: [mean - 0.1, mean + 0.1] as const,
    p5: mean - 0.2,
    p95: mean + 0.2,
    worst: mean + 0.3,
  });
  const results = [0.1, 0.2].map((sigma) => {
    const all = { relativeError: statistics(sigma), cosine: statistics(1 - sigma), agreement: null };
    return { sigma, chips: 10, ...all, outputs: [{ name: "out", ...all }] };
  });
  return { kind: "deviation", ...origin, results, warnings: ["the outputs are saturated"] };
}

const rescaling: ReportedEqualisation["result"] = {
  method: "convex",
  layers: [
    { node: "/c1/Conv", parameter: "c1.weight", range: { before: 4, after: 3 } },
    { node: "/f1/Gemm", parameter: "f1.weight", range: { before: 7, after: 4 }, fixedBy: "an output" },
  ],
  factors: 12,
  variance: 0.5,
  distance: { before: 0.4, after: 0.2, chips: 8, samples: 256 },
  change: 1e-7,
  warnings: [],
};

export const equalisation = (): ReportedEqualisation => ({ kind: "equalisation", ...origin, result: rescaling });

export const finetuning = (score: "accuracy" | "relativeError" = "accuracy"): ReportedFinetuning => ({
  kind: "finetuning",
  ...origin,
  result: {
    validations: [0, 20, 40].map((step) => ({ step, [score]: score === "accuracy" ? 90 + step / 10 : 1 - step / 100 })),
    best: { step: 40, [score]: score === "accuracy" ? 94 : 0.6 },
    steps: 40,
    ended: { reason: "finished" },
    equalised: rescaling,
    warnings: ["the learning rate is high"],
  },
});

/** A row of a study. */
export const studyRow = (parts: Partial<StudyRow>): StudyRow => ({
  model: "lenet5",
  method: "none",
  device: "rram1",
  trainSigma: 0.2,
  seed: 1,
  sigma: 0.2,
  digital: 99,
  chips: { accuracy: [90, 92, 94] },
  metrics: {},
  cost: { forward: 100, backward: 50, epochs: 1 },
  ...parts,
});

/** A study of methods on models, with several seeds. */
export function study({ models = ["lenet5"], trainSigmas = [0.2], seeds = [1, 2, 3] } = {}): StudyFile {
  const methods = ["none", "noise injection", "OVF"];
  const rows = models.flatMap((model) =>
    methods.flatMap((method, m) =>
      (m === 0 ? [null] : trainSigmas).flatMap((trainSigma) =>
        (m === 0 ? [1] : seeds).flatMap((seed) =>
          [0.1, 0.3].map((sigma) =>
            studyRow({
              model,
              method,
              trainSigma,
              seed,
              sigma,
              chips: { accuracy: scattered(10).map((value) => 90 - 60 * sigma + 2 * m + value + seed / 10) },
              metrics: { ece: sigma / 5, nothing: null },
            }),
          ),
        ),
      ),
    ),
  );
  const curves = models.flatMap((model) =>
    seeds.map((seed) => ({
      model,
      method: "OVF",
      device: "rram1",
      seed,
      validations: [0, 10].map((step) => ({ step, accuracy: 80 + step + seed })),
    })),
  );
  return { kind: "study", format: 1, rows, curves };
}
