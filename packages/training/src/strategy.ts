import { standardDeviation } from "@neft/crossbar";
import {
  defineSettings,
  type GivenOf,
  listOf,
  oneOf,
  pairOf,
  real,
  settingsOfChoice,
  text,
  whole,
} from "@neft/options";
import type { Tensor } from "@neft/tensor";
import type { TrainingPosition } from "./position.js";

const group = "Negative feedback:";
const distillation = "Distillation:";
const training = "Other strategies:";

/** A factor of σ, which stays within the bounds of a forward pass. */
const factor = real({ min: 0, max: 2 });

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
  sigmaFactors: {
    kind: pairOf(factor, "a list of two numbers ≥ 0 and ≤ 2"),
    about: "vant, sigma-ramp: range of the training σ, as factors of sigma",
    group: training,
  },
  sigmaFactor: { kind: factor, about: "sigma-above: training σ, as a factor of sigma", group: training },
  penalty: { kind: real({ min: 0 }), about: "correctnet: weight of the penalty", group: training },
  robustness: { kind: real({ min: 0 }), about: "adversarial: weight of the divergence", group: training },
  zeta: {
    kind: real({ min: 0, max: 1 }),
    about: "adversarial: largest change of a weight by the attack, relative to the weight",
    group: training,
  },
  attackSteps: {
    kind: whole({ min: 0, max: 60 }),
    about: "adversarial: steps of the attack, each with a forward and a backward pass",
    group: training,
  },
  rho: { kind: real({ min: 0 }), about: "sam: distance to the weights at which gradients are taken", group: training },
  headSigma: { kind: standardDeviation, about: "irs: σ of the heads' weights", defaultWords: "sigma", group },
});

/** Settings of a strategy. Plain data. */
export type StrategySettings = GivenOf<typeof strategySettings>;

/** A parameter that a run trains: of the network, or of a head. */
export interface TrainedWeight {
  readonly name: string;
  /** Its values in this step. Losses may be computed from it: gradients flow into it. */
  readonly tensor: Tensor;
  /** Whether it is a weight of the network on crossbars, which varies. */
  readonly onCrossbar: boolean;
}

/** A request for one forward pass of a step. */
export interface ForwardRequest {
  /** Device standard deviation, from 0 to 2; 0 is the digital network. */
  readonly sigma: number;
  /** Number of the forward pass within the step, from 0 to 63. Each number has its own draw of the variation, and of dropout's masks. */
  readonly draw: number;
  /**
   * What this pass adds to the trained weights, usually constants, in the order of `StrategyStep.weights` and of their shapes; undefined: nothing to
   * that weight. Devices hold the sums, so σ is relative to the largest of them. Gradients flow through the sums to the weights. A pass
   * with an offset doesn't update running statistics of batch normalisation. Default: none.
   */
  readonly offset?: readonly (Tensor | undefined)[] | undefined;
}

/** Results of one forward pass. */
export interface ForwardResult {
  /** The network's logits, [batch, classes]; with the target "clean", the first of `outputs`. */
  readonly logits: Tensor;
  /** Logits of the heads, shallowest first, each [batch, classes]. Computed when they are first read. */
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

/**
 * One step of one shard: the argument of a strategy's loss. A network that fixes its batch runs a shard in parts; each is a step of its
 * own, and the shard's loss and gradients are their means.
 */
export interface StrategyStep {
  /** The setting `sigma`. */
  readonly sigma: number;
  /** Where the step stands in the run; `step` counts those before it. */
  readonly position: TrainingPosition;
  /** The shard's samples, [batch, …]; by input if there are several. */
  readonly x: Tensor | Readonly<Record<string, Tensor>>;
  /** Class of each sample, [batch]; empty with the target "clean". */
  readonly labels: Int32Array;
  /** Position of the shard's first sample in the whole batch. */
  readonly firstSample: number;
  /** The clean network's outputs on the shard's samples, in the order of the forward passes' `outputs`; empty with the target "labels". */
  readonly clean: readonly CleanOutput[];
  /** The same outputs without their power, for both targets; only for a strategy that `hasTeacher`, or has the target "clean". */
  readonly teacher?: readonly Tensor[] | undefined;
  /** What is trained: parameters of the network that aren't frozen, then those of the heads. */
  readonly weights: readonly TrainedWeight[];
  /**
   * Key of a random stream, made of seed, purpose, index and the run's step, for `normals` and `uniforms`. All shards of a step get the same
   * key, on any worker: what is drawn from it for the whole step doesn't depend on shards. For draws of single samples, use
   * `firstSample` + the sample's position as the index.
   * @param index  Default: 0.
   */
  stream(purpose: string, index?: number): bigint;
  /**
   * Runs the shard's samples.
   * @throws {RangeError} for a request out of range.
   */
  forward(request: ForwardRequest): ForwardResult;
  /**
   * Gradients of a loss by `weights`, in their order, as constants. They are those of the shard's samples alone, so what is computed of
   * them depends on the number of shards. The passes that the loss is computed from are used up: run them anew for the loss of the step.
   * @param loss  A scalar.
   */
  gradients(loss: Tensor): Tensor[];
}

/** What a strategy trains towards: the samples' labels, or the outputs of the network before finetuning, which needs none. */
export type StrategyTarget = "labels" | "clean";

/** Forward and backward passes of a batch through the network. A backward pass counts once for each forward pass that it goes through. */
export interface Passes {
  readonly forward: number;
  readonly backward: number;
}

/** A strategy with its settings filled in. */
export interface ConfiguredStrategy {
  readonly id: string;
  /** All its settings, with defaults filled in. Results record them. */
  readonly settings: StrategySettings;
  /** Whether it trains heads along with the network. They are dropped at the end. */
  readonly hasHeads: boolean;
  /** Whether steps have the outputs of the network before finetuning. */
  readonly hasTeacher: boolean;
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
  /** Whether steps have the outputs of the network before finetuning. */
  readonly hasTeacher: boolean;
  readonly target: StrategyTarget;
  /** Where the method is from; undefined for one that isn't published. */
  readonly source: string | undefined;
  /** Passes of a step with these settings; undefined if the row doesn't say. */
  cost(settings?: StrategySettings): Passes | undefined;
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
  /** Whether the loss reads `StrategyStep.teacher`. Default: false. */
  readonly hasTeacher?: boolean;
  /** Where the method is from. Default: it isn't published. */
  readonly source?: string;
  /** Passes of a step through the network. Results have the passes that ran, whatever this says. Default: not said. */
  readonly cost?: (settings: S) => Passes;
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
  const { id, summary, hasHeads = false, hasTeacher = false, target = "labels", optional = [], source } = row;
  const defaults = frozenCopy(row.defaults);
  const configure = (given: StrategySettings = {}): ConfiguredStrategy => {
    const settings = settingsOfChoice("strategy", { id, defaults, optional }, strategySettings, given);
    return { id, settings, hasHeads, hasTeacher, target, loss: (step) => row.loss(step, settings as unknown as S) };
  };
  const cost = (given?: StrategySettings) => row.cost?.(configure(given).settings as unknown as S);
  return { id, summary, source, defaults, optional, hasHeads, hasTeacher, target, cost, configure };
}
