import { readFileSync } from "node:fs";
import { type AttributeKind, addOperators, knownOperators } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { supportedOpsets } from "@neft/onnx";
import { expect, it } from "vitest";
import { type OperatorVersion, versionOf } from "../src/operator-version.js";
import { dtypeOf } from "../src/stored-tensor.js";

addOperators(moreOperators);

/** One version of an operator in the standard, as `tools/write-schemas.py` writes it. */
interface Schema {
  readonly inputs: readonly [min: number, max: number | null];
  readonly outputs: readonly [min: number, max: number | null];
  /** Type, then the default, or "required" in its place; neither for an optional one without default. */
  readonly attributes: Readonly<Record<string, readonly [type: string, fallback?: unknown]>>;
  readonly deprecated?: true;
}

const schemas: Readonly<Record<string, Readonly<Record<number, Schema>>>> = JSON.parse(
  readFileSync(new URL("./golden/schemas.json", import.meta.url), "utf8"),
);

/** What rows do otherwise than the standard, and why. `*`: of every operator. */
const exceptions: readonly (readonly [difference: RegExp, reason: string])[] = [
  [/^(If|Loop)-\d+: expected inputs /, "what their graphs read from outside are inputs, too"],
  [/^Scan-8: missing$/, "its form with batches and lengths occurs in this opset alone"],
  [
    /^Clip-6: (min|max): expected default /,
    "an absent bound is none; the default, the largest float, changes infinities",
  ],
  [
    /^MaxPool-1: expected 1 outputs, got 2$/,
    "the second output came with opset 8, and one number says what is declared",
  ],
  [/^RNN-\d+: activations: expected default /, "absent, they are Tanh in each direction"],
];

/** The standard's version of an operator in an opset; undefined before the first and after the last. */
function schemaOf(op: string, opset: number): { since: number; schema: Schema } | undefined {
  const versions = Object.keys(schemas[op] ?? {}).map(Number);
  const since = Math.max(...versions.filter((one) => one <= opset));
  return since > 0 && !schemas[op]![since]!.deprecated ? { since, schema: schemas[op]![since]! } : undefined;
}

/** A default as files store it. */
function storedDefault({ stored, fallback, isRequired }: AttributeKind<unknown>): unknown {
  if (isRequired) return "required";
  return typeof fallback === "boolean" && stored === "INT" ? Number(fallback) : fallback;
}

/** A standard's default as a row has it. */
function ownDefault(fallback: unknown, { stored }: AttributeKind<unknown>): unknown {
  // 0 is no data type.
  if (stored === "DTYPE" && typeof fallback === "number")
    return fallback === 0 ? undefined : dtypeOf(fallback, "schema");
  return fallback;
}

const isSame = (a: unknown, b: unknown): boolean =>
  typeof a === "number" && typeof b === "number"
    ? Math.fround(a) === Math.fround(b)
    : JSON.stringify(a) === JSON.stringify(b);

function attributeDifferences(version: OperatorVersion, schema: Schema): string[] {
  const own = version.attributes;
  const extra = Object.keys(own).filter((name) => !(name in schema.attributes));
  return [
    ...extra.map((name) => `${name}: unknown to the standard`),
    ...Object.entries(schema.attributes).flatMap(([name, [type, fallback]]) => {
      const kind = own[name];
      if (kind === undefined) return [`${name}: missing`];
      if (kind.stored === "IGNORED") return [];
      const stored = kind.stored === "DTYPE" ? "INT" : kind.stored;
      if (stored !== type) return [`${name}: expected ${type}, got ${kind.stored}`];
      const [expected, got] = [ownDefault(fallback, kind), storedDefault(kind)];
      // The default of a tensor is described in words only.
      if (isSame(expected, got) || (type === "TENSOR" && fallback === undefined && !kind.isRequired)) return [];
      return [`${name}: expected default ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`];
    }),
  ];
}

const max = (count: number | null): number => count ?? Number.POSITIVE_INFINITY;

function differences(op: string, opset: number): string[] {
  const standard = schemaOf(op, opset);
  const own = versionOf(knownOperators, op, opset);
  if (standard === undefined) return [];
  if (own === undefined) return [`${op}-${standard.since}: missing`];
  const { schema, since } = standard;
  const [least, most] = own.inputs;
  const arities =
    least === schema.inputs[0] && most === max(schema.inputs[1])
      ? []
      : [`expected inputs [${schema.inputs}], got [${own.inputs}]`];
  const outputs =
    own.outputs === max(schema.outputs[1]) ? [] : [`expected ${schema.outputs[1]} outputs, got ${own.outputs}`];
  return [...arities, ...outputs, ...attributeDifferences(own, schema)].map((line) => `${op}-${since}: ${line}`);
}

it("reads every operator as the standard writes it in each opset", () => {
  const found = new Set<string>();
  for (const op of knownOperators.keys()) {
    for (let opset = supportedOpsets.min; opset <= supportedOpsets.max; opset++) {
      for (const line of differences(op, opset)) found.add(line);
    }
  }
  expect([...found].filter((line) => !exceptions.some(([pattern]) => pattern.test(line)))).toEqual([]);
});

it("knows operators of the standard alone", () => {
  expect([...knownOperators.keys()].filter((op) => schemas[op] === undefined)).toEqual([]);
});

it("has no exception without use", () => {
  const all = [...knownOperators.keys()].flatMap((op) =>
    Array.from({ length: supportedOpsets.max - supportedOpsets.min + 1 }, (_, i) =>
      differences(op, supportedOpsets.min + i),
    ).flat(),
  );
  expect(exceptions.filter(([pattern]) => !all.some((line) => pattern.test(line)))).toEqual([]);
});
