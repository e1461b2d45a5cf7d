import { exp, log, scope, type Tensor, tensor } from "@neft/tensor";

/** Applies an operation to the elements of an array. Its bits are the same on every machine, unlike those of Math. */
function elementwise(operation: (x: Tensor) => Tensor, values: Float32Array): Float32Array<ArrayBuffer> {
  return scope(() => operation(tensor(values, [values.length])).floats());
}

/** A new array of f(x) for each element: several times faster than its `map`. */
export function mapped(values: Float32Array, f: (x: number) => number): Float32Array<ArrayBuffer> {
  const results = new Float32Array(values.length);
  for (let i = 0; i < results.length; i++) results[i] = f(values[i]!);
  return results;
}

/** e^x of each element. */
export const expOfEach = (values: Float32Array): Float32Array<ArrayBuffer> => elementwise(exp, values);

/** ln x. */
export const logOf = (x: number): number => elementwise(log, Float32Array.of(x))[0]!;
