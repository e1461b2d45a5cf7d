import { standardDeviation } from "@neft/crossbar";
import { standardDeviations } from "@neft/evaluation";
import { OptionError } from "@neft/options";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

const who = "x";

describe("standard deviations", () => {
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
    expect(standardDeviations.parse(word, who)).toEqual(values);
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
    expect(() => standardDeviations.parse(word, who)).toThrow(OptionError);
    expect(() => standardDeviations.parse(word, who)).toThrow(/^x: expected .*, got /);
  });

  it("refuses values that look like percent", () => {
    const question = "x: expected at most 1, a standard deviation relative to a device's full scale, got";
    expect(() => standardDeviations.parse("0:40:5", who)).toThrow(
      `${question} 40; is it in percent? For 40 % give 0.4`,
    );
    expect(() => standardDeviation.parse("7", who)).toThrow(`${question} 7; is it in percent? For 7 % give 0.07`);
    expect(standardDeviation.parse("1", who)).toBe(1);
    expect(standardDeviations.parse("0:1:0.5", who)).toEqual([0, 0.5, 1]);
  });

  it("includes the stop of a range that is a whole number of steps long", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 0, max: 50 }),
        (a, d, n) => {
          const [start, step, stop] = [a / 10_000, d / 10_000, (a + d * n) / 10_000];
          const values = standardDeviations.parse(`${start}:${stop}:${step}`, who) as number[];
          expect(values).toHaveLength(n + 1);
          expect(values.at(-1)).toBe(stop);
        },
      ),
    );
  });

  it("gives an OptionError or finite values for any word", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.:,e+-]{0,12}$/)), (word) => {
        try {
          for (const value of standardDeviations.parse(word, who) as number[])
            expect(Number.isFinite(value) && value >= 0).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(OptionError);
        }
      }),
    );
  });
});
