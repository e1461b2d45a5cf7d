import * as z from "zod";

const percent = z.number().min(0).max(100);
const finite = z.number();
const text = z.string().min(1);

/** How one σ went; accuracies in percent. */
export const sigmaResultSchema = z.strictObject({
  sigma: finite.min(0),
  chips: z.int().min(1),
  accuracy: z.strictObject({
    mean: percent,
    /** Sample standard deviation over chips (n − 1); null for one chip. */
    std: finite.min(0).nullable(),
    /** 95 % interval of the mean; null for one chip. */
    ci95: z.tuple([finite, finite]).nullable(),
    /** 5th percentile over chips. */
    p5: percent,
    worst: percent,
  }),
  /** Mean largest softmax value of the samples classified rightly and wrongly; null where there are none. */
  confidence: z.strictObject({ right: finite.nullable(), wrong: finite.nullable() }),
  /** Between chip and class, mean over samples, in nats. */
  mutualInformation: finite,
});

const fileSchema = z.strictObject({ file: text, sha256: z.string().regex(/^[0-9a-f]{64}$/) });

const provenance = {
  model: fileSchema,
  versions: z.strictObject({ neft: text, node: text }),
  build: z.enum(["simd128", "relaxed"]),
  /** What changes no number. */
  run: z.strictObject({ workers: z.int().min(1), seconds: finite.min(0) }),
};

export { provenance };
