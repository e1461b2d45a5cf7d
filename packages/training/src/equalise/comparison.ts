import { type BoundSamples, gatherInputs } from "@neft/evaluation";
import { type KnownValue, type Model, run } from "@neft/model";
import { noGrad, scope, sizeOf, stream, type Tensor, tensor, uniforms, zeros } from "@neft/tensor";
import { purposes } from "../streams.js";

/** Values of a network's floating-point outputs without variation. */
export type Outputs = readonly Float32Array[];

/** Samples on which outputs are compared. */
const mostSamples = 256;

/**
 * Runs a network without variation: its outputs on the first samples, and on uniform random numbers in [0, 1) and zeros
 * for integers, if it can run on such numbers.
 */
export function referenceOutputs(
  model: Model,
  bound: BoundSamples | undefined,
  shapes: ReadonlyMap<string, KnownValue>,
  seed: number,
): Outputs {
  const read = (network: Model, x: Record<string, Tensor>): Outputs => {
    const floats = network.outputs.filter(({ dtype }) => dtype === "f32").map(({ name }) => name);
    const { outputs } = noGrad(() => run(network, x, { outputs: floats }));
    return floats.map((name) => outputs.get(name)!.floats());
  };
  const own = scope(() => {
    if (bound === undefined) return [];
    const count = bound.fixed?.batch ?? Math.min(bound.count, mostSamples);
    return read(
      bound.model,
      gatherInputs(
        bound.inputs,
        Uint32Array.from({ length: count }, (_, i) => i % bound.count),
      ),
    );
  });
  const random = scope(() => {
    try {
      const inputs = model.inputs.map(({ name, dtype }) => {
        const { shape } = shapes.get(name)!;
        if (dtype !== "f32") return [name, zeros(shape, dtype)] as const;
        const key = stream(seed, { purpose: purposes.equaliseSamples, name });
        return [name, tensor(uniforms(key, sizeOf(shape)), shape)] as const;
      });
      return read(model, Object.fromEntries(inputs));
    } catch {
      // Integers other than zeros, or sizes that fit together otherwise: only samples tell.
      return [];
    }
  });
  return [...own, ...random];
}

/** Largest change of outputs: |b − a|/max(1, |a|), and |b − a|/max|a| of each. */
export interface Change {
  readonly outputs: number;
  readonly relative: number;
}

/** Compares outputs; undefined if no two are numbers. */
export function largestChange(a: Outputs, b: Outputs): Change | undefined {
  let [outputs, relative, count] = [0, 0, 0];
  for (const [i, values] of a.entries()) {
    let [largest, difference] = [0, 0];
    for (let j = 0; j < values.length; j++) {
      const [from, to] = [values[j]!, b[i]![j]!];
      if (!Number.isFinite(from) && Object.is(from, to)) continue;
      count++;
      largest = Math.max(largest, Math.abs(from));
      const own = Math.abs(to - from);
      // NaN counts as a change.
      difference = Number.isFinite(own) ? Math.max(difference, own) : Number.POSITIVE_INFINITY;
      outputs = Math.max(
        outputs,
        difference === Number.POSITIVE_INFINITY ? difference : own / Math.max(1, Math.abs(from)),
      );
    }
    if (difference > 0) relative = Math.max(relative, difference / largest);
  }
  return count === 0 ? undefined : { outputs, relative };
}
