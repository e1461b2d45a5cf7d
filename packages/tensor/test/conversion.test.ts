import { init } from "@neft/kernels";
import {
  addConverted,
  type Converter,
  normals,
  parameter,
  persistent,
  scope,
  setConverted,
  setDigits,
  stream,
  type Tensor,
  tensor,
} from "@neft/tensor";
import { describe, expect, it } from "vitest";

await init();

const draws = (name: string, n: number): Float32Array => normals(stream(5, { purpose: "conversion", name }), n);

/** [outer, columns, inner] and the axis of the columns. */
const shapes: readonly (readonly [shape: number[], axis: number])[] = [
  [[1], -1],
  [[3], 0],
  [[5, 3], -1],
  [[5, 3], 0],
  [[2, 17], 1],
  [[2, 5, 3, 3], 1],
  [[3, 4, 17], -2],
  [[0, 5], 1],
  [[2, 0], 0],
];
const converters: readonly Pick<Converter, "bits" | "signed">[] = [
  { bits: 1, signed: false },
  { bits: 2, signed: true },
  { bits: 5, signed: false },
  { bits: 8, signed: true },
];

/** Nearest whole number, ties to even. */
function nearest(x: number): number {
  if (!Number.isFinite(x)) return x;
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

/** Code and step of a value, and whether it clips. */
function naive(x: number, range: number, { bits, signed }: Pick<Converter, "bits" | "signed">) {
  const highest = 2 ** (bits - (signed ? 1 : 0)) - 1;
  const lowest = signed ? -highest : 0;
  const step = Math.fround(range / highest);
  // A range of 0 clips all but 0.
  const code = step === 0 && x === 0 ? 0 : nearest(Math.fround(x / step));
  return {
    code: Number.isNaN(x) ? x : Math.max(lowest, Math.min(highest, code)),
    step,
    clips: x > range || x < (signed ? -range : 0),
  };
}

/** Every shape and converter, with ranges and factors for each column or one for all, and values of which some clip. */
const cases = shapes.flatMap(([shape, axis]) =>
  converters.flatMap((codes) =>
    [true, false].map((each) => {
      const at = axis < 0 ? axis + shape.length : axis;
      const columns = shape[at]!;
      const ranges = each ? draws("range", columns).map(Math.abs) : Float32Array.of(1.25);
      if (each && columns > 2) ranges[1] = 0;
      const scales = each ? draws("scale", columns) : Float32Array.of(-3);
      const inner = shape.slice(at + 1).reduce((product, size) => product * size, 1);
      const column = (i: number) => (each ? Math.floor(i / inner) % columns : 0);
      const [range, scale] = each ? [ranges, scales] : [ranges[0]!, scales[0]!];
      const converter: Converter = { ...codes, range, scale, axis };
      return { label: JSON.stringify({ shape, axis, ...codes, each }), shape, converter, ranges, scales, column };
    }),
  ),
);

function withTensors(values: readonly Float32Array[], shape: number[], use: (...tensors: Tensor[]) => void): void {
  const tensors = values.map((each) => persistent(each, shape));
  try {
    use(...tensors);
  } finally {
    for (const each of tensors) each.dispose();
  }
}

describe("converters", () => {
  it.each(cases)("agree with the loop: $label", ({ shape, converter, ranges, scales, column }) => {
    const n = shape.reduce((product, size) => product * size, 1);
    const x = draws("x", n);
    if (n > 7) x[7] = Number.NaN;
    const wanted = Array.from(x, (value, i) => naive(value, ranges[column(i)]!, converter));
    const clipped = wanted.filter(({ clips }) => clips).length;
    withTensors([draws("target", n), x], shape, (target, given) => {
      const before = target.floats();
      expect(addConverted(target, given, converter)).toBe(clipped);
      const sums = target.floats();
      expect(setConverted(target, given, converter)).toBe(clipped);
      const rounded = target.floats();
      const codes = new Float64Array(n);
      for (const shift of [0, 3, 6]) {
        expect(setDigits(target, given, { ...converter, scale: 1 }, { shift, width: 3 })).toBe(clipped);
        for (const [i, digit] of target.floats().entries()) codes[i]! += digit * 2 ** shift;
      }
      for (const [i, { code, step }] of wanted.entries()) {
        const value = scales[column(i)]! * step * code;
        expect(Number.isNaN(code), `element ${i}`).toBe(i === 7);
        if (i === 7) expect([rounded[i], sums[i], codes[i]]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
        else {
          expect(rounded[i], `element ${i}`).toBeCloseTo(value, 5);
          expect(sums[i], `element ${i}`).toBeCloseTo(before[i]! + value, 5);
          expect(codes[i], `element ${i}`).toBe(code + 0);
        }
      }
    });
  });

  it("say what is wrong with a call", () => {
    scope(() => {
      const [target, x] = [parameter(draws("t", 6), [2, 3]), tensor(draws("x", 6), [2, 3])];
      const good = { bits: 4, signed: true, range: 1 };
      const given = (converter: Partial<Converter>) => () => addConverted(target, x, { ...good, ...converter });
      expect(given({ bits: 1 })).toThrow("addConverted: bits: expected a whole number from 2 to 24, got 1");
      expect(given({ bits: 25 })).toThrow("addConverted: bits: expected a whole number from 2 to 24, got 25");
      expect(given({ bits: 0, signed: false })).toThrow("expected a whole number from 1 to 24, got 0");
      expect(given({ range: -1 })).toThrow("addConverted: range: expected finite numbers ≥ 0, got -1");
      expect(given({ range: Number.NaN })).toThrow("addConverted: range: expected finite numbers ≥ 0, got NaN");
      expect(given({ range: new Float32Array(2) })).toThrow("addConverted: range: expected 3 values, got 2");
      expect(given({ scale: new Float32Array(3), axis: 0 })).toThrow("addConverted: scale: expected 2 values, got 3");
      expect(given({ scale: Number.POSITIVE_INFINITY })).toThrow(
        "addConverted: scale: expected finite numbers, got Inf",
      );
      expect(given({ scale: new Float32Array(3), axis: 2 })).toThrow("addConverted: expected an axis from -2 to 1");
      expect(() => addConverted(target, target, good)).toThrow("expected another tensor than the target");
      const digits = (shift: number, width: number) => () => setDigits(target, x, good, { shift, width });
      expect(digits(24, 1)).toThrow("setDigits: shift: expected a whole number from 0 to 23, got 24");
      expect(digits(0, 0)).toThrow("setDigits: width: expected a whole number from 1 to 24, got 0");
    });
  });
});
