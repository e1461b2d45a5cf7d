import { parseResults } from "neft/results";
import { expect, test } from "vitest";

test.each([
  ["", "parseResults: expected JSON, got "],
  ["[1]", "parseResults: expected a file of neft evaluate, finetune, equalise, compare, sweep or bench, got another: "],
  ['{"kind": "evaluation", "format": 2}', "format"],
])("refuses %j", (text, message) => {
  expect(() => parseResults(text)).toThrow(RangeError);
  expect(() => parseResults(text)).toThrow(message);
});

test.each([
  ["a control character", "\u001b[31mhello"],
  ["one in a name", JSON.stringify({ kind: "evaluation", "\u001b[31mred": 1 })],
  ["many differences", JSON.stringify({ kind: "evaluation", results: Array(1e4).fill({}) })],
  ["many names", JSON.stringify(Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => [`name ${i}`, 1])))],
])("its error is one printable line for a text with %s", (_, text) => {
  let message = "";
  try {
    parseResults(text);
  } catch (error) {
    ({ message } = error as Error);
  }
  expect(message).toMatch(/^parseResults: expected .*, got [^\p{Cc}]*$/u);
  expect(message.length).toBeLessThan(700);
});
