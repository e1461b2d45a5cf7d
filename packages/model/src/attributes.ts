import { inWords } from "@neft/options";
import type { AttributeValue, GraphNode } from "./graph.js";

/**
 * Integer attribute of a node. Ranges were checked by the ONNX importer.
 *
 * @throws {Error} when the value is not a safe integer.
 */
export function intAttribute(node: GraphNode, name: string, fallback: number): number {
  const value = node.attributes[name];
  if (value === undefined) return fallback;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw attributeError(name, "an integer", value);
  return value;
}

/** Number attribute of a node. @throws {Error} when the value is not a number. */
export function floatAttribute(node: GraphNode, name: string, fallback: number): number {
  const value = node.attributes[name];
  if (value === undefined) return fallback;
  if (typeof value !== "number") throw attributeError(name, "a number", value);
  return value;
}

/** String attribute of a node. @throws {Error} when the value is not in `allowed`. */
export function textAttribute<T extends string>(node: GraphNode, name: string, allowed: readonly T[], fallback: T): T {
  const value = node.attributes[name];
  if (value === undefined) return fallback;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw attributeError(name, `one of ${allowed.join(", ")}`, value);
  return found;
}

/**
 * Integer list attribute of a node; undefined when absent. @throws {Error} when the value is not a list of integers.
 */
export function intsAttribute(node: GraphNode, name: string): readonly number[] | undefined {
  const value = node.attributes[name];
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((n) => Number.isSafeInteger(n)))
    throw attributeError(name, "a list of integers", value);
  return value as readonly number[];
}

function attributeError(name: string, expected: string, value: AttributeValue): Error {
  return new Error(`${name}: expected ${expected}, got ${inWords(value)}`);
}
