import type { ResolvedOf } from "@neft/options";
import type { Plan, PlanMethod } from "@neft/study";
import { strategies } from "@neft/training";
import { UsageError } from "./exit-codes.js";
import type { compareRows } from "./options.js";
import { runStudy } from "./sweep.js";

type Options = ResolvedOf<typeof compareRows>;

/** Test samples that belong to training samples. */
const testOf: Readonly<Record<string, string>> = { "mnist:train": "mnist:test" };

/** What isn't a strategy, and what it does. */
const untrained: Readonly<Record<string, PlanMethod>> = { imported: {}, equalise: { equalise: true } };

/**
 * `neft compare MODEL`: trains a model by several strategies and compares them on the same chips.
 * @param given  Options as given, without defaults: what isn't given is left to the calls.
 */
export async function compareStrategies(
  file: string,
  options: Options,
  given: Readonly<Record<string, unknown>>,
): Promise<void> {
  await runStudy(planOf(file, options, given), [file], options);
}

/** The plan of a comparison. */
export function planOf(file: string, options: Options, given: Readonly<Record<string, unknown>>): Plan {
  const { data, limit, testLimit, seeds } = options;
  const { sigma, trainSigma } = given;
  const test = options.test ?? testOf[data];
  if (test === undefined)
    throw new UsageError(`--test: expected the samples to test on, got none; ${data} doesn't say which`);
  const unknown = options.strategies.find((id) => !strategies.has(id) && !Object.hasOwn(untrained, id));
  if (unknown !== undefined)
    throw new UsageError(
      `--strategies: expected some of ${[...Object.keys(untrained), ...strategies.keys()].join(", ")}, got ${unknown}`,
    );
  const pick = (names: readonly string[]) =>
    Object.fromEntries(names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
  const target = pick(["chip", "device", "weightBits", "bitsPerCell", "perSample", "calibrationSamples"]);
  const input = pick(["scale", "mean", "std", "layout"]);
  const own = new Set([...Object.keys(target), ...Object.keys(input), ...notOfFinetune]);
  const finetune = pick(Object.keys(given).filter((name) => !own.has(name)));
  return {
    kind: "plan",
    format: 1,
    networks: [
      {
        model: file,
        train: data,
        ...(limit !== undefined && { trainLimit: limit }),
        test,
        ...(testLimit !== undefined && { testLimit }),
        input,
      },
    ] as Plan["networks"],
    methods: Object.fromEntries(
      options.strategies.map((id) => [id, untrained[id] ?? { finetune: { strategy: id } }]),
    ) as Plan["methods"],
    targets: [{ options: target }] as Plan["targets"],
    sigma: {
      ...(trainSigma !== undefined && { train: [trainSigma as number] }),
      ...(sigma !== undefined && { test: [sigma].flat() as number[] }),
    },
    seeds: Array.from({ length: seeds }, (_, i) => i + 1),
    finetune: finetune as Plan["finetune"],
    evaluate: pick(["chips"]) as Plan["evaluate"],
  };
}

/** Options of the command that aren't those of `finetune`. */
const notOfFinetune = [
  ...["data", "limit", "test", "testLimit", "strategies", "seeds", "sigma", "trainSigma", "chips"],
  ...["store", "workers", "fast", "json", "report"],
];
