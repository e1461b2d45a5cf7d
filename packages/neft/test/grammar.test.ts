import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../src/command/exit-codes.js";
import { list, number, oneOf, sigma, sigmas, text, whole } from "../src/command/grammar.js";
import { parseDataSpec } from "../src/dataSpec.js";

const who = "--x";

describe("sigmas", () => {
  it.each([
    ["0.1", [0.1]],
    ["0.1,0.2", [0.1, 0.2]],
    [" .1 , 2e-1 ", [0.1, 0.2]],
    ["0:0.3:0.1", [0, 0.1, 0.2, 0.3]],
    ["0.1:0.5:0.1", [0.1, 0.2, 0.3, 0.4, 0.5]],
    ["0.05:0.35:0.05", [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35]],
    ["0:1:0.3", [0, 0.3, 0.6, 0.9]],
    ["0.2:0.2:0.1", [0.2]],
    ["0,0.1:0.2:0.1,0.4", [0, 0.1, 0.2, 0.4]],
  ])("reads %s", (word, values) => {
    expect(sigmas(word, who)).toEqual(values);
  });

  it.each([
    "",
    ",",
    "0.1,",
    "-0.1",
    "NaN",
    "nan",
    "Infinity",
    "1e999",
    "0x1",
    "0.1:0.2",
    "0.1:0.2:0.1:1",
    "0.3:0.1:0.1",
    "0.1:0.2:0",
    "0.1:0.2:-0.1",
    "0:1:1e-9",
    "0.1,0.1",
    "0.1;0.2",
    "σ",
    "0.1 0.2",
    "--json",
    "10",
    "1.5",
    "0.1,10",
    "0:40:5",
    "0:1.2:0.1",
  ])("refuses %j", (word) => {
    expect(() => sigmas(word, who)).toThrow(UsageError);
    expect(() => sigmas(word, who)).toThrow(/^--x: expected .*, got /);
  });

  it("asks back for values that look like percent", () => {
    const question = "--x: expected at most 1, a standard deviation relative to a device's full scale, got";
    expect(() => sigmas("0:40:5", who)).toThrow(`${question} 40; is it in percent? For 40 % give 0.4`);
    expect(() => sigma("7", who)).toThrow(`${question} 7; is it in percent? For 7 % give 0.07`);
    expect(sigma("1", who)).toBe(1);
    expect(sigmas("0:1:0.5", who)).toEqual([0, 0.5, 1]);
  });

  it("always ends a range whose stop is a whole number of steps away at the stop", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 0, max: 50 }),
        (a, d, n) => {
          const [start, step, stop] = [a / 10_000, d / 10_000, (a + d * n) / 10_000];
          const values = sigmas(`${start}:${stop}:${step}`, who);
          expect(values).toHaveLength(n + 1);
          expect(values.at(-1)).toBe(stop);
        },
      ),
    );
  });

  it("gives its own error or finite values for any word", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.:,e+-]{0,12}$/)), (word) => {
        try {
          for (const value of sigmas(word, who)) expect(Number.isFinite(value) && value >= 0).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
  });
});

describe("numbers and names", () => {
  it("reads numbers within bounds", () => {
    expect(number()("-1.5e2", who)).toBe(-150);
    expect(whole({ min: 1 })("12", who)).toBe(12);
    expect(list(number())("0.4914, 0.48,0.44", who)).toEqual([0.4914, 0.48, 0.44]);
    expect(oneOf(["a", "b"])("b", who)).toBe("b");
    expect(text("x", who)).toBe("x");
  });

  it.each([
    [() => whole({ min: 1 })("0", who), '--x: expected a whole number ≥ 1, got "0"'],
    [() => whole()("1.5", who), '--x: expected a whole number, got "1.5"'],
    [() => whole()("9007199254740993", who), '--x: expected a whole number, got "9007199254740993"'],
    [() => number({ above: 0 })("0", who), '--x: expected a number > 0, got "0"'],
    [() => number({ min: 0, below: 1 })("1", who), '--x: expected a number ≥ 0 and < 1, got "1"'],
    [() => number()("", who), '--x: expected a number, got ""'],
    [() => list(number())("1,,2", who), '--x: expected a number, got ""'],
    [() => oneOf(["ovf", "irs"])("olf", who), '--x: expected one of ovf, irs, got "olf"'],
    [() => text(" ", who), '--x: expected a name, got " "'],
  ])("refuses with what was expected (%#)", (read, message) => {
    expect(read).toThrow(message);
  });
});

describe("parseDataSpec", () => {
  it.each([
    ["mnist:train", { kind: "mnist", part: "train" }],
    ["mnist:test", { kind: "mnist", part: "test" }],
    ["idx:a/images.gz,b/labels.gz", { kind: "idx", images: "a/images.gz", labels: "b/labels.gz" }],
    ["cifar10:one.bin", { kind: "cifar10", files: ["one.bin"] }],
    ["cifar10:one.bin,two.bin", { kind: "cifar10", files: ["one.bin", "two.bin"] }],
    ["npz:C:\\data\\x,y.npz", { kind: "npz", file: "C:\\data\\x,y.npz" }],
    ["npz:a.npz#train", { kind: "npz", file: "a.npz", part: "train" }],
    ["npz:a#b/c#1.npz#test", { kind: "npz", file: "a#b/c#1.npz", part: "test" }],
    ["npz:a.npz#val", { kind: "npz", file: "a.npz", part: "val" }],
    ["npz:a.npz#images,my labels", { kind: "npz", file: "a.npz", arrays: ["images", "my labels"] }],
    ["npz:#1.npz", { kind: "npz", file: "#1.npz" }],
    ["npz:a#b,c.npz", { kind: "npz", file: "a#b,c.npz" }],
    ["npz:a#b/x,y", { kind: "npz", file: "a#b/x,y" }],
    ["npz:a#train#", { kind: "npz", file: "a#train" }],
    ["npz:a##test", { kind: "npz", file: "a#", part: "test" }],
    ["npz:#train", { kind: "npz", file: "#train" }],
  ])("reads %s", (word, spec) => {
    expect(parseDataSpec(word, who)).toEqual(spec);
  });

  it.each([
    "",
    "mnist",
    "mnist:",
    "mnist:valid",
    "MNIST:test",
    "idx:a",
    "idx:a,b,c",
    "idx:,b",
    "cifar10:",
    "cifar10:a,,b",
    "npz:",
    "npz",
    "csv:x",
    ":x",
  ])("refuses %j", (word) => {
    expect(() => parseDataSpec(word, who)).toThrow(/^--x: expected .*, got /);
  });
});
