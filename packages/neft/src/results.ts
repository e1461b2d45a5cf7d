import * as z from "zod";

/**
 * Schemas of the JSON files the command writes; a change of `format` means that readers have to change.
 *
 * `settings` are options of `evaluate` or `finetune`: given again, with the same model and data, they give the same. One that isn't
 * there was left out.
 */

const accuracy = z.number().min(0).max(100);
const share = z.number().min(0).max(1);
const text = z.string().min(1);
const seed = z.int().min(0);

const confidenceSchema = z.strictObject({
  /** Mean largest softmax value over the samples classified rightly; null where there are none. */
  right: share.nullable(),
  wrong: share.nullable(),
});

/** What chips of one σ made of the dataset; accuracies in percent. */
export const sigmaResultSchema = z.strictObject({
  sigma: z.number().min(0),
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
  /** Between chip and class, mean over samples, in nats. */
  mutualInformation: z.number().min(0),
  /** Where --precision was given. */
  stopping: z
    .strictObject({ precision: z.number().positive(), reached: z.boolean(), looks: z.array(z.int().min(1)) })
    .optional(),
});

/** What may make numbers other than expected; none in files of before there were warnings. */
const warnings = z.array(text).optional();

const modelSchema = z.strictObject({ file: text, sha256: z.string().regex(/^[0-9a-f]{64}$/) });

const dataSchema = z.strictObject({
  name: text,
  samples: z.int().min(1),
  /** Names of the arrays read from an archive. */
  arrays: z.tuple([text, text]).optional(),
});

/** What evaluate and finetune have in common. */
const sharedSettings = {
  scale: z.number().positive(),
  mean: z.array(z.number()).min(1),
  std: z.array(z.number().positive()).min(1),
  /** Left out where it was told from the model's input. */
  layout: z.enum(["NCHW", "NHWC"]).optional(),
  device: text,
  weightBits: z.int().min(1),
  bitsPerCell: z.int().min(1),
  perSample: z.boolean(),
  seed,
  /** The model's output with the class scores; left out where none was named. */
  output: text.optional(),
};

const provenance = {
  format: z.literal(1),
  model: modelSchema,
  data: dataSchema,
  versions: z.strictObject({ neft: text, node: text }),
  build: z.enum(["simd128", "relaxed"]),
  /** What changes no result. */
  run: z.strictObject({ workers: z.int().min(1), seconds: z.number().min(0) }),
};

/** The file `neft evaluate --json` writes. */
export const evaluationFileSchema = z.strictObject({
  kind: z.literal("evaluation"),
  ...provenance,
  settings: z.strictObject({
    ...sharedSettings,
    sigma: z.array(z.number().min(0)).min(1),
    /** Chips for each σ, at most that many where a precision was asked for. */
    chips: z.int().min(1),
    precision: z.number().positive().optional(),
  }),
  digital: z.strictObject({ accuracy, confidence: confidenceSchema }),
  results: z.array(sigmaResultSchema).min(1),
  warnings,
});

export type EvaluationFile = z.infer<typeof evaluationFileSchema>;

const validationSchema = z.strictObject({ step: z.int().min(0), accuracy });

/** The file `neft finetune --json` writes. Settings are those the training ran with, every default filled in. */
export const finetuningFileSchema = z.strictObject({
  kind: z.literal("finetuning"),
  ...provenance,
  out: modelSchema,
  settings: z.looseObject({
    ...sharedSettings,
    sigma: z.number().min(0),
    strategy: z.looseObject({ id: text }),
    epochs: z.int().min(1),
    batch: z.int().min(1),
    learningRate: z.number().positive(),
    shards: z.int().min(1),
  }),
  result: z.strictObject({
    validations: z.array(validationSchema),
    /** Whose weights were written; null for those of the last step. */
    best: validationSchema.nullable(),
    steps: z.int().min(0),
    ended: z.strictObject({ reason: z.enum(["finished", "aborted", "diverged"]), message: text.optional() }),
    taps: z.array(text),
    warnings,
  }),
});

export type FinetuningFile = z.infer<typeof finetuningFileSchema>;
