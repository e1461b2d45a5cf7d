import { type ArrayBackend, type BatchStatistics, type Model, run } from "@neft/model";
import type { Tensor } from "@neft/tensor";
import { type HeadPlan, runHead } from "../heads.js";
import type { ConfiguredStrategy, ForwardRequest } from "../strategy.js";

/** The arrays one forward runs on. */
export interface ForwardBackends {
  readonly network: ArrayBackend;
  readonly heads: ArrayBackend;
}

export interface StrategyLossOptions {
  readonly model: Model;
  /** Name of the value with the class scores. */
  readonly logits: string;
  readonly strategy: Pick<ConfiguredStrategy, "loss">;
  readonly heads: readonly HeadPlan[];
  readonly headParameters: ReadonlyMap<string, Tensor>;
  readonly sigma: number;
  readonly batchNorm: "batch" | "frozen";
  /** Names of batch normalisations that keep their statistics whatever `batchNorm` says. */
  readonly frozenNorms?: ReadonlySet<string>;
  /** [batch, …] */
  readonly x: Tensor;
  readonly labels: Int32Array;
  /** The arrays of one forward. */
  backends(request: ForwardRequest): ForwardBackends;
  /** Where the masks of dropout nodes come from in one forward; none are drawn where left out. */
  dropout?(request: ForwardRequest): { readonly seed: number; readonly step: number };
}

/** A strategy's loss on one batch, and the statistics its forwards' batch norms took, in the order they ran. */
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
    const shared = { backend: backends.network, batchNorm, frozenNorms, outputs: [logits], taps };
    const result = run(model, x, dropout ? { ...shared, dropout } : shared);
    statistics.push(...result.statistics);
    return {
      logits: result.outputs.get(logits)!,
      heads: heads.map((head) => runHead(head, headParameters, result.taps.get(head.tap)!, backends.heads)),
    };
  };
  return { loss: strategy.loss({ sigma, labels, forward }), statistics };
}
