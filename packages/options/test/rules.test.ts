import { checkOptions, inWords, kinds, messageWith, OptionError, type Rules, required } from "@neft/options";
import { describe, expect, it } from "vitest";

interface Options {
  readonly seed: number;
  readonly name?: string;
  readonly mode?: "a" | "b" | undefined;
  readonly inner?: { readonly flag?: boolean };
}

const rules: Rules<Options> = {
  seed: required(kinds.number),
  name: kinds.name,
  mode: kinds.oneOf("a", "b"),
  inner: kinds.options({ flag: kinds.flag }),
};

describe("checkOptions", () => {
  it.each([
    Object.assign(Object.create(null), { seed: 1 }),
    { seed: 1 },
    { seed: 1, name: undefined },
    { seed: 0, name: "", mode: "b", inner: { flag: false } },
  ])("takes %j", (options) => expect(checkOptions("who", options, rules)).toBeUndefined());

  it.each<[unknown, string]>([
    [{ seed: 1, nam: "x" }, "who: expected no option but seed, name, mode, inner, got nam"],
    [{ seed: 1, toString: "x" }, "who: expected no option but seed, name, mode, inner, got toString"],
    [{}, "who: seed: expected a number, got undefined"],
    [{ seed: "1" }, 'who: seed: expected a number, got "1"'],
    [{ seed: 1, name: null }, "who: name: expected a name, got null"],
    [{ seed: 1, mode: "c" }, 'who: mode: expected a or b, got "c"'],
    [{ seed: 1, inner: { flag: 1 } }, "who: inner.flag: expected true or false, got 1"],
    [{ seed: 1, inner: { flg: true } }, "who: inner: expected no option but flag, got flg"],
    [undefined, "who: expected options (seed, name, mode, inner), got undefined"],
    [[1], "who: expected options (seed, name, mode, inner), got [1]"],
    ["seed", 'who: expected options (seed, name, mode, inner), got "seed"'],
    [
      Object.create({ seed: 1 }),
      "who: expected options (seed, name, mode, inner) as a plain object, got an instance of a class",
    ],
    [
      new Map([["seed", 1]]),
      "who: expected options (seed, name, mode, inner) as a plain object, got an instance of a class",
    ],
  ])("refuses %j", (options, message) => {
    expect(() => checkOptions("who", options, rules, "who: ")).toThrow(new RangeError(message));
  });
});

describe("OptionError", () => {
  const parts = {
    option: "a.b",
    expected: "less than {c}, not {d}",
    got: "{c}",
    subject: "node {x}: {option}",
    advice: "raise {c}",
    mentions: ["c"],
  };
  const message = "node {x}: a.b: expected less than c, not {d}, got c; raise c";
  const nameOf = (option: string): string => `--${option}`;

  it("is a RangeError with the parts as fields and the API's option names in its message", () => {
    const error = new OptionError(parts);
    expect(error).toBeInstanceOf(RangeError);
    expect({ ...error }).toEqual(parts);
    expect(error.message).toBe(message);
    expect(new OptionError({ option: "a", expected: "1", got: "2" }).message).toBe("a: expected 1, got 2");
  });

  it("can be formatted with other names, as can a copy of its fields; other errors can't", () => {
    const error = new OptionError(parts);
    const words = "node {x}: --a.b: expected less than --c, not {d}, got --c; raise --c";
    for (const one of [error, structuredClone({ ...error }), Object.assign(new Error(error.message), parts)])
      expect(messageWith(one, nameOf)).toBe(words);
    for (const other of [
      new RangeError("a.b"),
      structuredClone(error),
      undefined,
      { option: 1, expected: "", got: "" },
    ])
      expect(messageWith(other, nameOf)).toBeUndefined();
  });

  it("replaces no braces that `mentions` doesn't list", () => {
    const error = new OptionError({ option: "taps", expected: "values such as {taps}", got: '"$&{batch}"' });
    expect(messageWith(error, nameOf)).toBe('--taps: expected values such as {taps}, got "$&{batch}"');
  });
});

describe("inWords", () => {
  it.each<[unknown, string]>([
    [2, "2"],
    ["2", '"2"'],
    ["a\nb", '"a\\nb"'],
    [2n, "2n"],
    [undefined, "undefined"],
    [null, "null"],
    [Number.NaN, "NaN"],
    [Symbol("x"), "Symbol(x)"],
    [() => 1, "a function"],
    [{ a: 1 }, "an object"],
    [new Array(2), "[undefined, undefined]"],
    ["x".repeat(1000), `"${"x".repeat(200)}…"`],
    [[1, "2", [3], {}], '[1, "2", a list, an object]'],
    [Array.from({ length: 9 }, (_, i) => i), "[0, 1, 2, 3, 4, 5, 6, 7, …]"],
  ])("shows %o as %s", (value, words) => {
    expect(inWords(value)).toBe(words);
  });
});
