import { oneLine, shortened } from "@neft/options";
import * as z from "zod";

const text = z.string().min(1).max(200);
const whole = z.int().min(1);
const sigma = z.number().min(0).max(1);
const options = z.record(z.string(), z.json());

const networkSchema = z.strictObject({
  /** In tables; default: the file's name. */
  name: text.optional(),
  /** ONNX file, relative to the plan's folder. */
  model: text,
  /** Samples to train on, as `--data` of `neft finetune`. Needed where a method finetunes. */
  train: text.optional(),
  trainLimit: whole.optional(),
  /** Samples to test on, as `--data` of `neft evaluate`. */
  test: text,
  testLimit: whole.optional(),
  /** Validation samples on which one temperature of each σ is fitted; results then have metrics of the scaled scores, too. */
  temperature: text.optional(),
  temperatureLimit: whole.optional(),
  /** Options of the samples: scale, mean, std, layout. */
  input: options.optional(),
});

const methodSchema = z.strictObject({
  /** Options of `equalise`, or true for its defaults: rescales channels first. */
  equalise: z.union([z.boolean(), options]).optional(),
  /** Options of `finetune` beside those of the plan; without them, nothing is trained. */
  finetune: options.optional(),
  /** Options of `finetune` of which all combinations are tried, by name: each a list of values. */
  grid: z.record(z.string(), z.array(z.json()).min(1)).optional(),
});

const planSchema = z.strictObject({
  kind: z.literal("plan"),
  format: z.literal(1),
  networks: z.array(networkSchema).min(1),
  /** By the name that tables show. */
  methods: z.record(text, methodSchema).refine((all) => Object.keys(all).length > 0, "expected at least one method"),
  /** What networks run on: options that say so, such as device or chip. A name is shown in tables. Default: the default device. */
  targets: z
    .array(z.strictObject({ name: text.optional(), options }))
    .min(1)
    .optional(),
  sigma: z
    .strictObject({
      /** σ of training: a finetuning for each. Default: that of `finetune`. */
      train: z.array(sigma).min(1).optional(),
      /** σ of evaluations. Default: that of `evaluate`. */
      test: z.array(sigma).min(1).optional(),
    })
    .optional(),
  seeds: z
    .array(
      z
        .int()
        .min(0)
        .max(2 ** 32 - 1),
    )
    .min(1),
  /** Options of all finetunings. */
  finetune: options.optional(),
  /** Options of all evaluations. */
  evaluate: options.optional(),
});

/** A study: every method on every network, target, σ and seed. The contents of a plan's file. */
export type Plan = z.infer<typeof planSchema>;
/** A network of a plan, with its samples. */
export type PlanNetwork = z.infer<typeof networkSchema>;
/** What a plan does with a network before it is evaluated. */
export type PlanMethod = z.infer<typeof methodSchema>;

const mostDifferences = 5;
const mostCharacters = 500;

/**
 * Checks a plan.
 * @throws {RangeError} naming the members that are wrong. Options of calls are checked where they are used.
 */
export function checkPlan(value: unknown): Plan {
  const { success, data, error } = planSchema.safeParse(value);
  if (!success) {
    const differences = error.issues
      .slice(0, mostDifferences)
      .map(({ path, message }) => `${path.join(".") || "the file"}: ${message}`);
    throw new RangeError(
      `plan: expected a plan of format 1, got another: ${shortened(oneLine(differences.join("; ")), mostCharacters)}`,
    );
  }
  for (const [what, values] of [
    ["seeds", data.seeds],
    ["sigma.train", data.sigma?.train ?? []],
    ["sigma.test", data.sigma?.test ?? []],
  ] as const) {
    if (new Set(values).size < values.length)
      throw new RangeError(`plan: ${what}: expected different numbers, got ${values.join(", ")}`);
  }
  return data;
}
