import { fromTypedArray, type Tensor, tensor } from "@neft/tensor";
import type { Step } from "./fusion.js";
import { describeNode } from "./graph.js";
import type { HostArray } from "./host-array.js";
import { arrayOf } from "./operators/on-arrays.js";
import type { RunContext } from "./operators/operator.js";
import { absent, type Evaluable, type Plan, type PlannedStep } from "./plan.js";
import { addLocation } from "./shapes.js";

/** Tensors by slot. Undefined: absent, not computed yet, or freed. */
export type Slots = (Tensor | undefined)[];

/** Runs in place of every step's computation; must return the result of `compute`. */
export type Observe = (step: Step, compute: () => readonly Tensor[]) => readonly Tensor[];

/**
 * Runs the steps of a plan. Values are freed after their last use; a backward pass keeps what it needs.
 *
 * @param values  The plan's slots, with the given values, which are never freed.
 * @throws {Error} naming the node that fails.
 */
export function runSteps({ steps, given }: Plan, values: Slots, context: RunContext, observe?: Observe): void {
  const names = new SharedNames(given.length);
  for (const step of steps) {
    try {
      const inputs = valuesAt(values, step.inputs);
      const results = observe ? observe(step, () => evaluate(step, inputs, context)) : evaluate(step, inputs, context);
      const { outputs } = step;
      for (let i = 0; i < outputs.length; i++) {
        const result = results[i];
        if (result === undefined) throw new Error(`expected at most ${results.length} outputs, got ${outputs.length}`);
        if (outputs[i] === absent) continue;
        values[outputs[i]!] = result;
        names.add(result, i, results, inputs, step);
      }
      for (const slot of step.freed) {
        names.drop(values[slot]!);
        values[slot] = undefined;
      }
    } catch (error) {
      throw addLocation(error, describeNode(step.node));
    }
  }
}

/** Tensors at slots. */
function valuesAt(values: Slots, slots: readonly number[]): Slots {
  const found: Slots = [];
  for (const slot of slots) found.push(values[slot]);
  return found;
}

/**
 * Names of the tensors of a run. Operators may return an input as their output, or one tensor twice, so a tensor is
 * freed with the last of its names. Only those with several are counted.
 */
class SharedNames {
  /** Number of names besides one, of tensors that had several. Given values have infinitely many. */
  readonly #others = new Map<Tensor, number>();
  readonly #lastGiven: number;

  /** @param given  Number of given values. */
  constructor(given: number) {
    this.#lastGiven = given;
  }

  /** Gives a result of a step its name. */
  add(result: Tensor, index: number, results: readonly Tensor[], inputs: Slots, step: PlannedStep): void {
    const from = inputs.indexOf(result);
    if (from < 0 && results.indexOf(result) === index) return;
    const isGiven = from >= 0 && step.inputs[from]! <= this.#lastGiven;
    this.#others.set(result, isGiven ? Number.POSITIVE_INFINITY : (this.#others.get(result) ?? 0) + 1);
  }

  /** Takes a name from a tensor, and frees it with its last one. */
  drop(tensor: Tensor): void {
    const others = this.#others.get(tensor) ?? 0;
    if (others === 0) tensor.dispose();
    else this.#others.set(tensor, others - 1);
  }
}

/** Evaluates one step: on typed arrays when all inputs are integers, else through tensor operations. */
export function evaluate(step: Evaluable, inputs: Slots, context: RunContext): readonly Tensor[] {
  const { row, node, attributes, arrays, rectified, pooled } = step;
  if (row.integers !== null && inputs.every(isInteger)) return evaluateIntegers(step, inputs);
  return row.run(inputs as Tensor[], attributes, { node, inputs, context, arrays, rectified, pooled });
}

/** Whether an input is absent or of integers. */
const isInteger = (input: Tensor | undefined): boolean => input === undefined || input.dtype !== "f32";

function evaluateIntegers({ row, node, attributes }: Evaluable, inputs: Slots): readonly Tensor[] {
  const arrays = inputs.map((input) => input && arrayOf(input));
  const given = new Set(arrays.map((array) => array?.data));
  const results = row.integers!(arrays as HostArray[], attributes, { node, inputs: arrays });
  return results.map(({ data, shape, dtype }) =>
    given.has(data) ? tensor(data, shape, dtype) : fromTypedArray(data, shape, dtype),
  );
}
