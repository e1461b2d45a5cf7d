import { inWords } from "@neft/options";
import type { AttributeValue, GraphNode } from "./graph.js";

/** The values a model's own operators read; the ONNX importer has checked ranges and leftovers before. */
export function intAttribute(node: GraphNode, name: string, otherwise: number): number {
  const value = node.attributes[name];
  if (value === undefined) return otherwise;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw wrong(name, "an integer", value);
  return value;
}

export function floatAttribute(node: GraphNode, name: string, otherwise: number): number {
  const value = node.attributes[name];
  if (value === undefined) return otherwise;
  if (typeof value !== "number") throw wrong(name, "a number", value);
  return value;
}

export function textAttribute<T extends string>(node: GraphNode, name: string, allowed: readonly T[], otherwise: T): T {
  const value = node.attributes[name];
  if (value === undefined) return otherwise;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw wrong(name, `one of ${allowed.join(", ")}`, value);
  return found;
}

export function intsAttribute(node: GraphNode, name: string): readonly number[] | undefined {
  const value = node.attributes[name];
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((n) => Number.isSafeInteger(n)))
    throw wrong(name, "a list of integers", value);
  return value as readonly number[];
}

function wrong(name: string, expected: string, value: AttributeValue): Error {
  return new Error(`${name}: expected ${expected}, got ${inWords(value)}`);
}
