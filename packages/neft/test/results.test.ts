import { parseResults } from "neft/results";
import { expect, test } from "vitest";

test.each([
  ["", "parseResults: expected JSON, got "],
  ["[1]", "parseResults: expected a file of neft evaluate, finetune or bench: "],
  ['{"kind": "evaluation", "format": 2}', "format"],
])("refuses %j", (text, message) => {
  expect(() => parseResults(text)).toThrow(RangeError);
  expect(() => parseResults(text)).toThrow(message);
});
