import { inWords } from "@neft/options";
import type { NumberType } from "./signatures.js";

type Kernel = (...args: unknown[]) => unknown;

/** A module's functions as wasm-bindgen wraps them, and what it exports itself. */
interface Instance<Functions> {
  readonly functions: Functions;
  readonly signatures: ReadonlyMap<string, readonly NumberType[]>;
  /** Where the stack ends; it grows downwards, and a trap leaves it as it was. */
  readonly stackPointer: WebAssembly.Global;
}

/** Signed or unsigned: WebAssembly has one type for both, and anything else would be wrapped. */
const fits32 = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= -(2 ** 31) && (value as number) < 2 ** 32;

const fits64 = (value: bigint): boolean => value >= -(2n ** 63n) && value < 2n ** 64n;

/**
 * The same functions, which refuse numbers that WebAssembly would wrap without a word, and leave the instance as it was where a
 * kernel traps: only what the call itself had allocated, about a kilobyte, is lost.
 *
 * A kernel calls nothing outside, so the stack is empty between calls.
 */
export function guarded<Functions extends object>({
  functions,
  signatures,
  stackPointer,
}: Instance<Functions>): Functions {
  const emptyStack: unknown = stackPointer.value;
  const guard = (name: string, kernel: Kernel, types: readonly NumberType[]): Kernel => {
    const count = kernel.length;
    return (...args) => {
      let at = 0;
      for (let i = 0; i < count; i++) {
        const value = args[i];
        const type = types[at];
        at += slotsOf(value);
        const problem = problemOf(value, type);
        if (problem)
          throw new RangeError(`kernels: ${name}: argument ${i}: expected ${problem}, got ${inWords(value)}`);
      }
      if (at !== types.length || args.length > count) {
        throw new RangeError(`kernels: ${name}: expected arguments for ${types.length} numbers, got ${at}`);
      }
      try {
        return kernel(...args);
      } catch (cause) {
        stackPointer.value = emptyStack;
        if (!(cause instanceof WebAssembly.RuntimeError)) throw cause;
        throw new Error(
          `kernels: ${name}: expected a kernel that ends, got a trap (${cause.message}); sizes may be beyond the memory, try smaller batches`,
          { cause },
        );
      }
    };
  };
  const entries = Object.entries(functions).flatMap(([name, kernel]: [string, unknown]) => {
    const types = signatures.get(name);
    return types ? [[name, guard(name, kernel as Kernel, types)]] : [];
  });
  return Object.fromEntries(entries) as Functions;
}

/** Numbers that a value is passed as: arrays and texts are an address and a length. */
const slotsOf = (value: unknown): number =>
  typeof value === "string" || (typeof value === "object" && value !== null) ? 2 : 1;

/** What would have been right where a value isn't what a parameter of a type takes. */
function problemOf(value: unknown, type: NumberType | undefined): string | undefined {
  switch (typeof value) {
    case "number":
      if (type === "i32") return fits32(value) ? undefined : "a whole number of 32 bits";
      if (type === "f32") {
        const rounds = Number.isFinite(Math.fround(value)) || !Number.isFinite(value);
        return rounds ? undefined : "a number that a 32-bit float can hold";
      }
      return type === "f64" ? undefined : "another kind of value";
    case "bigint":
      return type === "i64" && fits64(value) ? undefined : "an integer of 64 bits";
    case "boolean":
    case "string":
      return type === "i32" ? undefined : "a number";
    case "undefined":
      // A whole number that can be left out is passed as a double.
      return type === "f64" ? undefined : "a value";
    default:
      if (type !== "i32") return "a number";
      if (ArrayBuffer.isView(value)) return undefined;
      return Array.isArray(value) && value.every(fits32) ? undefined : "whole numbers of 32 bits";
  }
}
