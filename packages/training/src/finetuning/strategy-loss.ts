import { type ArrayBackend, type BatchStatistics, type Model, run } from "@neft/model";
import { checkOptions, checkWithin, has, inWords, type Rules, required } from "@neft/options";
import { Tensor } from "@neft/tensor";
import { type HeadPlan, runHead } from "../heads.js";
import {
  type CleanOutput,
  type ConfiguredStrategy,
  type ForwardRequest,
  type ForwardResult,
  maxForwards,
} from "../strategy.js";

/** The backends of one forward pass. */
export interface ForwardBackends {
  readonly network: ArrayBackend;
  readonly heads: ArrayBackend;
}

/** Options of `strategyLoss`. */
export interface StrategyLossOptions {
  readonly model: Model;
  /** Name of the value with the class scores; with the target "clean", of the first output. */
  readonly logits: string;
  /** Names of the values to compare. Default: `logits` alone. */
  readonly outputs?: readonly string[];
  /** The clean network's values of `outputs`. Default: none. */
  readonly clean?: readonly CleanOutput[];
  readonly strategy: Pick<ConfiguredStrategy, "id" | "loss">;
  readonly heads: readonly HeadPlan[];
  readonly headParameters: ReadonlyMap<string, Tensor>;
  readonly sigma: number;
  readonly batchNorm: "batch" | "frozen";
  /** Names of batch normalisation nodes that use their running statistics even with `batchNorm` "batch". Default: none. */
  readonly frozenNorms?: ReadonlySet<string>;
  /** Samples, [batch, …]; by input if there are several. */
  readonly x: Tensor | Readonly<Record<string, Tensor>>;
  /** Class of each sample, [batch]; empty with the target "clean". */
  readonly labels: Int32Array;
  /** Returns the backends of one forward pass. */
  backends(request: ForwardRequest): ForwardBackends;
  /** Returns the random stream of one forward pass's dropout masks. Default: no dropout. */
  dropout?(request: ForwardRequest): { readonly seed: number; readonly step: number };
}

/**
 * OVF adds an increment to the setting `sigma`, and each is at most 1. A draw of `maxForwards` or more would have the dropout masks of
 * another step.
 */
const requestRules: Rules<ForwardRequest> = {
  sigma: required((value, who) => checkWithin(who, value, { min: 0, max: 2 })),
  draw: required((value, who) => checkWithin(who, value, { whole: true, min: 0, max: maxForwards - 1 })),
};

/** @throws {RangeError} if the value that a strategy's loss returned isn't a scalar tensor. */
function checkLoss(who: string, loss: unknown): void {
  if (loss instanceof Tensor && loss.size === 1) return;
  // The error below says what is wrong, so a later rejection is of no use.
  if (has(loss, "then")) Promise.resolve(loss).catch(() => {});
  const got = has(loss, "then")
    ? "a promise; return the tensor itself"
    : loss instanceof Tensor
      ? `a tensor of shape [${loss.shape.join(", ")}]`
      : inWords(loss);
  throw new RangeError(`${who}: loss: expected a scalar tensor, got ${got}`);
}

/**
 * Computes a strategy's loss on one batch, a scalar, and the batch statistics of its forward passes, in the order they ran.
 * @throws {RangeError} if the strategy's loss isn't a scalar, or it asks for a forward pass out of range.
 */
export function strategyLoss(options: StrategyLossOptions): { loss: Tensor; statistics: BatchStatistics[] } {
  const {
    model,
    logits,
    outputs = [logits],
    clean = [],
    strategy,
    heads,
    headParameters,
    batchNorm,
    frozenNorms = new Set(),
    x,
    labels,
    sigma,
  } = options;
  const who = `strategy ${inWords(strategy.id)}`;
  const statistics: BatchStatistics[] = [];
  const forward = (request: ForwardRequest): ForwardResult => {
    checkOptions(`${who}: forward`, request, requestRules, `${who}: forward: `);
    const backends = options.backends(request);
    const dropout = options.dropout?.(request);
    const taps = heads.map(({ tap }) => tap);
    const result = run(model, x, {
      backend: backends.network,
      batchNorm,
      frozenNorms,
      outputs,
      taps,
      dropout,
    });
    statistics.push(...result.statistics);
    return {
      logits: result.outputs.get(logits)!,
      outputs: outputs.map((name) => result.outputs.get(name)!),
      heads: heads.map((head) => runHead(head, headParameters, result.taps.get(head.tap)!, backends.heads)),
    };
  };
  const loss = strategy.loss({ sigma, labels, clean, forward });
  checkLoss(who, loss);
  return { loss, statistics };
}
