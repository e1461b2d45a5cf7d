// Checks for phrases that are hard to understand, and suggests replacements.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./command.mjs";
import { trackedFiles } from "./file-names.mjs";

const phrases = [
  { phrase: /\bunless (said|told|given)\b/i, instead: '"Default: …"' },
  { phrase: /\bwhere (it|they) (lies?|stands?)\b/i, instead: '"in place", or the location' },
  { phrase: /\ba (four|fours|eight|eights)\b/i, instead: '"four lanes", "a vector"' },
  { phrase: /\b(mustn't|mayn't)\b/i, instead: '"must not"' },
  { phrase: /\b(is|are) told\b/i, instead: '"reports", "names"' },
  { phrase: /\bwhat (is|are) left of\b/i, instead: '"the remainder", "the rest"' },
  { phrase: /\bas (it|they) lies?\b/i, instead: '"as stored"' },
];

/** Whether a file is checked: sources, scripts and documents, but no release notes, generated files or tests of this check. */
const isChecked = (file) =>
  /\.(ts|rs|mjs|sh|md|py)$/.test(file) &&
  !/_pb\.ts$|(^|\/)CHANGELOG\.md$|^scripts\/words\.mjs$|^scripts\/test\//.test(file);

/**
 * Lists all such phrases, one line each: file, line, replacement, phrase.
 *
 * @param {{ file: string, text: string }[]} documents  default: the tracked files.
 * @returns {string[]}
 */
export function checkWords(documents = readDocuments()) {
  return documents.flatMap(({ file, text }) =>
    text
      .split("\n")
      .flatMap((line, i) =>
        phrases
          .filter(({ phrase }) => phrase.test(line))
          .map(({ phrase, instead }) => `${file}:${i + 1}: expected ${instead}, got "${phrase.exec(line)[0]}"`),
      ),
  );
}

function readDocuments() {
  return trackedFiles()
    .filter((file) => isChecked(file) && existsSync(join(root, file)))
    .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));
}
