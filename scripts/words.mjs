// Phrases that a reader has to decode, and what to write instead.
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

/** Text with meaning for a reader: sources, scripts and documents; not the release notes, nor what is generated. */
const isRead = (file) =>
  /\.(ts|rs|mjs|sh|md|py)$/.test(file) &&
  !/_pb\.ts$|(^|\/)CHANGELOG\.md$|^scripts\/words\.mjs$|^scripts\/test\//.test(file);

/**
 * Every such phrase, one line each: file, line, phrase, replacement.
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
    .filter((file) => isRead(file) && existsSync(join(root, file)))
    .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));
}
