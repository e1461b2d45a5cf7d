import { kinds } from "@neft/options";
import { withArena } from "./arena.js";
import { Tensor } from "./tensor.js";

/**
 * Runs `fn` and frees every tensor made inside, but those found in what it returns (a tensor, arrays, maps and plain
 * objects of them, nested): they move to the surrounding scope. Outside every scope they live until disposed.
 *
 * Scopes nest. When `fn` throws, everything is freed.
 *
 * @throws {TypeError} when `fn` returns a promise: its tensors would be gone before it settles.
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

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}
