import { type Shape, shapeText, sizeOf } from "../shape.js";
import { full, type Tensor } from "../tensor.js";
import { div, mul } from "./arithmetic.js";
import { takeElements } from "./elements.js";
import { neg } from "./elementwise.js";
import { indexValues } from "./gather-scatter.js";
import { reduceSum } from "./reductions.js";
import { logSoftmax } from "./softmax.js";

/** Attributes of {@link negativeLogLikelihoodLoss} and {@link softmaxCrossEntropyLoss}. */
export interface LikelihoodLossAttributes {
  /** Weight of each class, [classes]. Default: 1. */
  readonly weights?: Tensor | undefined;
  /** Class whose samples don't count. Default: none. */
  readonly ignoreIndex?: number | undefined;
  /** Loss of each sample, their sum, or the sum over that of the weights. Default: "mean". */
  readonly reduction?: "none" | "sum" | "mean";
}

/** Classes of the samples; −1 for those that don't count. @throws {RangeError} for a class out of range. */
function classesOf(who: string, targets: Tensor, classes: number, ignoreIndex: number | undefined): Int32Array {
  return Int32Array.from(indexValues(who, targets) as ArrayLike<number>, (target) => {
    const index = Number(target);
    if (index === ignoreIndex) return -1;
    if (index >= 0 && index < classes) return index;
    throw new RangeError(`${who}: expected classes from 0 to ${classes - 1}, got ${index}`);
  });
}

/** Positions in [n, classes, ..] of the classes of all samples, [n, ..]. */
function positionsOf(indices: Int32Array, shape: Shape): Int32Array {
  const [classes, inner] = [shape[1]!, sizeOf(shape.slice(2))];
  return indices.map((index, i) => (index < 0 ? -1 : (Math.floor(i / inner) * classes + index) * inner + (i % inner)));
}

/**
 * Negative log-likelihood: −x at the class of each sample, times its weight.
 *
 * @param x        Logarithms of probabilities, [n, classes, ..].
 * @param targets  Classes: i64 or i32 [n, ..].
 * @returns [n, ..], or a scalar.
 * @throws {RangeError} when shapes don't match, or for a class out of range.
 */
export function negativeLogLikelihoodLoss(
  x: Tensor,
  targets: Tensor,
  attributes: LikelihoodLossAttributes = {},
): Tensor {
  return likelihoodLoss("negativeLogLikelihoodLoss", x, targets, attributes);
}

function likelihoodLoss(
  who: string,
  x: Tensor,
  targets: Tensor,
  { weights, ignoreIndex, reduction = "mean" }: LikelihoodLossAttributes,
): Tensor {
  const [n, classes = 0, ...rest] = x.shape;
  if (x.shape.length < 2 || targets.shape.join() !== [n, ...rest].join()) {
    throw new RangeError(
      `${who}: expected [n, classes, ..] and targets [n, ..], got ${shapeText(x.shape)} and ${shapeText(targets.shape)}`,
    );
  }
  if (weights && weights.shape.join() !== String(classes)) {
    throw new RangeError(`${who}: expected weights [${classes}], got ${shapeText(weights.shape)}`);
  }
  const { shape } = targets;
  const indices = classesOf(who, targets, classes, ignoreIndex);
  const factors = takeElements(weights ?? full([classes], 1), { shape, positions: indices });
  const losses = mul(neg(takeElements(x, { shape, positions: positionsOf(indices, x.shape) })), factors);
  if (reduction === "none") return losses;
  const sum = reduceSum(losses);
  return reduction === "sum" ? sum : div(sum, reduceSum(factors));
}

/**
 * Cross entropy of softmax scores.
 *
 * @param scores   [n, classes, ..].
 * @param targets  Classes: i64 or i32 [n, ..].
 * @returns the loss, [n, ..] or a scalar, and the logarithms of the probabilities, [n, classes, ..].
 * @throws {RangeError} when shapes don't match, or for a class out of range.
 */
export function softmaxCrossEntropyLoss(
  scores: Tensor,
  targets: Tensor,
  attributes: LikelihoodLossAttributes = {},
): { readonly loss: Tensor; readonly logProbabilities: Tensor } {
  const logProbabilities = logSoftmax(scores, { axis: 1 });
  return { loss: likelihoodLoss("softmaxCrossEntropyLoss", logProbabilities, targets, attributes), logProbabilities };
}
