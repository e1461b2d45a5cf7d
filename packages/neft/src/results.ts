import { inputSettings } from "@neft/data";
import { evaluationSettings } from "@neft/evaluation";
import { defineSettings, type ResolvedOf, resolveOptions, type Settings } from "@neft/options";
import { finetuneSettings } from "@neft/training";
import * as z from "zod";

/**
 * Schemas of the JSON files the command writes; a change of `format` means that readers have to change.
 *
 * `settings` are options of `evaluate` or `finetune`, checked by the same rows: given again, with the same model and data, they give
 * the same. One that isn't there was left out.
 */

const accuracy = z.number().min(0).max(100);
const share = z.number().min(0).max(1);
const text = z.string().min(1);

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

/** The settings of an evaluation and of a finetuning that results record. */
export const evaluationRows = defineSettings({ ...inputSettings, ...evaluationSettings });
export const finetuningRows = defineSettings({ ...inputSettings, ...finetuneSettings });

/** Settings in a file: options of the API, every default filled in; a device by its id. */
export type RecordOf<Rows> = Omit<ResolvedOf<Rows>, "device"> & { readonly device: string };

/** Settings whose default depends on data, network or device; it is filled in, too. */
const filled = ["scale", "mean", "std", "bitsPerCell"] as const;

/** The schema of settings: their own checks, and that none is missing that has a default. */
const settingsSchema = <Rows extends Settings>(rows: Rows) =>
  z.custom<RecordOf<Rows>>().superRefine((value, context) => {
    try {
      resolveOptions("settings", value, rows);
      for (const [name, row] of Object.entries(rows)) {
        const isFilled = row.default !== undefined || filled.some((one) => one === name);
        if (isFilled && !Object.hasOwn(value, name)) throw new RangeError(`settings: expected ${name}, got none`);
      }
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
    }
  });

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
  settings: settingsSchema(evaluationRows),
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
  settings: settingsSchema(finetuningRows),
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
