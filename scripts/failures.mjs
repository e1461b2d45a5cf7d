// Collects what failed for the end of .ci/run's log, of which some readers see the last few hundred lines only. Imports only Node's modules.
import { appendFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

/** Appends a failure to the file that NEFT_FAILURES names, in one piece, as programs run at once; does nothing without one. */
export function noteFailure(title, text = "") {
  const file = process.env.NEFT_FAILURES;
  if (file) appendFileSync(file, formatFailure(title, text));
}

/** `FAILED title`, then the text's first and last lines, indented; without frames of a stack that aren't ours. */
export function formatFailure(title, text) {
  const lines = stripVTControlCharacters(text)
    .split("\n")
    .map((line) => line.trimEnd().slice(0, 200))
    .filter((line) => line !== "" && !/^\s+at .*(node_modules|node:|<anonymous>)/.test(line));
  const shown = lines.length <= 10 ? lines : [...lines.slice(0, 6), "…", ...lines.slice(-3)];
  return [`FAILED ${title}`, ...shown.map((line) => `  ${line}`), ""].join("\n");
}
