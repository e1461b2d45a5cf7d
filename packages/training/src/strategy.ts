import { standardDeviation } from "@neft/crossbar";
import { defineSettings, type GivenOf, listOf, real, settingsOfChoice, text, whole } from "@neft/options";
import type { Tensor } from "@neft/tensor";

const group = "Negative feedback:";

/** Forwards at larger σ in a step. */
const mostExtraForwards = 63;

/** Settings of every strategy; each strategy reads some of them. */
export const strategySettings = defineSettings({
  beta: { kind: real(), about: "strength of the negative feedback", group },
  gamma: { kind: listOf(real({}, "<g>")), about: "weight of each feedback output, in its order", group },
  deltaSigma: {
    kind: listOf(standardDeviation, { most: mostExtraForwards, placeholder: "<d,…>" }),
    about: "ovf: what is added to σ in each extra forward; N of them",
    group,
  },
  divisorN: {
    kind: real({ min: 0 }, "<n>"),
    about: "temperature: N of the divisor N + 1, where there are no feedback outputs",
    group,
  },
  taps: {
    kind: listOf(text("<value>"), { words: "a list of value names" }),
    about: "irs: values the heads read, shallowest first",
    defaultWords: "chosen from the model",
    group,
  },
  sizes: {
    kind: listOf(whole({ min: 1, max: 4096 })),
    about:
      "irs: side of the square each head's image feature is pooled to, shallowest first; the last one serves all deeper heads too",
    flag: "--head-sizes <n,…>",
    group,
  },
  hidden: {
    kind: whole({ min: 1, max: 65_536 }),
    about: "irs: width of a head's hidden layer",
    flag: "--head-hidden <n>",
    group,
  },
  headSigma: { kind: standardDeviation, about: "irs: σ of the heads' weights", defaultWords: "sigma", group },
});

export type StrategySettings = GivenOf<typeof strategySettings>;

/** What a strategy asks of the network in one step. */
export interface ForwardRequest {
  /** Device standard deviation; 0 is the digital network. */
  readonly sigma: number;
  /** Number of the forward within the step: each has its own draw of the variation. */
  readonly draw: number;
}

/** One step of one shard, as a strategy sees it. */
export interface StrategyStep {
  /** Device standard deviation of the run. */
  readonly sigma: number;
  readonly labels: Int32Array;
  /** Runs the batch through the network; `heads` holds the heads' logits, shallowest first, where the strategy has heads. */
  forward(request: ForwardRequest): { readonly logits: Tensor; readonly heads: readonly Tensor[] };
}

/** A strategy with its settings filled in. */
export interface ConfiguredStrategy {
  readonly id: string;
  /** Every setting it has, defaults filled in: what results record. */
  readonly settings: StrategySettings;
  /** Whether heads are trained along; they are dropped at the end. */
  readonly hasHeads: boolean;
  /** The scalar the step goes down. */
  loss(step: StrategyStep): Tensor;
}

/** One way to train. */
export interface Strategy {
  readonly id: string;
  /** One line for lists. */
  readonly summary: string;
  readonly defaults: StrategySettings;
  /** Settings without a default value. */
  readonly optional: readonly (keyof StrategySettings)[];
  readonly hasHeads: boolean;
  /**
   * Fills in the defaults.
   * @throws {RangeError} for a setting the strategy doesn't have or a value out of range.
   */
  configure(given?: StrategySettings): ConfiguredStrategy;
}

/** A strategy's row: `loss` sees the settings named in `defaults`, filled in. */
export interface StrategyRow<S extends StrategySettings> {
  readonly id: string;
  readonly summary: string;
  readonly defaults: S;
  readonly hasHeads?: boolean;
  /** Settings without a default value. */
  readonly optional?: readonly (keyof StrategySettings)[];
  loss(step: StrategyStep, settings: S): Tensor;
}

/** Makes a strategy of its row. */
export function defineStrategy<S extends StrategySettings>(row: StrategyRow<S>): Strategy {
  const { id, summary, defaults, hasHeads = false, optional = [] } = row;
  const configure = (given: StrategySettings = {}): ConfiguredStrategy => {
    const settings = settingsOfChoice("strategy", { id, defaults, optional }, strategySettings, given);
    return { id, settings, hasHeads, loss: (step) => row.loss(step, settings as unknown as S) };
  };
  return { id, summary, defaults, optional, hasHeads, configure };
}
