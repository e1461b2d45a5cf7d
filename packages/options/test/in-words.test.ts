import { inWords, oneLine, printable, shortened } from "@neft/options";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

const nonPrinting = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;

describe("texts for a terminal", () => {
  it("have the characters escaped that a terminal interprets", () => {
    expect(oneLine("a\nb\u001b[31m\u009b\u202e\u200b\u2028\ud800\u{e0041}σ é 漢 😀")).toBe(
      "a\\u000ab\\u001b[31m\\u009b\\u202e\\u200b\\u2028\\ud800\\u{e0041}σ é 漢 😀",
    );
    expect(printable("a\nb\r\n")).toBe("a\nb\\u000d\n");
    expect(inWords('a"\n\u202e\u0085')).toBe('"a\\"\\n\\u202e\\u0085"');
  });

  it("contain no non-printing character, for any input", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 50 }), (text) => {
        for (const shown of [oneLine(text), inWords(text), inWords([text])]) expect(shown).not.toMatch(nonPrinting);
        expect(printable(text).replaceAll("\n", "")).not.toMatch(nonPrinting);
      }),
    );
  });

  it("are shortened in the middle", () => {
    expect(shortened("short", 5)).toBe("short");
    expect(shortened("layer1/very/long/weight", 11)).toBe("layer…eight");
    expect(inWords("x".repeat(1e6))).toBe(`"${"x".repeat(200)}…"`);
  });
});
