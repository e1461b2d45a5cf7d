import { type ArrayProduct, computeProduct as ofNode } from "@neft/model";
import { checkOptions, has, isListOf, isWithin, kind, kinds, optional, type Rule, type Rules } from "@neft/options";
import type { ReduceAttributes, SoftmaxAttributes, Tensor, Variation } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { type Feedback, feedbackLoss as feedback } from "@neft/training";

/** Operations for losses: those of tensor, with a check of each argument. */

const tensorRule: Rule = kind("a tensor", (value) => value instanceof ops.Tensor);
const tensors: Rule = kind(
  "a list of tensors",
  isListOf((value) => value instanceof ops.Tensor),
);
const labelRule: Rule = kind("labels as an Int32Array", (value) => value instanceof Int32Array);
const finite: Rule = kind("a finite number", Number.isFinite);

/** Rules of an argument that holds optional attributes. */
const attributes =
  <Attributes>(rules: Rules<Attributes>): Rule =>
  (value, who) =>
    checkOptions(who, value, rules);

const reduce = attributes<ReduceAttributes>({
  axes: kind("a list of whole numbers", isListOf(Number.isSafeInteger)),
  keepDims: kinds.flag,
});
const ofAxis = attributes<SoftmaxAttributes>({ axis: kind("a whole number", Number.isSafeInteger) });
const feedbackRule: Rule = (value, who) => {
  kind("beta and gamma", (one) => has(one, "beta", "gamma"))(value, who);
  const { beta, gamma } = value as Feedback;
  finite(beta, `${who}: beta`);
  kind("a list of finite numbers", isListOf(Number.isFinite))(gamma, `${who}: gamma`);
};

/** An operation that checks its arguments, by their names and rules, before it runs. */
function checked<Args extends unknown[], Result>(
  name: string,
  rules: Readonly<Record<string, Rule>>,
  run: (...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => {
    for (const [i, [argument, rule]] of Object.entries(rules).entries()) rule(args[i], `${name}: ${argument}`);
    return run(...args);
  };
}

const one = { x: tensorRule };
const pair = { a: tensorRule, b: tensorRule };
type OfOne = (x: Tensor) => Tensor;
type OfTwo = (a: Tensor, b: Tensor) => Tensor;

/** a + b; shapes broadcast. */
export const add: OfTwo = checked("add", pair, (a, b) => ops.add(a, b));
/** a − b; shapes broadcast. */
export const sub: OfTwo = checked("sub", pair, (a, b) => ops.sub(a, b));
/** a·b, element by element; shapes broadcast. */
export const mul: OfTwo = checked("mul", pair, (a, b) => ops.mul(a, b));
/** Matrix product. a: [M, K], b: [K, N], result: [M, N]; further axes in front broadcast. */
export const matmul: OfTwo = checked("matmul", pair, (a, b) => ops.matmul(a, b));
/** c·x for a number c. */
export const scale: (x: Tensor, c: number) => Tensor = checked("scale", { ...one, c: finite }, (x, c) =>
  ops.scale(x, c),
);
/** e to the power of x. */
export const exp: OfOne = checked("exp", one, (x) => ops.exp(x));
/** Natural logarithm. */
export const log: OfOne = checked("log", one, (x) => ops.log(x));
/** x². */
export const square: OfOne = checked("square", one, (x) => ops.square(x));

type OverAxis = (x: Tensor, attributes?: SoftmaxAttributes) => Tensor;

/** Softmax along an axis. Default: the last one. @throws {RangeError} for an axis out of range. */
export const softmax: OverAxis = checked("softmax", { ...one, attributes: optional(ofAxis) }, (x, given) =>
  ops.softmax(x, given),
);
/** Logarithm of the softmax. @throws {RangeError} for an axis out of range. */
export const logSoftmax: OverAxis = checked("logSoftmax", { ...one, attributes: optional(ofAxis) }, (x, given) =>
  ops.logSoftmax(x, given),
);

type Reduction = (x: Tensor, attributes?: ReduceAttributes) => Tensor;

/** Sum over axes. Default: all. @throws {RangeError} for axes out of range. */
export const reduceSum: Reduction = checked("reduceSum", { ...one, attributes: optional(reduce) }, (x, given) =>
  ops.reduceSum(x, given),
);
/** Mean over axes. Default: all. @throws {RangeError} for axes out of range. */
export const reduceMean: Reduction = checked("reduceMean", { ...one, attributes: optional(reduce) }, (x, given) =>
  ops.reduceMean(x, given),
);

/**
 * Mean cross entropy over a batch, a scalar.
 * @param logits  [batch, classes].
 * @param labels  Class of each sample, 0 … classes − 1.
 */
export const crossEntropy: (logits: Tensor, labels: Int32Array) => Tensor = checked(
  "crossEntropy",
  { logits: tensorRule, labels: labelRule },
  (logits, labels) => ops.crossEntropy(logits, labels),
);

/**
 * Negative feedback loss: cross entropy of (z₀ − β·Σ γᵢ zᵢ)/(N + 1), mean over the batch.
 * @param logits  z₀, [batch, classes].
 * @param outputs  z₁ … z_N, each [batch, classes]; γ has a value for each.
 * Source: Qin et al., NeFT, IEEE TCAD 2025.
 */
export const feedbackLoss: (
  logits: Tensor,
  outputs: readonly Tensor[],
  labels: Int32Array,
  settings: Feedback,
) => Tensor = checked(
  "feedbackLoss",
  { logits: tensorRule, outputs: tensors, labels: labelRule, settings: feedbackRule },
  feedback,
);

const draws = {
  key: kind("a key of a step's stream", (value) => typeof value === "bigint"),
  count: kind(
    "a whole number from 0 to 2^28",
    (value) => Number.isInteger(value) && isWithin(value, { min: 0, max: 2 ** 28 }),
  ),
};

type Draw = (key: bigint, count: number) => Float32Array<ArrayBuffer>;

/** The first standard normal numbers of a random stream, such as `stream` of a strategy's step. */
export const normals: Draw = checked("normals", draws, (key, count) => ops.normals(key, count));
/** The first uniform numbers of a random stream, in [0, 1). */
export const uniforms: Draw = checked("uniforms", draws, (key, count) => ops.uniforms(key, count));

const product: Rule = kind("a product of an array node", (value) => has(value, "weight", "input", "map", "epilogue"));

/**
 * The exact product of an array node, for backends of your own: digital, or with another weight.
 *
 * @param whole  Weight of the parameter's shape. Default: the parameter.
 * @param variation  ΔW is drawn during the product. Default: none.
 */
export const computeProduct: (product: ArrayProduct, whole?: Tensor, variation?: Variation) => Tensor = checked(
  "computeProduct",
  {
    product,
    whole: optional(tensorRule),
    variation: optional(kind("a variation", (value) => has(value, "sigma", "key", "sMax"))),
  },
  (product, whole, variation) => ofNode(product, whole, variation),
);
