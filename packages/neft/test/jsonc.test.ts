import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJsonc } from "../src/command/jsonc.js";

describe("parseJsonc", () => {
  it("takes comments, trailing commas and a byte order mark", () => {
    const text = `\uFEFF// first
      { /* a, b ] */ "a": [1, 2, // "c": 3,
      ], "url": "http://x/*y*/", "quote": "\\"//,]",
      // "off": 1,
    }`;
    expect(parseJsonc(text)).toEqual({ a: [1, 2], url: "http://x/*y*/", quote: '"//,]' });
  });

  it("takes all JSON as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 2), (text, space) => {
        const value: unknown = JSON.parse(text);
        expect(parseJsonc(JSON.stringify(value, null, space))).toEqual(value);
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  it.each([
    ['{ "a": 1,\n  "b": 2,\n  "a": 3 }', 'expected each member once, got "a" twice (line 3, column 3)'],
    ['{ "a": { "b": 1, "\\u0062": 2 } }', 'got "b" twice (line 1, column 18)'],
    ["{ 'a': 1 }", "expected JSON, got text that isn't: "],
    ["[1,,2]", "expected JSON"],
    ['{ "a": 1 // }', "expected JSON"],
    ["/* open", "expected JSON"],
    ["", "expected JSON"],
  ])("refuses %j", (text, message) => {
    expect(() => parseJsonc(text)).toThrow(RangeError);
    expect(() => parseJsonc(text)).toThrow(message);
  });

  it("says where", () => {
    expect(() => parseJsonc('{\n  "rows": 12 34\n}')).toThrow(/line 2,? column 14/);
  });

  it("takes long texts in a moment", () => {
    const start = performance.now();
    expect(() => parseJsonc(`{"a":${",".repeat(1e5)}${" ".repeat(1e5)}`)).toThrow(RangeError);
    expect(parseJsonc(`[${'"",'.repeat(1e5)}]`)).toHaveLength(1e5);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
