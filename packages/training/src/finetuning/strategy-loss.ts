import { type ArrayBackend, type BatchStatistics, type Model, run } from "@neft/model";
import { checkOptions, checkWithin, has, inWords, isListOf, kind, type Rules, required } from "@neft/options";
import { add, backward, isConsumed, stream, Tensor } from "@neft/tensor";
import { type HeadPlan, runHead } from "../heads.js";
import type { LossTerm } from "../modifier.js";
import type { TrainingPosition } from "../position.js";
import {
  type CleanOutput,
  type ConfiguredStrategy,
  type ForwardRequest,
  type ForwardResult,
  maxForwards,
  type Passes,
  type StrategyStep,
  type TrainedWeight,
} from "../strategy.js";
import { purposes } from "../streams.js";

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
  /** The clean network's values of `outputs`, if the strategy or a modifier reads them. */
  readonly teacher?: readonly Tensor[] | undefined;
  /** What modifiers add to the loss, of the teacher. Default: nothing. */
  readonly terms?: readonly LossTerm[];
  /** What is trained. Default: nothing that strategies see. */
  readonly weights?: readonly TrainedWeight[];
  /** Where the step stands in its run. Default: a run's only step. */
  readonly position?: TrainingPosition;
  /** Position of the first sample in the whole batch. Default: 0. */
  readonly firstSample?: number;
  /** Seed of the streams of `StrategyStep.stream`. Default: 1. */
  readonly seed?: number;
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
  offset: kind(
    "a list of tensors, one for each of the step's weights",
    isListOf((one) => one === undefined || one instanceof Tensor),
  ),
};

/** The trained tensors of a pass with an offset, by name. */
function shifted(
  who: string,
  weights: readonly TrainedWeight[],
  offset: ForwardRequest["offset"],
): ReadonlyMap<string, Tensor> | undefined {
  if (offset === undefined) return undefined;
  if (offset.length !== weights.length)
    throw new RangeError(
      `${who}: offset: expected ${weights.length} tensors, one for each weight, got ${offset.length}`,
    );
  const sums = new Map<string, Tensor>();
  for (const [i, { name, tensor }] of weights.entries()) {
    const own = offset[i];
    if (own === undefined) continue;
    if (own.dtype !== "f32" || own.shape.join() !== tensor.shape.join()) {
      throw new RangeError(
        `${who}: offset of ${inWords(name)}: expected f32 [${tensor.shape.join(", ")}], got ${own.dtype} [${own.shape.join(", ")}]`,
      );
    }
    sums.set(name, add(tensor, own));
  }
  return sums;
}

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

/** Result of `strategyLoss`. */
export interface StrategyLoss {
  /** A scalar. */
  readonly loss: Tensor;
  /** Batch statistics of the forward passes, in the order they ran. */
  readonly statistics: readonly BatchStatistics[];
  /** Passes so far. A backward pass counts once for each forward pass that it goes through. */
  passes(): Passes;
}

/**
 * Computes a strategy's loss on one batch.
 * @throws {RangeError} if the strategy's loss isn't a scalar, or it asks for a forward pass out of range.
 */
export function strategyLoss(options: StrategyLossOptions): StrategyLoss {
  const {
    model,
    logits,
    outputs = [logits],
    clean = [],
    teacher,
    terms = [],
    weights = [],
    position = { epoch: 1, step: 0, steps: 1 },
    firstSample = 0,
    seed = 1,
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
  const passes: { readonly outputs: readonly Tensor[]; readonly logits: Tensor; readonly isShifted: boolean }[] = [];
  const forward = (request: ForwardRequest): ForwardResult => {
    checkOptions(`${who}: forward`, request, requestRules, `${who}: forward: `);
    const backends = options.backends(request);
    const dropout = options.dropout?.(request);
    const taps = heads.map(({ tap }) => tap);
    const sums = shifted(`${who}: forward`, weights, request.offset);
    const result = run(model, x, {
      backend: backends.network,
      batchNorm,
      frozenNorms,
      parameters: sums && new Map([...sums].filter(([name]) => model.parameters.has(name))),
      outputs,
      taps,
      dropout,
    });
    const found = { logits: result.outputs.get(logits)!, outputs: outputs.map((name) => result.outputs.get(name)!) };
    passes.push({ ...found, isShifted: sums !== undefined });
    if (sums === undefined) statistics.push(...result.statistics);
    const ofHeads = sums === undefined ? headParameters : new Map([...headParameters, ...sums]);
    let ofPass: readonly Tensor[] | undefined;
    return {
      ...found,
      get heads() {
        ofPass ??= heads.map((head) => runHead(head, ofHeads, result.taps.get(head.tap)!, backends.heads));
        return ofPass;
      },
    };
  };
  const step: StrategyStep = {
    sigma,
    position,
    x,
    labels,
    firstSample,
    clean,
    teacher,
    weights,
    stream: (name, index = 0) => stream(seed, { purpose: purposes.strategy, name, index, step: position.step }),
    forward,
    gradients: (loss) => {
      checkLoss(`${who}: gradients`, loss);
      return backward(
        loss,
        weights.map(({ tensor }) => tensor),
      );
    },
  };
  const own = strategy.loss(step);
  checkLoss(who, own);
  return {
    loss: terms.reduce((sum, term) => add(sum, term(open(), teacher!)), own),
    statistics,
    passes: () => ({
      forward: passes.length,
      backward: passes.filter(({ logits }) => isConsumed(logits)).length,
    }),
  };

  /** Outputs of the pass that terms are of. */
  function open(): readonly Tensor[] {
    const left = passes.filter(({ logits }) => !isConsumed(logits));
    const pass = left.find(({ isShifted }) => !isShifted) ?? left[0];
    if (pass === undefined) throw new RangeError(`${who}: expected a loss of a forward pass, got one of none`);
    return pass.outputs;
  }
}
