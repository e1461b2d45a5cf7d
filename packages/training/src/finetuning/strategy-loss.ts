import { type ArrayBackend, type BatchStatistics, type Model, run } from "@neft/model";
import type { Tensor } from "@neft/tensor";
import { type HeadPlan, runHead } from "../heads.js";
import type { ConfiguredStrategy, ForwardRequest } from "../strategy.js";

/** The backends of one forward pass. */
export interface ForwardBackends {
  readonly network: ArrayBackend;
  readonly heads: ArrayBackend;
}

/** Options of `strategyLoss`. */
export interface StrategyLossOptions {
  readonly model: Model;
  /** Name of the value with the class scores. */
  readonly logits: string;
  readonly strategy: Pick<ConfiguredStrategy, "loss">;
  readonly heads: readonly HeadPlan[];
  readonly headParameters: ReadonlyMap<string, Tensor>;
  readonly sigma: number;
  readonly batchNorm: "batch" | "frozen";
  /** Names of batch normalisation nodes that use their running statistics even with `batchNorm` "batch". Default: none. */
  readonly frozenNorms?: ReadonlySet<string>;
  /** Samples, [batch, …]. */
  readonly x: Tensor;
  /** Class of each sample, [batch]. */
  readonly labels: Int32Array;
  /** Returns the backends of one forward pass. */
  backends(request: ForwardRequest): ForwardBackends;
  /** Returns the random stream of one forward pass's dropout masks. Default: no dropout. */
  dropout?(request: ForwardRequest): { readonly seed: number; readonly step: number };
}

/** Computes a strategy's loss on one batch, a scalar, and the batch statistics of its forward passes, in the order they ran. */
export function strategyLoss(options: StrategyLossOptions): { loss: Tensor; statistics: BatchStatistics[] } {
  const {
    model,
    logits,
    strategy,
    heads,
    headParameters,
    batchNorm,
    frozenNorms = new Set(),
    x,
    labels,
    sigma,
  } = options;
  const statistics: BatchStatistics[] = [];
  const forward = (request: ForwardRequest) => {
    const backends = options.backends(request);
    const dropout = options.dropout?.(request);
    const taps = heads.map(({ tap }) => tap);
    const result = run(model, x, {
      backend: backends.network,
      batchNorm,
      frozenNorms,
      outputs: [logits],
      taps,
      dropout,
    });
    statistics.push(...result.statistics);
    return {
      logits: result.outputs.get(logits)!,
      heads: heads.map((head) => runHead(head, headParameters, result.taps.get(head.tap)!, backends.heads)),
    };
  };
  return { loss: strategy.loss({ sigma, labels, forward }), statistics };
}
