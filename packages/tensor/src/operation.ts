import { AutogradNode, type Edge, isRecording } from "./graph.js";
import type { Shape } from "./shape.js";
import { shapeText } from "./shape.js";
import { addToScope, alias, emptyUnowned, Tensor } from "./tensor.js";

/** Inputs of an operation: a tuple, with undefined for an omitted optional input, or an array for a variable number of inputs. */
export type Inputs = readonly (Tensor | undefined)[];

/** Data of a recorded operation that its gradient rules may read. */
export interface BackwardContext<I extends Inputs, A> {
  /** The inputs. Those that the row doesn't keep have a shape but no elements. */
  readonly inputs: I;
  /** The output. It has elements only if the row keeps it. */
  readonly output: Tensor;
  readonly attributes: A;
  /** Tensors that the forward pass saved. */
  readonly saved: readonly Tensor[];
  /** Caches by name: the first call runs `make`, later calls by other rules of this node return the same tensors. */
  once(name: string, make: () => readonly Tensor[]): readonly Tensor[];
}

/** Computes the gradient of the loss by one input from `dy`, that by the output. It may return `dy` but must not write to it. */
export type GradientRule<I extends Inputs, A> = (dy: Tensor, context: BackwardContext<I, A>) => Tensor;

/** Gradient rule of an operation with a variable number of inputs, for the input at `index`. */
export type VariadicGradientRule<I extends Inputs, A> = (
  dy: Tensor,
  context: BackwardContext<I, A>,
  index: number,
) => Tensor;

/** One rule for each input, null for inputs without a gradient. A row without a rule or null for an input doesn't compile. */
export type GradientRules<I extends Inputs, A> = number extends I["length"]
  ? VariadicGradientRule<I, A>
  : { readonly [K in keyof I]: GradientRule<I, A> | null };

/** An input of an example call. The operation must be differentiable at its values. */
export interface ExampleInput {
  readonly shape: Shape;
  /**
   * `normal`: standard normal. `positive`: in [0.5, 1.5), for denominators and variances. `separated`: differing by at least 0.1 from
   * each other and 0.05 from 0, for functions with kinks. `tenths`: 0.05 at least from those.
   * `fractions`: in (−0.7, 0.7). `large`: in [1.5, 2.5). Default: `normal`.
   */
  readonly values?: "normal" | "positive" | "separated" | "tenths" | "fractions" | "large";
}

/** An example call of an operation, for the test that walks the table. */
export interface ExampleCall<A> {
  readonly inputs: readonly (ExampleInput | undefined)[];
  readonly attributes: A;
}

/** The tensors that gradient rules read: indices of inputs, and "output". */
export type Kept = readonly (number | "output")[];

/** One of several nodes whose gradients are summed: its gradient by the output, and the data for its rules. */
export interface GradientTerm<I extends Inputs, A> {
  readonly dy: Tensor;
  readonly context: BackwardContext<I, A>;
}

/**
 * Gradient rules that are linear in dy and read input 0 only, as for the weight of a product. Nodes that agree in input 0 and in these
 * inputs evaluate the rules together: one product instead of one per node.
 */
export interface SharedRules<I extends Inputs, A> {
  /** Indices of the inputs whose gradients the rules compute. */
  readonly inputs: readonly number[];
  /** Key of the attributes that the rules read: equal for nodes that may be evaluated together. */
  key(attributes: A): string;
  /** Gradients by these inputs, summed over the terms (at least one). Undefined for inputs that aren't needed. */
  readonly gradients: (
    terms: readonly GradientTerm<I, A>[],
    isNeeded: (input: number) => boolean,
  ) => (Tensor | undefined)[];
}

/** Definition of an operation. */
export interface Row<I extends Inputs, A> {
  readonly name: string;
  /** Shape of the output. @throws {RangeError} when inputs or attributes don't match. */
  shape(inputs: I, attributes: A): Shape;
  /** Writes every element of `output` and of `saved`. `saved` is empty when no backward pass can follow. */
  forward(inputs: I, attributes: A, output: Tensor, saved: readonly Tensor[]): void;
  /** Gradient rules (vector-Jacobian products). */
  readonly vjp: GradientRules<I, A>;
  /** Rules that several nodes evaluate together. Default: none. */
  readonly sharedRules?: SharedRules<I, A>;
  /** The inputs and outputs whose elements the rules read. The elements of others are freed early. */
  readonly keeps: Kept | ((attributes: A) => Kept);
  /** Example calls, for tests. */
  readonly examples: readonly ExampleCall<A>[];
  /** Shapes of additional f32 tensors that the forward pass writes for the rules. Default: none. */
  saved?(inputs: I, attributes: A): readonly Shape[];
  /** The output shares the elements of input 0, which may have any element type; `forward` isn't called. Default: false. */
  readonly isView?: boolean;
}

/** An operation: a function of its inputs and, if it has any, its attributes. */
export interface Operation<I extends Inputs, A> {
  (...args: [A] extends [undefined] ? [...I] : [...I, attributes: A]): Tensor;
  readonly row: Row<I, A>;
}

/** A row with untyped inputs and attributes. */
export interface AnyRow extends Omit<Row<Inputs, unknown>, "vjp"> {
  readonly vjp: VariadicGradientRule<Inputs, unknown> | readonly (GradientRule<Inputs, unknown> | null)[];
}

/** Makes an operation from its row. */
export function defineOp<I extends Inputs, A = undefined>(row: Row<I, A>): Operation<I, A> {
  const any = row as unknown as AnyRow;
  const arity = typeof any.vjp === "function" ? undefined : any.vjp.length;
  const operation = (...args: unknown[]): Tensor => {
    const count = arity ?? args.length - 1;
    return apply(any, args.slice(0, count) as Inputs, args[count]);
  };
  return Object.assign(operation, { row }) as unknown as Operation<I, A>;
}

/** Runs an operation and records it if an input requires a gradient. */
function apply(row: AnyRow, inputs: Inputs, attributes: unknown): Tensor {
  checkInputs(row, inputs);
  const shape = Object.freeze(row.shape(inputs, attributes));

  const edges = isRecording() ? edgesOf(row, inputs) : undefined;
  const isRecorded = edges !== undefined;
  const output = addToScope(row.isView ? alias(inputs[0]!, shape, isRecorded) : emptyUnowned(shape, isRecorded));
  const saved = isRecorded && row.saved ? row.saved(inputs, attributes).map((s) => emptyUnowned(s)) : [];
  if (!row.isView) {
    try {
      row.forward(inputs, attributes, output, saved);
    } catch (error) {
      for (const tensor of saved) tensor.dispose();
      output.dispose();
      throw error;
    }
  }
  if (isRecorded) output.node = new AutogradNode(row, attributes, inputs, output, saved, edges);
  return output;
}

/** @throws {TypeError} unless there is at least one input and all are f32 (any type for views). @throws {Error} for a freed tensor. */
function checkInputs(row: AnyRow, inputs: Inputs): void {
  let count = 0;
  // No iterator of entries: this loop runs in every call.
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i];
    if (input === undefined) continue;
    if (!(input instanceof Tensor))
      throw new TypeError(`${row.name}: expected a tensor as input ${i}, got ${typeof input}`);
    input.check(row.name);
    if (input.dtype !== "f32" && !row.isView)
      throw new TypeError(
        `${row.name}: expected f32 inputs, got ${input.dtype} ${shapeText(input.shape)} as input ${i}`,
      );
    count++;
  }
  if (count === 0) throw new TypeError(`${row.name}: expected at least one tensor, got none`);
}

/** Targets of the inputs' gradients; undefined when no input needs one. */
function edgesOf(row: AnyRow, inputs: Inputs): Edge[] | undefined {
  let isNeeded = false;
  const edges = inputs.map((input, i) => {
    if (!input?.requiresGrad || (typeof row.vjp !== "function" && row.vjp[i] === null)) return undefined;
    isNeeded = true;
    return input.node ?? input;
  });
  return isNeeded ? edges : undefined;
}
