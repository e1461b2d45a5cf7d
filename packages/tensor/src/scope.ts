import { kinds } from "@neft/options";
import { withArena } from "./arena.js";
import { Tensor } from "./tensor.js";

/**
 * Runs `fn` and frees the tensors made inside, except those in its result: a tensor, or tensors in nested arrays, maps and plain
 * objects. These move to the enclosing scope; without one they live until disposed.
 *
 * Scopes nest. When `fn` throws, all tensors made inside are freed.
 *
 * @returns the result of `fn`.
 * @throws {TypeError} when `fn` returns a promise: its tensors would be freed before it settles.
 */
export function scope<T>(fn: () => T): T {
  kinds.callback(fn, "scope: fn");
  return withArena(fn, (result, arena) => {
    if (result instanceof Promise)
      throw new TypeError("scope: expected a synchronous function, got one that returns a promise");
    for (const tensor of tensorsIn(result)) {
      if (tensor.owner !== arena) continue;
      arena.owned.delete(tensor);
      tensor.owner = undefined;
      arena.parent?.add(tensor);
    }
  });
}

/** All tensors in a value: itself, or in nested arrays, maps and plain objects. */
function tensorsIn(value: unknown, found = new Set<Tensor>(), seen = new Set<object>()): Set<Tensor> {
  if (value instanceof Tensor) found.add(value);
  else if (typeof value === "object" && value !== null && !seen.has(value)) {
    seen.add(value);
    if (Array.isArray(value)) for (const item of value) tensorsIn(item, found, seen);
    else if (value instanceof Map) for (const item of value.values()) tensorsIn(item, found, seen);
    else if (isPlain(value)) for (const item of Object.values(value)) tensorsIn(item, found, seen);
  }
  return found;
}

/** Whether an object has no class. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}
