import { type Unary, unaryCode, wasm } from "@neft/kernels";
import { defineOp, type ExampleInput, type Operation } from "../operation.js";
import { empty, type Tensor } from "../tensor.js";

/** The two parameters of a kernel function; 0 where unused. */
type Parameters = readonly [p0: number, p1: number];
/** The input of a function of one argument. */
export type One = [x: Tensor];

/** Description of a unary elementwise operation. */
interface UnaryDefinition<A> {
  readonly name: Unary;
  /** The tensor that the gradient reads in addition to dy. Default: none. */
  readonly keeps?: 0 | "output";
  /** Values of the example inputs. */
  readonly values: NonNullable<ExampleInput["values"]>;
  /** Kernel parameters for given attributes. */
  readonly parameters: (attributes: A) => Parameters;
  /** Attributes of the example calls. */
  readonly examples: readonly A[];
}

const shapes = [[], [3, 17], [2, 3, 4], [0, 2]];

/** Makes a unary elementwise operation. Its forward and gradient kernels have the same code. */
export function unaryOp<A>({ name, keeps, values, parameters, examples }: UnaryDefinition<A>): Operation<One, A> {
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
    examples: examples.flatMap((attributes) => shapes.map((shape) => ({ inputs: [{ shape, values }], attributes }))),
  });
}

/** Makes a unary elementwise operation without attributes. */
export function parameterlessOp(
  name: Unary,
  values: UnaryDefinition<undefined>["values"],
  keeps?: 0 | "output",
): Operation<One, undefined> {
  return unaryOp({
    name,
    values,
    ...(keeps !== undefined && { keeps }),
    parameters: () => [0, 0],
    examples: [undefined],
  });
}
