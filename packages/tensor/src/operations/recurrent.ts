import { shapeText } from "../shape.js";
import { fromWriter, type Tensor, zeros } from "../tensor.js";
import { add, mul } from "./arithmetic.js";
import { clip } from "./elementwise.js";
import { concat } from "./indexing.js";
import { reshape, transpose } from "./layout.js";
import { linear } from "./products.js";
import { type Activation, type ActivationAttributes, activationsOf } from "./recurrent-activations.js";
import { sliceAxis, split } from "./split.js";

/**
 * Product of x, [samples, .., in], with the rows `first` … `last` − 1 of the weight of one direction: W for inputs, R for states.
 * A network on crossbars passes its own.
 */
export type RecurrentProduct = (x: Tensor, weight: "w" | "r", direction: number, first: number, last: number) => Tensor;

/** Attributes that {@link rnn}, {@link gru} and {@link lstm} share. */
export interface RecurrentAttributes extends ActivationAttributes {
  /** Default: "forward". */
  readonly direction?: "forward" | "reverse" | "bidirectional";
  /** Bound of the absolute inputs of the gates' activations. Default: none. */
  readonly clip?: number | undefined;
  /** Order of the axes: steps, samples (0), or samples, steps (1). Default: 0. */
  readonly layout?: 0 | 1;
  /** Number of steps of each sample. Default: all. */
  readonly lengths?: readonly number[] | undefined;
  /** States before the first step: [directions, n, hidden]; with layout 1 [n, directions, hidden]. Default: zeros. */
  readonly initialH?: Tensor | undefined;
  /** Default: `linear` with the rows of W or R. */
  readonly product?: RecurrentProduct | undefined;
}

/** Weights of a recurrent operation with g gates. */
export interface RecurrentWeights {
  /** [directions, g·hidden, in]. */
  readonly w: Tensor;
  /** [directions, g·hidden, hidden]. */
  readonly r: Tensor;
  /** [directions, 2·g·hidden]: biases of W, then of R. Default: zeros. */
  readonly b?: Tensor | undefined;
}

/** Outputs of a recurrent operation. */
export interface RecurrentOutputs {
  /** States of all steps: [steps, directions, n, hidden]; with layout 1 [n, steps, directions, hidden]. 0 after a sample's last step. */
  readonly y: Tensor;
  /** States after the last step, shaped as initial ones. */
  readonly lastH: Tensor;
}

/** State of one direction at one step: h, and c for an LSTM. */
type State = readonly Tensor[];

/** What one direction of a cell computes. */
interface Cell {
  /** States from the last ones and the products of the input, [n, g·hidden]. */
  step(inputs: Tensor, state: State): State;
}

/** What a cell needs to know about its direction. */
interface Direction {
  readonly index: number;
  readonly hidden: number;
  readonly activations: readonly Activation[];
  /** Products of a state with the gates `first` … `last` − 1. */
  readonly recur: (h: Tensor, first: number, last: number) => Tensor;
  /** Bias of R, one part for each gate; undefined for zeros. */
  readonly biases: readonly Tensor[] | undefined;
}

/** Definition of a recurrent operation. */
export interface RecurrentDefinition {
  readonly who: string;
  readonly gates: number;
  readonly activations: readonly string[];
  /** Gates, from this one on, whose bias of R the cell adds itself. */
  readonly ownBias: number;
  readonly cell: (direction: Direction) => Cell;
}

/** @throws {RangeError} unless a tensor has this shape. */
export function checkShapeOf(who: string, name: string, tensor: Tensor | undefined, shape: readonly number[]): void {
  if (tensor !== undefined && tensor.shape.join() !== shape.join()) {
    throw new RangeError(`${who}: ${name}: expected shape ${shapeText(shape)}, got ${shapeText(tensor.shape)}`);
  }
}

/** Product with rows of W or R; each range of rows is cut out once. */
function linearProduct({ w, r }: RecurrentWeights): RecurrentProduct {
  const cut = new Map<string, Tensor>();
  return (x, weight, direction, first, last) => {
    const key = [weight, direction, first, last].join();
    const source = weight === "w" ? w : r;
    const one = (): Tensor => {
      const [rows, columns] = source.shape.slice(1) as [number, number];
      return sliceAxis(reshape(sliceAxis(source, 0, direction, direction + 1), [rows, columns]), 0, first, last);
    };
    const rows = cut.get(key) ?? one();
    cut.set(key, rows);
    return linear(x, rows, undefined);
  };
}

/** 1 for the samples that still have a step, [n, 1]; undefined when all have. */
function maskAt(lengths: readonly number[] | undefined, step: number): { on: Tensor; off: Tensor } | undefined {
  if (lengths === undefined || lengths.every((length) => step < length)) return undefined;
  const mask = (isOn: boolean) =>
    fromWriter([lengths.length, 1], (values) => {
      for (const [i, length] of lengths.entries()) values[i] = Number(step < length === isOn);
    });
  return { on: mask(true), off: mask(false) };
}

/** Runs all directions over all steps. `initial`: initial states, h first. */
export function runRecurrent(
  { who, gates, activations, ownBias, cell }: RecurrentDefinition,
  x: Tensor,
  weights: RecurrentWeights,
  attributes: RecurrentAttributes,
  initial: readonly (Tensor | undefined)[],
): { y: Tensor; last: Tensor[] } {
  const { direction = "forward", layout = 0, lengths } = attributes;
  const { w, r, b } = weights;
  const directions = direction === "bidirectional" ? 2 : 1;
  const hidden = r.shape[2] ?? 0;
  if (x.shape.length !== 3) throw new RangeError(`${who}: expected an input of three axes, got ${shapeText(x.shape)}`);
  const samplesFirst = layout === 1 ? x : transpose(x, { perm: [1, 0, 2] });
  const [n, steps, size] = samplesFirst.shape as [number, number, number];
  checkShapeOf(who, "W", w, [directions, gates * hidden, size]);
  checkShapeOf(who, "R", r, [directions, gates * hidden, hidden]);
  checkShapeOf(who, "B", b, [directions, 2 * gates * hidden]);
  const stateShape = layout === 1 ? [n, directions, hidden] : [directions, n, hidden];
  for (const state of initial) checkShapeOf(who, "initial state", state, stateShape);
  if (lengths && (lengths.length !== n || !lengths.every((v) => Number.isInteger(v) && v >= 0 && v <= steps))) {
    throw new RangeError(`${who}: expected ${n} lengths from 0 to ${steps}, got [${lengths.join(", ")}]`);
  }
  if (steps === 0) throw new RangeError(`${who}: expected at least one step, got ${shapeText(x.shape)}`);
  const functions = activationsOf(who, attributes, activations, directions * activations.length);
  const bound = attributes.clip;
  // The bound holds for gates, not for an LSTM's cell state.
  const limited = functions.map((f, i): Activation => {
    if (!bound || i % activations.length > 1) return f;
    return (v) => f(clip(v, { min: -bound, max: bound }));
  });
  const product = attributes.product ?? linearProduct(weights);
  const stateAxis = layout === 1 ? 1 : 0;
  const results = Array.from({ length: directions }, (_, d) => {
    const parts =
      b && split(reshape(sliceAxis(b, 0, d, d + 1), [2 * gates * hidden]), new Array(2 * gates).fill(hidden));
    const bias = parts?.slice(0, gates).map((part, g) => (g < ownBias ? add(part, parts[gates + g]!) : part));
    let products = product(samplesFirst, "w", d, 0, gates * hidden);
    if (bias) products = add(products, concat(bias, { axis: 0 }));
    const inputs = split(transpose(products, { perm: [1, 0, 2] }), new Array(steps).fill(1));
    const { step } = cell({
      index: d,
      hidden,
      activations: limited.slice(d * activations.length, (d + 1) * activations.length),
      recur: (h, first, last) => product(h, "r", d, first * hidden, last * hidden),
      biases: parts?.slice(gates),
    });
    let state: State = initial.map((all) =>
      all ? reshape(sliceAxis(all, stateAxis, d, d + 1), [n, hidden]) : zeros([n, hidden]),
    );
    const outputs = new Array<Tensor>(steps);
    const isReverse = direction === "reverse" || d === 1;
    for (let i = 0; i < steps; i++) {
      const t = isReverse ? steps - 1 - i : i;
      const next = step(reshape(inputs[t]!, [n, gates * hidden]), state);
      const mask = maskAt(lengths, t);
      // A sample without this step keeps its state.
      state = mask ? next.map((s, k) => add(mul(s, mask.on), mul(state[k]!, mask.off))) : next;
      outputs[t] = mask ? mul(next[0]!, mask.on) : next[0]!;
    }
    return {
      state,
      y: concat(
        outputs.map((h) => reshape(h, layout === 1 ? [n, 1, 1, hidden] : [1, 1, n, hidden])),
        { axis: stateAxis },
      ),
    };
  });
  const last = initial.map((_, k) =>
    concat(
      results.map(({ state }) => reshape(state[k]!, layout === 1 ? [n, 1, hidden] : [1, n, hidden])),
      { axis: stateAxis },
    ),
  );
  return {
    y: concat(
      results.map(({ y }) => y),
      { axis: layout === 1 ? 2 : 1 },
    ),
    last,
  };
}
