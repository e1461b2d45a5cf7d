import { type AttributeKind, knownOperators } from "@neft/model";
import { type DType, dtypes, sizeOf } from "@neft/tensor";
import { type Attribute, DataType } from "./onnx-file.js";
import type { Sample, SampleInput } from "./samples/sample.js";

/** A sample with one thing wrong, or unusual. */
export interface Misuse {
  readonly what: string;
  readonly sample: Sample;
}

type Change = readonly [what: string, input: SampleInput | undefined];

/** An element that every dtype has, or for f32 the element itself. */
function fitting(element: number, dtype: DType | undefined): number {
  if (dtype === "f32") return element;
  const whole = Math.abs(Math.trunc(element));
  return dtype === "bool" ? Math.min(whole, 1) : Math.min(whole, 127) || 0;
}

/** Elements of an input that changes its shape or dtype: its own, repeated. */
function resized({ values, ...input }: SampleInput, shape: readonly number[], dtype = input.dtype): SampleInput {
  const given = { ...input, shape, ...(dtype && { dtype }) };
  const isOther = given.dtype !== input.dtype;
  if (!isOther && (values === undefined || values.length === 0)) return given;
  const elements = Array.from({ length: sizeOf(shape) }, (_, i) => values?.[i % values.length] ?? i % 3);
  return { ...given, values: isOther ? elements.map((one) => fitting(one, dtype)) : elements };
}

/** A copy of a list with another item in one place. */
const replaced = <T>(list: readonly T[], place: number, item: T): T[] =>
  list.map((one, i) => (i === place ? item : one));

function shapesNear(shape: readonly number[]): number[][] {
  const zeroes = shape.map((_, axis) => replaced(shape, axis, 0));
  const larger = shape.map((n, axis) => replaced(shape, axis, n + 1));
  return [
    [],
    [1],
    [0],
    [2, 3],
    [...shape, 1],
    [1, ...shape],
    [1, 1, 1, ...shape],
    shape.slice(1),
    ...zeroes,
    ...larger,
  ];
}

/** Elements that are hard as sizes, axes, positions or counts. */
const hardIntegers = [0, -1, 1, 7, 2 ** 31, -(2 ** 31), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER] as const;
const hardFloats = [0, -1, 1e30, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const;
const range: Partial<Record<DType, readonly [number, number]>> = {
  bool: [0, 1],
  u8: [0, 255],
  u64: [0, Number.MAX_SAFE_INTEGER],
};

/** Changes of an input's presence, dtype and shape. */
function changesOf(input: SampleInput): Change[] {
  const { dtype = "f32", shape, fixed = false } = input;
  return [
    ["absent", undefined],
    [fixed ? "fed" : "fixed", { ...input, fixed: !fixed }],
    ...dtypes.filter((one) => one !== dtype).map((one): Change => [one, resized(input, shape, one)]),
    ...shapesNear(shape).map((one): Change => [`of shape [${one}]`, resized(input, one)]),
  ];
}

/** Changes of an input's elements. */
function elementChangesOf(input: SampleInput): Change[] {
  const { dtype = "f32", shape, values } = input;
  const [low, high] = range[dtype] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const elements = dtype === "f32" ? hardFloats : hardIntegers.filter((n) => n >= low && n <= high);
  return [
    ...elements.map((one): Change => [`of ${one}`, { ...input, values: new Array(sizeOf(shape)).fill(one) }]),
    ...(values ?? [])
      .slice(0, 4)
      .flatMap((_, i) =>
        elements.map((one): Change => [`with ${one} at ${i}`, { ...input, values: replaced(values ?? [], i, one) }]),
      ),
  ];
}

const oneFloat = { dims: [1n], dataType: DataType.FLOAT, floatData: [1] };
const noString = { dims: [0n], dataType: DataType.STRING };

/** Values of every type that an attribute may have in a file. */
const attributeValues: readonly Attribute[] = [
  ...hardIntegers,
  ...[2, 3, 11, 16, 99],
  ...["", "x", "NOTSET", "bilinear"],
  ...[[], [0], [-1], [1, 1], [0, 0], [5, 6], [2 ** 31, 2 ** 31], [1, 2, 3, 4, 5, 6, 7], [-1, -2, -3, -4]],
  ...hardFloats.map((float) => ({ float })),
  ...[[], [1], [Number.NaN, -1], [0, 0, 0, 0]].map((floats) => ({ floats })),
  ...[[], ["x"], ["x", "y", "z"]].map((strings) => ({ strings })),
  ...[oneFloat, { ...oneFloat, dims: [2n] }, { ...oneFloat, dims: [-1n] }, noString].map((tensor) => ({ tensor })),
  { graph: { name: "body" } },
];

const schemaOf = (op: string): string[] =>
  Object.entries(knownOperators.get(op)?.attributes ?? {})
    .filter(([, kind]) => !(kind as AttributeKind<unknown>).isInternal)
    .map(([name]) => name);

/**
 * Misuses of a sample: one thing is changed in each.
 *
 * @param share  One of so many elements of inputs and values of attributes is tried. Default: every one.
 */
export function* misusesOf(sample: Sample, share = 1): Generator<Misuse> {
  const { inputs, attributes = {}, outputs = 1 } = sample;
  const changed = (what: string, change: Partial<Sample>): Misuse => ({ what, sample: { ...sample, ...change } });
  let tried = 0;
  // The next input or attribute begins with another one.
  const some = <T>(all: readonly T[]): T[] => all.filter(() => tried++ % share === 0);
  for (const [i, input] of inputs.entries()) {
    if (input === undefined) continue;
    for (const [what, other] of [...changesOf(input), ...some(elementChangesOf(input))])
      yield changed(`input ${i} ${what}`, { inputs: replaced(inputs, i, other) });
  }
  for (let count = 0; count < inputs.length; count++)
    yield changed(`${count} inputs`, { inputs: inputs.slice(0, count) });
  const first = inputs.find((one) => one !== undefined) ?? { shape: [1] };
  for (const more of [1, 2, 12]) {
    yield changed(`${more} more inputs`, { inputs: [...inputs, ...new Array<SampleInput>(more).fill(first)] });
    yield changed(`${more} more outputs`, { outputs: outputs + more });
  }
  for (const name of new Set([...schemaOf(sample.op), ...Object.keys(attributes), "unknown"])) {
    const { [name]: _, ...others } = attributes;
    yield changed(`no ${name}`, { attributes: others });
    for (const value of some(attributeValues))
      yield changed(`${name}: ${inJson(value)}`, { attributes: { ...others, [name]: value } });
  }
}

const inJson = (value: Attribute): string =>
  JSON.stringify(value, (_, one) => (typeof one === "bigint" || typeof one === "number" ? `${one}` : one));
