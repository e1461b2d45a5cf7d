import { defineChip, type GivenChip, withChip } from "@neft/crossbar";
import { has, inWords, oneLine, resolveOptions, type Settings, shortened } from "@neft/options";
import { benchmarkSettings } from "@neft/profile";
import * as z from "zod";
import { equalisationRows, evaluationRows, finetuningRows, type RecordOf } from "./recorded-settings.js";

/**
 * Schemas of the JSON files that the command writes. `format` changes when readers must change.
 *
 * `settings` are options of `evaluate`, `finetune`, `equalise` or `benchmark`, checked by the same rows. Run again with the same model and data, they give the
 * same results. A missing setting was not given and has no default.
 */

const accuracy = z.number().min(0).max(100);
const share = z.number().min(0).max(1);
const text = z.string().min(1);

const confidenceSchema = z.strictObject({
  /** Mean of the largest softmax value over correctly classified samples; null if there are none. */
  right: share.nullable(),
  /** The same over misclassified samples. */
  wrong: share.nullable(),
});

const stoppingSchema = z
  .strictObject({ precision: z.number().positive(), reached: z.boolean(), looks: z.array(z.int().min(1)) })
  .optional();

const sizes = z.int().min(1);
const counts = z.number().min(0).optional();
const conversionSchema = z.strictObject({ perInference: z.number().min(0), clipped: share }).nullable();

/** A layer on the chips of a result; counts are means over chips. */
const layerSchema = z.strictObject({
  layer: z.string(),
  weight: z.string(),
  blocks: sizes,
  inputs: sizes,
  outputs: sizes,
  arms: sizes,
  slices: sizes,
  tiles: sizes,
  cells: sizes,
  utilisation: share,
  writes: counts,
  unverified: counts,
  stuckOn: counts,
  stuckOff: counts,
  conversions: z.strictObject({ inputs: conversionSchema, sums: conversionSchema }),
});

/** What results of a chip at an age have in common. */
const read = {
  sigma: z.number().min(0),
  /** Age of the chips; missing if no ages were given. */
  time_s: z.number().min(0).optional(),
  /** Present if chips have cells or converters. */
  layers: z.array(layerSchema).optional(),
};

const interval = <Value extends z.ZodNumber>(value: Value) => z.tuple([value, value]).nullable();

/** A mean over chips, and Student's intervals of it. */
const meanSchema = z.strictObject({
  mean: z.number(),
  std: z.number().min(0).nullable(),
  ci95: interval(z.number()),
  ci99: interval(z.number()),
});

/** Metrics by id; those that users define have any JSON value. */
const metricsSchema = z
  .object({
    accuracy: z.strictObject({
      mean: accuracy,
      std: z.number().min(0).nullable(),
      ci95: interval(accuracy),
      ci99: interval(accuracy),
      p5: accuracy,
      worst: accuracy,
      percentiles: z.array(
        z.strictObject({
          percent: accuracy,
          value: accuracy,
          ci95: interval(accuracy),
          ci99: interval(accuracy),
          needs: z.tuple([z.int().min(1), z.int().min(1)]),
        }),
      ),
    }),
    yield: z.array(z.strictObject({ accuracy, share, ci95: interval(share), ci99: interval(share) })),
    confidence: confidenceSchema,
    nll: meanSchema,
    ece: meanSchema,
    "mutual-information": z.number().min(0),
    kl: z.number().min(0).nullable(),
  })
  .partial()
  .catchall(z.unknown());

const lossesSchema = z.array(z.number().min(0)).min(1);
const sharesSchema = z.array(share).min(1);

/** Metrics of scores divided by a temperature. */
const scaledSchema = z.strictObject({
  temperature: z.number().positive(),
  metrics: metricsSchema,
  perChip: z.strictObject({ loss: lossesSchema, confidence: sharesSchema }),
});

/** Results of all chips of one σ and age; accuracies in percent. */
const sigmaResultSchema = z.strictObject({
  ...read,
  chips: z.int().min(1),
  accuracy: z.strictObject({
    mean: accuracy,
    /** Sample standard deviation over chips; null for one chip. */
    std: z.number().min(0).nullable(),
    /** 95 % interval of the mean; null for one chip. */
    ci95: z.tuple([accuracy, accuracy]).nullable(),
    /** 5th percentile over chips. */
    p5: accuracy,
    worst: accuracy,
  }),
  confidence: confidenceSchema,
  /** Mutual information of chip and class, averaged over samples, in nats. */
  mutualInformation: z.number().min(0),
  /** The metrics asked for; missing in older files, as the next two. */
  metrics: metricsSchema.optional(),
  /** Present if --temperature-data was given. */
  scaled: scaledSchema.optional(),
  /** Values of each chip: accuracy in percent, mean negative log likelihood in nats, mean largest softmax value. */
  perChip: z
    .strictObject({ accuracy: z.array(accuracy).min(1), loss: lossesSchema, confidence: sharesSchema })
    .optional(),
  /** Present if --precision was given. */
  stopping: stoppingSchema,
});

/** Statistics of a measure over the chips of one σ. */
const statisticsOf = (measure: z.ZodNumber) =>
  z.strictObject({
    mean: measure,
    /** Sample standard deviation over chips; null for one chip. */
    std: z.number().min(0).nullable(),
    /** 95 % interval of the mean; null for one chip. */
    ci95: z.tuple([measure, measure]).nullable(),
    /** 5th and 95th percentiles over chips. */
    p5: measure,
    p95: measure,
    worst: measure,
  });

const deviation = {
  /** ‖y − y₀‖ / ‖y₀‖ over all samples, of outputs y of a chip and y₀ of the clean network. */
  relativeError: statisticsOf(z.number().min(0)),
  cosine: statisticsOf(z.number().min(-1).max(1)),
  /** Agreement of the largest elements along the last axis, in percent; null if that axis has length 1 in all outputs. */
  agreement: statisticsOf(accuracy).nullable(),
};

/** Deviations of all chips of one σ: of all outputs together, each counting equally, and of each. */
const sigmaDeviationSchema = z.strictObject({
  ...read,
  chips: z.int().min(1),
  ...deviation,
  outputs: z.array(z.strictObject({ name: text, ...deviation })).min(1),
  stopping: stoppingSchema,
});

/** Possible reasons for unexpected numbers; missing in older files. */
const warnings = z.array(text).optional();

const modelSchema = z.strictObject({ file: text, sha256: z.string().regex(/^[0-9a-f]{64}$/) });

const dataSchema = z.strictObject({
  name: text,
  samples: z.int().min(1),
  /** Names of the arrays read from an archive: samples and labels, samples alone, or one for each input. */
  arrays: z.array(text).min(1).optional(),
});

/** Settings that files from before they existed don't have. */
const later = ["calibrationSamples", "temperatureChips"];

/** Settings whose default depends on data, network or device, and is recorded too. */
const filled = ["scale", "mean", "std", "bitsPerCell"];

/** Schema of recorded settings: each passes its own check, and those with a default are present. */
const settingsSchema = <Rows extends Settings>(rows: Rows, filledIn: readonly string[] = filled) =>
  z.custom<RecordOf<Rows>>().superRefine((value, context) => {
    try {
      const given = has(value, "chip") && Object.hasOwn(rows, "chip") ? withChip(value) : value;
      resolveOptions("settings", given, rows);
      for (const [name, row] of Object.entries(rows)) {
        const isFilled = (row.default !== undefined && !later.includes(name)) || filledIn.includes(name);
        if (isFilled && !Object.hasOwn(value, name)) throw new RangeError(`settings: expected ${name}, got none`);
      }
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
    }
  });

/** The file of a chip, whose device is an id or a record, of format 1. Its members pass the checks of `defineChip`. */
export const chipSchema = z.custom<GivenChip>().superRefine((value, context) => {
  try {
    defineChip(value);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
});

const origin = {
  format: z.literal(1),
  model: modelSchema,
  versions: z.strictObject({ neft: text, node: text }),
  build: z.enum(["simd128", "relaxed"]),
  /** Facts that don't influence the results. */
  run: z.strictObject({ workers: z.int().min(1), seconds: z.number().min(0) }),
};

const provenance = { ...origin, data: dataSchema };

/** The file that `neft evaluate --json` writes. */
const evaluationFileSchema = z.strictObject({
  kind: z.literal("evaluation"),
  ...provenance,
  settings: settingsSchema(evaluationRows),
  /** Samples that temperatures were fitted on, if any. */
  temperatureData: dataSchema.optional(),
  digital: z.strictObject({
    accuracy,
    confidence: confidenceSchema,
    /** Mean negative log likelihood; missing in older files. */
    loss: z.number().min(0).optional(),
  }),
  results: z.array(sigmaResultSchema).min(1),
  warnings,
});

/** The file that `neft evaluate --reference clean --json` writes. */
const deviationFileSchema = z.strictObject({
  kind: z.literal("deviation"),
  ...provenance,
  settings: settingsSchema(evaluationRows),
  results: z.array(sigmaDeviationSchema).min(1),
  warnings: z.array(text),
});

const step = z.int().min(0);

/** A validation: the mean accuracy or, towards the clean network, the mean relative error, which is null if it wasn't finite. */
const validationSchema = z.union([
  z.strictObject({ step, accuracy }),
  z.strictObject({ step, relativeError: z.number().min(0).nullable() }),
]);

/** How far a parameter in the written file is from the trained one; relative numbers are in units of max|W|. */
const roundingSchema = z.strictObject({
  name: text,
  type: text,
  count: z.int().min(1),
  max: z.number().positive(),
  rms: z.number().positive(),
  relativeMax: z.number().positive(),
  relativeRms: z.number().positive(),
});

/** Distance of chips from the clean network. */
const measuredDistanceSchema = z.strictObject({
  before: z.number().min(0),
  after: z.number().min(0),
  chips: z.int().min(1),
  samples: z.int().min(1),
});

/** What an equalisation did. */
const equalisationSchema = z.strictObject({
  method: z.enum(["none", "balanced", "convex", "descent", "mean"]),
  layers: z.array(
    z.strictObject({
      node: z.string(),
      parameter: text,
      /** max|W| divided by the root mean square of W. */
      range: z.strictObject({ before: z.number().min(0), after: z.number().min(0) }),
      fixedBy: z.string().optional(),
    }),
  ),
  factors: z.int().min(0),
  variance: z.number().min(0),
  /** Missing without samples. */
  distance: measuredDistanceSchema.optional(),
  /** With an area above 1. */
  area: z
    .strictObject({
      used: z.number().min(1),
      variance: z.number().min(0),
      layers: z.array(
        z.strictObject({
          node: z.string(),
          parameter: text,
          outputs: z.int().min(1),
          copied: z.int().min(0),
          cells: z.strictObject({ before: z.int().min(1), after: z.int().min(1) }),
        }),
      ),
      distance: measuredDistanceSchema.optional(),
    })
    .optional(),
  /** Null if outputs couldn't be compared. */
  change: z.number().min(0).nullable(),
  settings: z.strictObject({
    steps: z.int().min(0),
    batch: z.int().min(1),
    distance: z.enum(["kl", "error"]),
  }),
  warnings: z.array(text),
});

/** The file that `neft equalise --json` writes. */
const equalisationFileSchema = z.strictObject({
  kind: z.literal("equalisation"),
  ...origin,
  out: modelSchema.optional(),
  data: dataSchema.optional(),
  settings: settingsSchema(equalisationRows, ["bitsPerCell", "distance"]),
  result: equalisationSchema,
  /** Missing for a dry run. */
  roundings: z.array(roundingSchema).optional(),
});

/** The file that `neft finetune --json` writes. `settings` are those the training used, all defaults filled in. */
const finetuningFileSchema = z.strictObject({
  kind: z.literal("finetuning"),
  ...provenance,
  out: modelSchema,
  settings: settingsSchema(finetuningRows),
  result: z.strictObject({
    validations: z.array(validationSchema),
    /** The validation whose weights were written; null if they are those of the last step. */
    best: validationSchema.nullable(),
    steps: z.int().min(0),
    /** Passes of a batch through the network in these steps. */
    passes: z.strictObject({ forward: z.int().min(0), backward: z.int().min(0) }).optional(),
    ended: z.strictObject({ reason: z.enum(["finished", "aborted", "diverged"]), message: text.optional() }),
    taps: z.array(text),
    equalised: equalisationSchema.optional(),
    warnings,
  }),
  roundings: z.array(roundingSchema).optional(),
});

const time = z.number().min(0);
const positive = z.number().positive();
const count = z.int().min(1);

const passSchema = z.strictObject({
  ms: time,
  /** GFLOP/s, and relative to the roofline; null for layers that aren't products. */
  rate: positive.nullable(),
  share: positive.nullable(),
});

const secondsSchema = { threads: count, seconds: time };

/** The file that `neft bench --json` writes. */
const benchmarkFileSchema = z.strictObject({
  kind: z.literal("benchmark"),
  ...origin,
  machine: z.strictObject({ cpu: text, cores: count, system: text }),
  settings: settingsSchema(benchmarkSettings),
  /** GFLOP/s of multiply-adds in registers, on one thread. */
  roofline: positive,
  /** Samples of the layers' passes. */
  batch: count,
  /** Steps of a training pass on one thread, in running order. */
  layers: z.array(
    z.strictObject({
      name: z.string(),
      op: text,
      fused: z.array(text),
      outputShape: z.array(z.int().min(0)),
      forward: passSchema,
      /** Null if the network can't be trained. */
      backward: passSchema.nullable(),
      /** Milliseconds that the variation adds; null for layers that aren't on crossbars. Noise can make it negative. */
      variation: z.strictObject({ forward: z.number(), backward: z.number() }).nullable(),
    }),
  ),
  /** Milliseconds to draw the weights of a chip, on one thread. */
  programming: time,
  evaluation: z.array(z.strictObject({ threads: count, samples: count, chipsPerSecond: positive })).min(1),
  training: z.array(z.strictObject({ strategy: text, threads: count, stepsPerSecond: positive })),
  /** Peaks of the calling thread's tensors, in bytes. */
  memory: z.strictObject({ evaluation: time, training: z.record(z.string(), time) }),
  /** Predicted seconds of the study in `settings`. */
  estimates: z.strictObject({
    evaluation: z.array(z.strictObject(secondsSchema)),
    finetuning: z.array(z.strictObject({ strategy: text, ...secondsSchema })),
  }),
  warnings: z.array(text),
});

const studyNames = { model: text, method: text, device: text, seed: z.int().min(0) };
const passes = z.number().min(0);

/** The file that `neft compare --json` and `neft sweep merge --json` write; what else is in it isn't read. */
const studyFileSchema = z.object({
  kind: z.literal("study"),
  format: z.literal(1),
  rows: z
    .array(
      z.object({
        ...studyNames,
        /** Null for a network that was neither trained nor rescaled. */
        trainSigma: z.number().min(0).nullable(),
        sigma: z.number().min(0),
        time_s: z.number().min(0).optional(),
        digital: accuracy,
        chips: z.object({
          accuracy: z.array(accuracy).min(1),
          loss: z.array(z.number().min(0)).optional(),
          confidence: z.array(share).optional(),
        }),
        metrics: z.record(z.string(), z.number().nullable()),
        cost: z.object({ forward: passes, backward: passes, epochs: passes }),
      }),
    )
    .min(1),
  curves: z
    .array(z.object({ ...studyNames, validations: z.array(z.object({ step, accuracy: accuracy.optional() })) }))
    .optional(),
});

const fileSchema = z.discriminatedUnion("kind", [
  evaluationFileSchema,
  deviationFileSchema,
  finetuningFileSchema,
  equalisationFileSchema,
  benchmarkFileSchema,
  studyFileSchema,
]);

/** Checks the text of a file with the schemas. @throws {RangeError} */
export function parseWithSchema(text: string): z.infer<typeof fileSchema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RangeError(`parseResults: expected JSON, got ${inWords(text)}`, { cause });
  }
  if (has(value, "format") && typeof value.format === "number" && value.format !== 1) {
    throw new RangeError(
      `parseResults: expected a file of format 1, got format ${value.format}, which another version of neft wrote; use that version`,
    );
  }
  const { success, data, error } = fileSchema.safeParse(value);
  if (!success) {
    const differences = error.issues
      .slice(0, mostDifferences)
      .map(({ path, message }) => `${path.join(".") || "the file"}: ${message}`);
    // Names and values of the file are in these texts.
    const words = shortened(oneLine(differences.join("; ")), mostCharacters);
    throw new RangeError(
      `parseResults: expected a file of neft evaluate, finetune, equalise, compare, sweep or bench, got another: ${words}`,
    );
  }
  return data;
}

/** Most differences that an error lists, and most characters of them. */
const mostDifferences = 5;
const mostCharacters = 500;
