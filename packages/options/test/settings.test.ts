import {
  because,
  type Choice,
  chosenFrom,
  defineSettings,
  flag,
  type GivenOf,
  listOf,
  nested,
  OptionError,
  oneOf,
  oneOrListOf,
  pairOf,
  type ResolvedOf,
  real,
  recorded,
  resolve,
  resolveOptions,
  text,
  whole,
} from "@neft/options";
import { describe, expect, it } from "vitest";

const choices = new Map<string, Choice>([
  ["fast", { id: "fast", defaults: { rate: 2 } }],
  ["wide", { id: "wide", defaults: {}, optional: ["names"] }],
]);
const choice = chosenFrom(
  choices,
  defineSettings({
    rate: { kind: real({ above: 0 }), about: "rate" },
    names: { kind: listOf(text()), about: "names" },
  }),
);

const rows = defineSettings({
  count: { kind: whole({ min: 1, max: 9 }), about: "count", default: 3 },
  ratio: { kind: oneOrListOf(real(), { words: "a number or a list of numbers" }), about: "ratio" },
  mode: { kind: oneOf(["a", "b"]), about: "mode", default: "a" },
  on: { kind: flag, about: "on", default: false },
  pair: { kind: pairOf(real({ min: 0 }), "two numbers"), about: "pair" },
  inner: {
    kind: nested(defineSettings({ depth: { kind: whole({ min: 0 }), about: "depth", default: 1 } })),
    about: "inner",
    record: ({ depth }: { readonly depth: number }) => depth,
  },
  way: { kind: choice, about: "way", default: choice.check("fast", "way") },
});

const defaults = {
  count: 3,
  ratio: undefined,
  mode: "a",
  on: false,
  pair: undefined,
  inner: undefined,
  way: { id: "fast", rate: 2 },
};

describe("resolve", () => {
  it("fills in defaults and resolves every value", () => {
    expect(resolve(rows, {})).toEqual(defaults);
    const given: GivenOf<typeof rows> = { ratio: 0.5, inner: {}, way: { id: "wide", names: ["x"] }, pair: [0, 1] };
    const resolved: ResolvedOf<typeof rows> = resolve(rows, given);
    expect(resolved).toEqual({ ...defaults, ...given, ratio: [0.5], inner: { depth: 1 } });
    expect(resolve(rows, resolved)).toEqual(resolved);
    expect(recorded(rows, resolved)).toEqual({ ...resolved, inner: 1 });
  });

  it("ignores unknown members, which resolveOptions refuses", () => {
    const given = { count: 2, other: 1 };
    expect(resolve(rows, given)).toEqual({ ...defaults, count: 2 });
    expect(() => resolveOptions("who", given, rows)).toThrow(
      "who: expected no option but count, ratio, mode, on, pair, inner, way, got other",
    );
    expect(() => resolveOptions("who", null, rows)).toThrow("who: expected options (count, ");
  });

  it.each<[object, string]>([
    [{ count: 0 }, "count: expected a whole number ≥ 1 and ≤ 9, got 0"],
    [{ count: 1.5 }, "count: expected a whole number ≥ 1 and ≤ 9, got 1.5"],
    [{ count: "2" }, 'count: expected a whole number ≥ 1 and ≤ 9, got "2"'],
    [{ count: null }, "count: expected a whole number ≥ 1 and ≤ 9, got null"],
    [{ ratio: "2" }, 'ratio: expected a number or a list of numbers, got "2"'],
    [{ ratio: [] }, "ratio: expected at least one, got none"],
    [{ ratio: [1, Number.NaN] }, "ratio: expected a number, got NaN"],
    [{ ratio: new Array(2) }, "ratio: expected a number, got undefined"],
    [{ ratio: new Array(1001).fill(1) }, "ratio: expected at most 1000, got 1001"],
    [{ mode: "c" }, 'mode: expected one of a, b, got "c"'],
    [{ on: 1 }, "on: expected true or false, got 1"],
    [{ pair: [1] }, "pair: expected 2 values, got 1"],
    [{ inner: { depth: -1 } }, "inner.depth: expected a whole number ≥ 0, got -1"],
    [{ inner: { deep: 1 } }, "inner: expected no option but depth, got deep"],
    [{ way: "slow" }, 'way: expected one of fast, wide, got "slow"'],
    [{ way: { rate: 1 } }, "way: expected one of fast, wide, or an object with such an id, got an object"],
    [{ way: { id: "fast", rate: 0 } }, "way.rate: expected a number > 0, got 0"],
    [{ way: { id: "fast", names: ["x"] } }, "way fast: expected no setting but way.rate, got way.names"],
    [{ way: { id: "fast", speed: 1 } }, "way fast: expected no setting but way.rate, got speed"],
    [{ way: { id: "wide", names: [" "] } }, 'way.names: expected a name, got " "'],
  ])("refuses %j", (given, message) => {
    const call = () => resolve(rows, given);
    expect(call).toThrow(new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`));
    if (!("inner" in given && "deep" in (given.inner as object))) expect(call).toThrow(OptionError);
  });
});

describe("arguments of a command line", () => {
  it("are parsed by the kind", () => {
    expect(real().parse("-1.5e2", "x")).toBe(-150);
    expect(whole({ min: 1 }).parse("12", "x")).toBe(12);
    expect(listOf(real()).parse("0.4914, 0.48,0.44", "x")).toEqual([0.4914, 0.48, 0.44]);
    expect(oneOf(["a", "b"]).parse("b", "x")).toBe("b");
    expect(text().parse("x", "x")).toBe("x");
    expect(choice.parse("wide", "x")).toBe("wide");
  });

  it.each([
    [() => whole({ min: 1 }).parse("0", "x"), 'x: expected a whole number ≥ 1, got "0"'],
    [() => whole().parse("1.5", "x"), 'x: expected a whole number, got "1.5"'],
    [() => whole().parse("0x10", "x"), 'x: expected a whole number, got "0x10"'],
    [() => whole().parse("9007199254740993", "x"), 'x: expected a whole number, got "9007199254740993"'],
    [() => real({ above: 0 }).parse("0", "x"), 'x: expected a number > 0, got "0"'],
    [() => real({ min: 0, below: 1 }).parse("1", "x"), 'x: expected a number ≥ 0 and < 1, got "1"'],
    [() => real().parse("", "x"), 'x: expected a number, got ""'],
    [() => real().parse("Infinity", "x"), 'x: expected a number, got "Infinity"'],
    [() => listOf(real()).parse("1,,2", "x"), 'x: expected a number, got ""'],
    [() => listOf(real(), { most: 2 }).parse("1,1,1", "x"), "x: expected at most 2 values, got 3 values"],
    [() => oneOf(["ovf", "irs"]).parse("olf", "x"), 'x: expected one of ovf, irs, got "olf"'],
    [() => text().parse(" ", "x"), 'x: expected a name, got " "'],
    [() => choice.parse("slow", "x"), 'x: expected one of fast, wide, got "slow"'],
  ])("are refused with the expected values (%#)", (read, message) => {
    expect(read).toThrow(message);
    expect(read).toThrow(OptionError);
  });
});

describe("because", () => {
  const lines = because(whole({ min: 1, max: 4 }), "larger arrays aren't built");

  it("adds the reason of its bounds to errors, and nothing else", () => {
    expect(lines.check(4, "rows")).toBe(4);
    expect(lines.parse("2", "rows")).toBe(2);
    expect(() => lines.check(5, "rows")).toThrow(
      "rows: expected a whole number ≥ 1 and ≤ 4, got 5; larger arrays aren't built",
    );
    expect(() => lines.parse("5", "rows")).toThrow(OptionError);
    expect(lines).toMatchObject({ words: "a whole number ≥ 1 and ≤ 4", placeholder: "<n>" });
  });
});
