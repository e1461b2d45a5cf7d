import { inWords } from "@neft/options";
import type { NumberType } from "./section.js";

type Kernel = (...args: unknown[]) => unknown;

/** An instantiated module. */
interface Instance<Functions> {
  /** The functions as wasm-bindgen wraps them. */
  readonly functions: Functions;
  /** Parameter types of the exported functions, by name. */
  readonly signatures: Readonly<Record<string, readonly NumberType[]>>;
  /** Address of the top of the stack, which grows downwards. A trap doesn't reset it. */
  readonly stackPointer: WebAssembly.Global;
}

/** Whether a number fits in 32 bits, signed or unsigned: WebAssembly's i32 is both. */
const fits32 = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= -(2 ** 31) && (value as number) < 2 ** 32;

/** Whether a bigint fits in 64 bits, signed or unsigned. */
const fits64 = (value: bigint): boolean => value >= -(2n ** 63n) && value < 2n ** 64n;

/**
 * Wraps the functions of an instance with checks of their arguments and recovery from traps.
 *
 * A wrapped function throws a RangeError for a number that WebAssembly would silently wrap around. After a trap it resets the stack
 * pointer and throws an Error, and the instance stays usable; only the blocks that the call itself had allocated, about 1 kB, leak.
 * Kernels call no imported functions, so the stack is empty between calls.
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
      let slot = 0;
      for (let i = 0; i < count; i++) {
        const value = args[i];
        const type = types[slot];
        slot += slotsOf(value);
        const expected = mismatchOf(value, type);
        if (expected)
          throw new RangeError(`kernels: ${name}: argument ${i}: expected ${expected}, got ${inWords(value)}`);
      }
      if (slot !== types.length || args.length > count) {
        throw new RangeError(`kernels: ${name}: expected arguments for ${types.length} parameters, got ${slot}`);
      }
      try {
        return kernel(...args);
      } catch (cause) {
        stackPointer.value = emptyStack;
        if (!(cause instanceof WebAssembly.RuntimeError)) throw cause;
        throw new Error(
          `kernels: ${name}: expected the kernel to return, got a trap (${cause.message}); the sizes may exceed the memory, use smaller batches`,
          { cause },
        );
      }
    };
  };
  const entries = Object.entries(functions).flatMap(([name, kernel]: [string, unknown]) => {
    const types = signatures[name];
    return types ? [[name, guard(name, kernel as Kernel, types)]] : [];
  });
  return Object.fromEntries(entries) as Functions;
}

/** Number of WebAssembly parameters that a value takes: an array or a string is passed as address and length. */
const slotsOf = (value: unknown): number =>
  typeof value === "string" || (typeof value === "object" && value !== null) ? 2 : 1;

/** The expected value in words when `value` doesn't fit a parameter of `type`; undefined when it fits. */
function mismatchOf(value: unknown, type: NumberType | undefined): string | undefined {
  switch (typeof value) {
    case "number":
      if (type === "i32") return fits32(value) ? undefined : "a whole number of 32 bits";
      if (type === "f32") {
        const isRepresentable = Number.isFinite(Math.fround(value)) || !Number.isFinite(value);
        return isRepresentable ? undefined : "a number in the range of a 32-bit float";
      }
      return type === "f64" ? undefined : "another kind of value";
    case "bigint":
      return type === "i64" && fits64(value) ? undefined : "an integer of 64 bits";
    case "boolean":
    case "string":
      return type === "i32" ? undefined : "a number";
    case "undefined":
      // wasm-bindgen passes an optional integer as f64.
      return type === "f64" ? undefined : "a value";
    default:
      if (type !== "i32") return "a number";
      if (ArrayBuffer.isView(value)) return undefined;
      return Array.isArray(value) && value.every(fits32) ? undefined : "whole numbers of 32 bits";
  }
}
