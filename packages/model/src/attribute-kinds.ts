import { inWords } from "@neft/options";
import { type DType, dtypes } from "@neft/tensor";
import type { AttributeValue, Subgraph } from "./graph.js";
import { type HostArray, isHostValue } from "./host-array.js";

/** How a file stores an attribute. DTYPE is an integer that codes a data type. */
export type StoredType =
  | "FLOAT"
  | "INT"
  | "STRING"
  | "TENSOR"
  | "GRAPH"
  | "FLOATS"
  | "INTS"
  | "STRINGS"
  | "DTYPE"
  | "IGNORED";

/** What an attribute may be: its type in files, its range, its value when absent. */
export interface AttributeKind<T> {
  readonly stored: StoredType;
  /** The value when the node doesn't have the attribute. */
  readonly fallback: T;
  /** Whether every node must have it. */
  readonly isRequired: boolean;
  /** First opset whose files may have it. Default: the operator's first. */
  readonly since?: number | undefined;
  /** Nodes of a model may have it, files may not. */
  readonly isInternal: boolean;
  /** The value that the operator's functions get. @throws {Error} `expected …, got …`. */
  read(value: unknown): T;
  /** First opset whose files may have this value. */
  sinceOf(value: T): number;
}

/** Attributes of an operator by name. */
// biome-ignore lint/suspicious/noExplicitAny: kinds of different values share a record
export type AttributeSchema = Readonly<Record<string, AttributeKind<any>>>;

/** Values of a schema's attributes. */
export type AttributesOf<S extends AttributeSchema> = {
  readonly [K in keyof S]: S[K] extends AttributeKind<infer T> ? T : never;
};

interface CommonOptions {
  /** First opset whose files may have the attribute. Default: the operator's first. */
  readonly since?: number;
  /** Nodes of a model may have it, files may not. Default: false. */
  readonly internal?: boolean;
}

interface WithDefault<T> extends CommonOptions {
  readonly default: T;
}

interface Required extends CommonOptions {
  readonly required: true;
}

type Given<T> = CommonOptions & { readonly default?: T; readonly required?: true };

function makeKind<T, F>(
  stored: StoredType,
  { since, internal = false, default: fallback, required = false as true }: Given<F>,
  read: (value: unknown) => T,
  sinceOf: (value: T) => number = () => 0,
): AttributeKind<T> {
  return Object.freeze({
    stored,
    since,
    isInternal: internal,
    isRequired: required,
    fallback: fallback as unknown as T,
    read,
    sinceOf: (value: T) => Math.max(since ?? 0, sinceOf(value)),
  });
}

const failWith = (expected: string, got: string): never => {
  throw new Error(`expected ${expected}, got ${got}`);
};

/** Bounds of integers, both inclusive. Default: none. */
interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** Words for a range. */
function rangeInWords({ min, max }: Bounds): string {
  if (min === max) return `${min}`;
  if (max === undefined) return `${min} or more`;
  return min === undefined ? `${max} or less` : `${min} to ${max}`;
}

function integer(value: unknown, { min, max }: Bounds): number {
  if (typeof value !== "number" && typeof value !== "bigint") return failWith("an integer", inWords(value));
  const number = Number(value);
  if (typeof value === "number" && !Number.isInteger(value)) return failWith("an integer", inWords(value));
  if (!Number.isSafeInteger(number)) return failWith("an integer below 2^53", `${value}`);
  if ((min !== undefined && number < min) || (max !== undefined && number > max))
    return failWith(
      rangeInWords({ ...(min !== undefined && { min }), ...(max !== undefined && { max }) }),
      `${number}`,
    );
  return number;
}

const listOf = (value: unknown, of: string): readonly unknown[] =>
  Array.isArray(value) ? value : failWith(`a list of ${of}`, inWords(value));

/** An integer. */
export function int(options: (WithDefault<number> | Required) & Bounds): AttributeKind<number>;
export function int(options?: CommonOptions & Bounds): AttributeKind<number | undefined>;
export function int(options: Given<number> & Bounds = {}): AttributeKind<number | undefined> {
  return makeKind("INT", options, (value) => integer(value, options));
}

/** True or false, stored as 1 or 0. */
export function flag(fallback: boolean, options: CommonOptions = {}): AttributeKind<boolean> {
  return makeKind("INT", { ...options, default: fallback }, (value) =>
    typeof value === "boolean" ? value : integer(value, { min: 0, max: 1 }) === 1,
  );
}

/** An integer that must be 0, because nothing else is supported. @param advice  What to do about other values. */
export function zero(advice: string): AttributeKind<number> {
  return makeKind("INT", { default: 0 }, (value) => {
    const number = integer(value, {});
    return number === 0 ? 0 : failWith("0", `${number}: ${advice}`);
  });
}

interface ListBounds extends Bounds {
  /** Largest length. Default: any. */
  readonly most?: number;
}

/** A list of integers. */
export function ints(
  options: (WithDefault<readonly number[]> | Required) & ListBounds,
): AttributeKind<readonly number[]>;
export function ints(options?: CommonOptions & ListBounds): AttributeKind<readonly number[] | undefined>;
export function ints(
  options: Given<readonly number[]> & ListBounds = {},
): AttributeKind<readonly number[] | undefined> {
  return makeKind("INTS", options, (value) => {
    const list = listOf(value, "integers");
    const { most = list.length } = options;
    if (list.length > most) failWith(`at most ${most} integers`, `[${list.join(", ")}]`);
    return list.map((one) => integer(one, options));
  });
}

/** Slice positions. Those beyond ±2^53 are clamped, since positions are clamped to their axis anyway. */
export function positions(options: Required): AttributeKind<readonly number[]>;
export function positions(options?: CommonOptions): AttributeKind<readonly number[] | undefined>;
export function positions(options: Given<readonly number[]> = {}): AttributeKind<readonly number[] | undefined> {
  const clamp = (one: unknown) => Math.min(Math.max(Number(one), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  return makeKind("INTS", options, (value) => listOf(value, "integers").map((one) => integer(clamp(one), {})));
}

interface RealOptions {
  /** Allows infinities, for bounds and padding values. Default: false. */
  readonly infinite?: boolean;
}

function realNumber(value: unknown, { infinite = false }: RealOptions): number {
  if (typeof value !== "number") return failWith("a number", inWords(value));
  if (infinite && Number.isNaN(value)) return failWith("a number", "NaN");
  if (!infinite && !Number.isFinite(value)) return failWith("a finite number", `${value}`);
  if (Number.isFinite(value) && !Number.isFinite(Math.fround(value)))
    return failWith("a number that fits 32 bits", `${value}`);
  return value;
}

/** A number, stored as a 32-bit float. */
export function real(options: (WithDefault<number> | Required) & RealOptions): AttributeKind<number>;
export function real(options?: CommonOptions & RealOptions): AttributeKind<number | undefined>;
export function real(options: Given<number> & RealOptions = {}): AttributeKind<number | undefined> {
  return makeKind("FLOAT", options, (value) => realNumber(value, options));
}

/** A list of numbers, stored as 32-bit floats. */
export function reals(options: WithDefault<readonly number[]> | Required): AttributeKind<readonly number[]>;
export function reals(options?: CommonOptions): AttributeKind<readonly number[] | undefined>;
export function reals(options: Given<readonly number[]> = {}): AttributeKind<readonly number[] | undefined> {
  return makeKind("FLOATS", options, (value) => listOf(value, "numbers").map((one) => realNumber(one, {})));
}

/** Joins alternatives: "NOTSET, VALID, SAME_UPPER or SAME_LOWER". */
function oneOf(allowed: readonly string[]): string {
  return allowed.length < 2 ? `${allowed[0]}` : `${allowed.slice(0, -1).join(", ")} or ${allowed.at(-1)}`;
}

interface TextOptions<T extends string> {
  /** Default: every node must have it. */
  readonly default?: T;
  /** First opset of values that were added later. Default: none. */
  readonly later?: { readonly [K in T]?: number };
}

/** One of several words. */
export function text<const T extends string>(
  allowed: readonly T[],
  { later = {}, ...options }: TextOptions<NoInfer<T>> & CommonOptions = {},
): AttributeKind<T> {
  const find = (value: unknown): T =>
    typeof value === "string"
      ? (allowed.find((one) => one === value) ?? failWith(oneOf(allowed), inWords(value)))
      : failWith("a string", inWords(value));
  const since: { readonly [K in T]?: number } = later;
  const given: Given<T> = options.default === undefined ? { ...options, required: true } : options;
  return makeKind<T, T>("STRING", given, find, (value) => since[value] ?? 0);
}

/** Any text. */
export function anyText(options: WithDefault<string> | Required): AttributeKind<string> {
  return makeKind<string, string>("STRING", options, (value) =>
    typeof value === "string" ? value : failWith("a string", inWords(value)),
  );
}

/** A list of words. */
export function texts(options: CommonOptions = {}): AttributeKind<readonly string[] | undefined> {
  return makeKind<readonly string[] | undefined, never>("STRINGS", options, (value) =>
    listOf(value, "strings").map((one) => (typeof one === "string" ? one : failWith("a string", inWords(one)))),
  );
}

/** A dtype. Files have data types instead; all floating-point types are f32 here. */
export function dtype(options: WithDefault<DType> | Required): AttributeKind<DType>;
export function dtype(options?: CommonOptions): AttributeKind<DType | undefined>;
export function dtype(options: Given<DType> = {}): AttributeKind<DType | undefined> {
  return makeKind(
    "DTYPE",
    options,
    (value) => dtypes.find((one) => one === value) ?? failWith(oneOf(dtypes), inWords(value)),
  );
}

/** A tensor with one element. Default when absent: the f32 0. */
export function element(options: CommonOptions = {}): AttributeKind<HostArray> {
  const zero: HostArray = { dtype: "f32", shape: [1], data: Float32Array.of(0) };
  return makeKind("TENSOR", { ...options, default: zero }, (value) => {
    if (!isHostValue(value)) return failWith("a tensor", inWords(value));
    return value.data.length === 1 ? value : failWith("one element", `${value.data.length}`);
  });
}

/** A graph that the node runs. */
export function graph(): AttributeKind<Subgraph> {
  return makeKind<Subgraph, never>("GRAPH", { required: true }, (value) =>
    typeof value === "object" && value !== null && "nodes" in value
      ? (value as Subgraph)
      : failWith("a graph", inWords(value)),
  );
}

/** An attribute without effect here; the reason stands beside its use. */
export function ignored(options: CommonOptions = {}): AttributeKind<undefined> {
  return makeKind<undefined, never>("IGNORED", options, () => undefined);
}

/**
 * Values of all attributes of a schema.
 *
 * @throws {Error} `name: expected …, got …` for a value out of range or a missing one, and for unknown names.
 */
export function readAttributes<S extends AttributeSchema>(
  schema: S,
  given: Readonly<Record<string, AttributeValue | undefined>>,
): AttributesOf<S> {
  const values: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(schema)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined && kind.isRequired) throw new Error(`${name}: expected ${inStored(kind.stored)}, got none`);
    try {
      values[name] = value === undefined ? kind.fallback : kind.read(value);
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(schema, name)) {
      const known = Object.keys(schema).join(", ") || "no attributes";
      throw new Error(`expected ${known}, got also ${inWords(name)}`);
    }
  }
  return Object.freeze(values) as AttributesOf<S>;
}

/** Words for a stored type. */
export function inStored(type: StoredType): string {
  return storedWords[type];
}

const storedWords: Readonly<Record<StoredType, string>> = {
  FLOAT: "a number",
  INT: "an integer",
  STRING: "a string",
  TENSOR: "an attribute of type TENSOR",
  GRAPH: "a graph",
  FLOATS: "a list of numbers",
  INTS: "a list of integers",
  STRINGS: "a list of strings",
  DTYPE: "an integer",
  IGNORED: "a value",
};
