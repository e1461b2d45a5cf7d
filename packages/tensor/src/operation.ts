import { type Edge, GraphNode, isRecording } from "./graph.js";
import type { Shape } from "./shape.js";
import { shapeText } from "./shape.js";
import { alias, loose, owned, Tensor } from "./tensor.js";

/** Inputs of an operation: a tuple of tensors, undefined for one left out, or an array for any number of them. */
export type Inputs = readonly (Tensor | undefined)[];

/** What a gradient rule may read. */
export interface Context<I extends Inputs, A> {
  /** The inputs; only those the row keeps have elements, the others just a shape. */
  readonly inputs: I;
  /** The output; it has elements only when the row keeps it. */
  readonly output: Tensor;
  readonly attributes: A;
  /** What the forward pass wrote for the rules. */
  readonly saved: readonly Tensor[];
  /** Runs `make` for the first rule of this step that asks for `what` and gives the others the same tensors. */
  once(what: string, make: () => readonly Tensor[]): readonly Tensor[];
}

/** Gradient of the loss by one input, given that by the output. May return `dy` itself; must not write to it. */
export type Rule<I extends Inputs, A> = (dy: Tensor, context: Context<I, A>) => Tensor;

/** The rule of every input of an operation that takes any number of them. */
export type VariadicRule<I extends Inputs, A> = (dy: Tensor, context: Context<I, A>, index: number) => Tensor;

/** One rule an input, null where no gradient flows: a row that leaves one out doesn't compile. */
export type Rules<I extends Inputs, A> = number extends I["length"]
  ? VariadicRule<I, A>
  : { readonly [K in keyof I]: Rule<I, A> | null };

/** How a sample input is filled: its gradient must exist there. */
export interface SampleInput {
  readonly shape: Shape;
  /**
   * `normal` (the default); `positive`: in [0.5, 1.5), for denominators and variances; `separated`: distinct, at least
   * 0.1 apart and 0.05 from 0, for functions with kinks.
   */
  readonly values?: "normal" | "positive" | "separated";
}

/** One call of an operation, for the test that walks the table. */
export interface Sample<A> {
  readonly inputs: readonly (SampleInput | undefined)[];
  readonly attributes: A;
}

/** Inputs by index, and the output. */
export type Kept = readonly (number | "output")[];

/** A step's gradient by its output, and what its rules see. */
export interface Term<I extends Inputs, A> {
  readonly dy: Tensor;
  readonly context: Context<I, A>;
}

/**
 * Rules that are linear in dy and read input 0 alone. Where steps have the same input 0 and the same other inputs, such rules take
 * all their dys at once: one product instead of one a step.
 */
export interface Together<I extends Inputs, A> {
  /** Inputs whose rules they are. */
  readonly rules: readonly number[];
  /** Tells attributes apart that those rules read. */
  key(attributes: A): string;
  /** Their results for the sum over the terms, of which there is one at least; of those that `isNeeded`. */
  readonly gradients: (terms: readonly Term<I, A>[], isNeeded: (input: number) => boolean) => (Tensor | undefined)[];
}

/** One operation: everything the executor and the tests need to know about it. */
export interface Row<I extends Inputs, A> {
  readonly name: string;
  /** Shape of the output. @throws when inputs or attributes don't fit. */
  shape(inputs: I, attributes: A): Shape;
  /** Writes every element of `output`, and of `saved` when a backward pass may follow; it is empty otherwise. */
  forward(inputs: I, attributes: A, output: Tensor, saved: readonly Tensor[]): void;
  readonly vjp: Rules<I, A>;
  /** For products: what steps that share input 0 may compute together. */
  readonly together?: Together<I, A>;
  /** Which inputs' elements, and whether the output's, the rules read. */
  readonly keeps: Kept | ((attributes: A) => Kept);
  readonly samples: readonly Sample<A>[];
  /** Shapes of further f32 arrays that the forward pass writes for the rules. */
  saved?(inputs: I, attributes: A): readonly Shape[];
  /** The output has the elements of input 0, of any type: it shares them, and `forward` isn't called. */
  readonly isView?: boolean;
}

/** A row as a function of its inputs and, where it has some, its attributes. */
export interface Operation<I extends Inputs, A> {
  (...args: [A] extends [undefined] ? [...I] : [...I, attributes: A]): Tensor;
  readonly row: Row<I, A>;
}

/** A row whose types the executor doesn't know. */
export interface AnyRow extends Omit<Row<Inputs, unknown>, "vjp"> {
  readonly vjp: VariadicRule<Inputs, unknown> | readonly (Rule<Inputs, unknown> | null)[];
}

/** Makes an operation of its row. */
export function defineOp<I extends Inputs, A = undefined>(row: Row<I, A>): Operation<I, A> {
  const any = row as unknown as AnyRow;
  const arity = typeof any.vjp === "function" ? undefined : any.vjp.length;
  const operation = (...args: unknown[]): Tensor => {
    const count = arity ?? args.length - 1;
    return apply(any, args.slice(0, count) as Inputs, args[count]);
  };
  return Object.assign(operation, { row }) as unknown as Operation<I, A>;
}

function apply(row: AnyRow, inputs: Inputs, attributes: unknown): Tensor {
  checkInputs(row, inputs);
  const shape = Object.freeze(row.shape(inputs, attributes));

  const edges = isRecording() ? edgesOf(row, inputs) : undefined;
  const isRecorded = edges !== undefined;
  const output = owned(row.isView ? alias(inputs[0]!, shape, isRecorded) : loose(shape, isRecorded));
  const saved = isRecorded && row.saved ? row.saved(inputs, attributes).map((s) => loose(s)) : [];
  if (!row.isView) {
    try {
      row.forward(inputs, attributes, output, saved);
    } catch (error) {
      for (const tensor of saved) tensor.dispose();
      output.dispose();
      throw error;
    }
  }
  if (isRecorded) output.node = new GraphNode(row, attributes, inputs, output, saved, edges);
  return output;
}

function checkInputs(row: AnyRow, inputs: Inputs): void {
  let count = 0;
  for (const [i, input] of inputs.entries()) {
    if (input === undefined) continue;
    if (!(input instanceof Tensor))
      throw new TypeError(`${row.name}: expected a tensor as input ${i}, got ${typeof input}`);
    input.check(row.name);
    if (input.dtype !== "f32" && !row.isView)
      throw new TypeError(`${row.name}: expected f32 inputs, got ${input.dtype} ${shapeText(input.shape)}`);
    count++;
  }
  if (count === 0) throw new TypeError(`${row.name}: expected at least one tensor, got none`);
}

/** Where gradients of the inputs go; undefined when none is needed. */
function edgesOf(row: AnyRow, inputs: Inputs): Edge[] | undefined {
  let isNeeded = false;
  const edges = inputs.map((input, i) => {
    if (!input?.requiresGrad || (typeof row.vjp !== "function" && row.vjp[i] === null)) return undefined;
    isNeeded = true;
    return input.node ?? input;
  });
  return isNeeded ? edges : undefined;
}
