import { standardDeviation } from "@neft/crossbar";
import { defineSettings, type GivenOf, listOf, oneOf, real, settingsOfChoice, text, whole } from "@neft/options";
import type { Tensor } from "@neft/tensor";

const group = "Negative feedback:";
const distillation = "Distillation:";

/** Maximum number of forward passes in a step; their dropout masks are numbered by it. */
export const maxForwards = 64;

/** Settings of all strategies. Each strategy reads some of them. */
export const strategySettings = defineSettings({
  beta: { kind: real(), about: "strength of the negative feedback", group },
  gamma: { kind: listOf(real({}, "<g>")), about: "weights of the feedback outputs, in their order", group },
  deltaSigma: {
    kind: listOf(standardDeviation, { most: maxForwards - 1, placeholder: "<d,…>" }),
    about: "ovf: increments of σ, one per extra forward pass",
    group,
  },
  divisorN: {
    kind: real({ min: 0 }, "<n>"),
    about: "temperature: N in the divisor N + 1 of the logits",
    group,
  },
  taps: {
    kind: listOf(text("<value>"), { words: "a list of value names" }),
    about: "irs: names of the values that the heads read, shallowest first",
    defaultWords: "chosen from the model",
    group,
  },
  sizes: {
    kind: listOf(whole({ min: 1, max: 4096 })),
    about:
      "irs: size (height = width) to which each head's image feature is pooled, shallowest first; the last applies to all deeper heads",
    flag: "--head-sizes <n,…>",
    group,
  },
  hidden: {
    kind: whole({ min: 1, max: 65_536 }),
    about: "irs: width of a head's hidden layer",
    flag: "--head-hidden <n>",
    group,
  },
  distance: {
    kind: oneOf(["error", "kl"], "<which>"),
    about:
      "distillation: distance from the clean network's outputs: error (mean square, relative to their power) or kl (of the softmax along the last axis, of the scores before a final softmax)",
    group: distillation,
  },
  temperature: {
    kind: real({ above: 0 }, "<t>"),
    about: "distillation with kl: divisor of the scores",
    group: distillation,
  },
  headSigma: { kind: standardDeviation, about: "irs: σ of the heads' weights", defaultWords: "sigma", group },
});

/** Settings of a strategy. Plain data. */
export type StrategySettings = GivenOf<typeof strategySettings>;

/** A request for one forward pass of a step. */
export interface ForwardRequest {
  /** Device standard deviation, from 0 to 2; 0 is the digital network. */
  readonly sigma: number;
  /** Number of the forward pass within the step, from 0 to 63. Each number has its own draw of the variation. */
  readonly draw: number;
}

/** Results of one forward pass. */
export interface ForwardResult {
  /** The network's logits, [batch, classes]; with the target "clean", the first of `outputs`. */
  readonly logits: Tensor;
  /** Logits of the heads, shallowest first, each [batch, classes]. */
  readonly heads: readonly Tensor[];
  /** The outputs that the run compares, of any shape; the logits alone with the target "labels". */
  readonly outputs: readonly Tensor[];
}

/** An output of the clean network, which is the network before finetuning, without variation. No gradient flows into it. */
export interface CleanOutput {
  readonly values: Tensor;
  /** Mean square of the clean output over the validation samples. */
  readonly power: number;
}

/** One step of one shard: the argument of a strategy's loss. */
export interface StrategyStep {
  /** The setting `sigma`. */
  readonly sigma: number;
  /** Class of each sample, [batch]; empty with the target "clean". */
  readonly labels: Int32Array;
  /** The clean network's outputs on the shard's samples, in the order of the forward passes' `outputs`; empty with the target "labels". */
  readonly clean: readonly CleanOutput[];
  /**
   * Runs the shard's samples.
   * @throws {RangeError} for a request out of range.
   */
  forward(request: ForwardRequest): ForwardResult;
}

/** What a strategy trains towards: the samples' labels, or the outputs of the network before finetuning, which needs none. */
export type StrategyTarget = "labels" | "clean";

/** A strategy with its settings filled in. */
export interface ConfiguredStrategy {
  readonly id: string;
  /** All its settings, with defaults filled in. Results record them. */
  readonly settings: StrategySettings;
  /** Whether it trains heads along with the network. They are dropped at the end. */
  readonly hasHeads: boolean;
  readonly target: StrategyTarget;
  /** The loss to minimise: a scalar, not a promise of one. */
  loss(step: StrategyStep): Tensor;
}

/** A training strategy: what a step computes. */
export interface Strategy {
  readonly id: string;
  /** Description in one line, for the help. */
  readonly summary: string;
  /** Default values of the settings it reads. */
  readonly defaults: StrategySettings;
  /** Names of further settings it reads, which have no default. */
  readonly optional: readonly (keyof StrategySettings)[];
  readonly hasHeads: boolean;
  readonly target: StrategyTarget;
  /**
   * Checks settings and fills in the defaults.
   * @throws {OptionError} for a setting that the strategy doesn't read, or a value out of range.
   */
  configure(given?: StrategySettings): ConfiguredStrategy;
}

/** The definition of a strategy. `loss` gets the settings in `defaults`, filled in. */
export interface StrategyRow<S extends StrategySettings> {
  readonly id: string;
  readonly summary: string;
  readonly defaults: S;
  /** Default: false. */
  readonly hasHeads?: boolean;
  /** Default: labels. A strategy towards the clean network has no heads. */
  readonly target?: StrategyTarget;
  /** Names of further settings it reads, which have no default. Default: none. */
  readonly optional?: readonly (keyof StrategySettings)[];
  loss(step: StrategyStep, settings: S): Tensor;
}

/** A frozen copy of settings: a caller's later changes would change runs, and miss their checks. */
function frozenCopy<S extends StrategySettings>(settings: S): S {
  const copies = Object.entries(settings).map(([name, value]) => [
    name,
    Array.isArray(value) ? Object.freeze([...value]) : value,
  ]);
  return Object.freeze(Object.fromEntries(copies)) as S;
}

/** Makes a strategy from its definition. It keeps a frozen copy of the defaults. */
export function defineStrategy<S extends StrategySettings>(row: StrategyRow<S>): Strategy {
  const { id, summary, hasHeads = false, target = "labels", optional = [] } = row;
  const defaults = frozenCopy(row.defaults);
  const configure = (given: StrategySettings = {}): ConfiguredStrategy => {
    const settings = settingsOfChoice("strategy", { id, defaults, optional }, strategySettings, given);
    return { id, settings, hasHeads, target, loss: (step) => row.loss(step, settings as unknown as S) };
  };
  return { id, summary, defaults, optional, hasHeads, target, configure };
}
