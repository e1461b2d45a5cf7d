import { type Unary, unaryCode, wasm } from "@neft/kernels";
import { defineOp, type Operation, type SampleInput } from "../operation.js";
import { empty, type Tensor } from "../tensor.js";

/** The two parameters a function may have. */
type Parameters = readonly [p0: number, p1: number];
type One = [x: Tensor];

interface UnaryRow<A> {
  readonly name: Unary;
  /** What the gradient reads. */
  readonly keeps?: 0 | "output";
  readonly values: NonNullable<SampleInput["values"]>;
  readonly parameters: (attributes: A) => Parameters;
  /** Attributes of the sample calls. */
  readonly samples: readonly A[];
}

const shapes = [[], [3, 17], [2, 3, 4], [0, 2]];

/** A row of the kernels' table of elementwise functions: forward and gradient by the same code. */
function unaryRow<A>({ name, keeps, values, parameters, samples }: UnaryRow<A>): Operation<One, A> {
  const code = unaryCode[name];
  return defineOp<One, A>({
    name,
    shape: ([x]) => [...x.shape],
    forward: ([x], attributes, y) => wasm().unary(code, x.ptr, y.ptr, y.size, ...parameters(attributes)),
    vjp: [
      (dy, { inputs: [x], output, attributes }) => {
        const dx = empty(dy.shape);
        const value = keeps === undefined ? dy : keeps === 0 ? x : output;
        wasm().unaryGradient(code, dy.ptr, value.ptr, dx.ptr, dx.size, ...parameters(attributes));
        return dx;
      },
    ],
    keeps: keeps === undefined ? [] : [keeps],
    samples: samples.flatMap((attributes) => shapes.map((shape) => ({ inputs: [{ shape, values }], attributes }))),
  });
}

function plainRow(name: Unary, values: UnaryRow<undefined>["values"], keeps?: 0 | "output"): Operation<One, undefined> {
  return unaryRow({
    name,
    values,
    ...(keeps !== undefined && { keeps }),
    parameters: () => [0, 0],
    samples: [undefined],
  });
}

/** y = −x. */
export const neg: Operation<One, undefined> = plainRow("neg", "normal");
/** y = max(x, 0); NaN stays NaN. The slope at 0 is 0. */
export const relu: Operation<One, undefined> = plainRow("relu", "separated", "output");
/** y = 1 / (1 + e^−x). */
export const sigmoid: Operation<One, undefined> = plainRow("sigmoid", "normal", "output");
/** Hyperbolic tangent. */
export const tanh: Operation<One, undefined> = plainRow("tanh", "normal", "output");
/** y = e^x. */
export const exp: Operation<One, undefined> = plainRow("exp", "normal", "output");
/** Natural logarithm; NaN below 0, −∞ at 0. */
export const log: Operation<One, undefined> = plainRow("log", "positive", 0);
/** Square root; NaN below 0. */
export const sqrt: Operation<One, undefined> = plainRow("sqrt", "positive", "output");
/** y = |x|. The slope at 0 is 0. */
export const abs: Operation<One, undefined> = plainRow("abs", "separated", 0);
/** y = x². */
export const square: Operation<One, undefined> = plainRow("square", "normal", 0);

/** y = c·x for a number c. */
export const scale: Operation<One, number> = unaryRow<number>({
  name: "scale",
  values: "normal",
  parameters: (c) => [c, 0],
  samples: [-2.5],
});

/** y = x + c for a number c. */
export const shift: Operation<One, number> = unaryRow<number>({
  name: "shift",
  values: "normal",
  parameters: (c) => [c, 0],
  samples: [0.75],
});

/** Slope of {@link leakyRelu} below 0. */
export interface LeakyReluAttributes {
  /** Default 0.01, as in ONNX. */
  readonly alpha?: number;
}

/** y = x where x ≥ 0, else alpha·x. */
export const leakyRelu: Operation<One, LeakyReluAttributes> = unaryRow<LeakyReluAttributes>({
  name: "leakyRelu",
  keeps: 0,
  values: "separated",
  parameters: ({ alpha = 0.01 }) => [alpha, 0],
  samples: [{ alpha: 0.2 }, {}],
});

/** Bounds of {@link clip}; one left out doesn't bound. */
export interface ClipAttributes {
  readonly min?: number;
  readonly max?: number;
}

/** y = min(max(x, min), max); NaN stays NaN. The gradient passes on the bounds. */
export const clip: Operation<One, ClipAttributes> = unaryRow<ClipAttributes>({
  name: "clip",
  keeps: 0,
  values: "separated",
  parameters: ({ min = -Infinity, max = Infinity }) => [min, max],
  samples: [{ min: -0.5, max: 1.3 }, { min: 0 }, { max: 0 }],
});
