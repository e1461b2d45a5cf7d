import { type BoundSamples, gatherInputs } from "@neft/evaluation";
import { type KnownValue, type Model, run } from "@neft/model";
import { noGrad, scope, sizeOf, stream, type Tensor, tensor, uniforms, zeros } from "@neft/tensor";
import { purposes } from "../streams.js";

/** Values of a network's outputs without variation. */
export type Outputs = readonly Float32Array[];

/**
 * Runs a network without variation: on its first samples, or on uniform random numbers in [0, 1) and zeros for integers.
 * @returns the floating-point outputs; undefined if it can't run on such numbers.
 */
export function referenceOutputs(
  model: Model,
  bound: BoundSamples | undefined,
  shapes: ReadonlyMap<string, KnownValue>,
  seed: number,
): Outputs | undefined {
  const names = model.outputs.filter(({ dtype }) => dtype === "f32").map(({ name }) => name);
  const read = (x: Record<string, Tensor>): Outputs => {
    const { outputs } = noGrad(() => run(model, x, { outputs: names }));
    return names
      .map((name) => outputs.get(name)!)
      .flatMap((output) => (output.dtype === "f32" ? [output.floats()] : []));
  };
  return scope(() => {
    if (bound) {
      const count = bound.fixed?.batch ?? Math.min(bound.count, mostSamples);
      return read(
        gatherInputs(
          bound.inputs,
          Uint32Array.from({ length: count }, (_, i) => i % bound.count),
        ),
      );
    }
    const inputs = model.inputs.map(({ name, dtype }) => {
      const { shape } = shapes.get(name)!;
      if (dtype !== "f32") return [name, zeros(shape, dtype)] as const;
      const key = stream(seed, { purpose: purposes.equaliseSamples, name });
      return [name, tensor(uniforms(key, sizeOf(shape)), shape)] as const;
    });
    try {
      return read(Object.fromEntries(inputs));
    } catch {
      // Integers other than zeros, or sizes that fit together otherwise: only samples tell.
      return undefined;
    }
  });
}

const mostSamples = 256;

/** Largest |b − a|/max(1, |a|). Where both are NaN, nothing changed. */
export function largestChange(a: Outputs, b: Outputs): number {
  let largest = 0;
  for (const [i, values] of a.entries()) {
    for (let j = 0; j < values.length; j++) {
      const [from, to] = [values[j]!, b[i]![j]!];
      const change = Object.is(from, to) ? 0 : Math.abs(to - from) / Math.max(1, Math.abs(from));
      if (!(change <= largest)) largest = change;
    }
  }
  return largest;
}
