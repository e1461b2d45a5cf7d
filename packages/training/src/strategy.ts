import { limits } from "@neft/evaluation";
import { boundsInWords, inWords, isListOf, isWithin, optionError } from "@neft/options";
import type { Tensor } from "@neft/tensor";

/** Settings of every strategy, plain data; each strategy has some of them. */
export interface StrategySettings {
  /** Strength of the negative feedback. */
  readonly beta?: number | undefined;
  /** Weight of each feedback output, in its order. */
  readonly gamma?: readonly number[] | undefined;
  /** What is added to σ for each of the extra forwards. */
  readonly deltaSigma?: readonly number[] | undefined;
  /** N of the divisor N + 1, where there are no feedback outputs. */
  readonly divisorN?: number | undefined;
  /** Values the heads read, shallowest first; chosen by the rule of `chooseTaps` unless said. */
  readonly taps?: readonly string[] | undefined;
  /** Side of the square each head's 4-D feature is pooled to, shallowest first; the last one serves all deeper heads too. */
  readonly sizes?: readonly number[] | undefined;
  /** Width of a head's hidden layer. */
  readonly hidden?: number | undefined;
  /** σ of the heads' weights; that of training unless said. */
  readonly headSigma?: number | undefined;
}

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

const isNumber = (value: unknown): boolean => Number.isFinite(value);
const isSigma = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0;
const isList = (check: (value: unknown) => boolean) => (value: unknown) =>
  isListOf(check)(value) && (value as unknown[]).length > 0;
const most = limits.extraForwards.max;

/** What each setting may be. */
const rules: Readonly<
  Record<keyof StrategySettings, { readonly expected: string; readonly check: (value: unknown) => boolean }>
> = {
  beta: { expected: "a number", check: isNumber },
  gamma: { expected: "a list of numbers", check: isList(isNumber) },
  deltaSigma: {
    expected: `a list of numbers ≥ 0, at most ${most}`,
    check: (value) => isList(isSigma)(value) && (value as unknown[]).length <= most,
  },
  divisorN: { expected: "a number ≥ 0", check: isSigma },
  taps: { expected: "a list of value names", check: isList((name) => typeof name === "string" && name !== "") },
  sizes: {
    expected: `a list, each ${boundsInWords(limits.headSize)}`,
    check: isList((value) => isWithin(value, limits.headSize)),
  },
  hidden: { expected: boundsInWords(limits.headHidden), check: (value) => isWithin(value, limits.headHidden) },
  headSigma: { expected: "a number ≥ 0", check: isSigma },
};

/** Makes a strategy of its row. */
export function defineStrategy<S extends StrategySettings>(row: StrategyRow<S>): Strategy {
  const { id, summary, defaults, hasHeads = false, optional = [] } = row;
  const known = [...(Object.keys(defaults) as (keyof StrategySettings)[]), ...optional];
  const configure = (given: StrategySettings = {}): ConfiguredStrategy => {
    const settings: { [name: string]: unknown } = Object.fromEntries(Object.entries(defaults));
    for (const [name, value] of Object.entries(given) as [keyof StrategySettings, unknown][]) {
      if (value === undefined) continue;
      if (!known.includes(name)) {
        throw optionError((called) => {
          const others = known.length > 0 ? ` but ${known.map(called).join(", ")}` : "";
          return `strategy ${id}: expected no setting${others}, got ${called(name)}`;
        });
      }
      if (!rules[name].check(value)) {
        throw new RangeError(`strategy ${id}: ${name}: expected ${rules[name].expected}, got ${inWords(value)}`);
      }
      settings[name] = value;
    }
    return { id, settings, hasHeads, loss: (step) => row.loss(step, settings as unknown as S) };
  };
  return { id, summary, defaults, hasHeads, configure };
}
