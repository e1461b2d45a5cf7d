// Runs test suites in all browsers at once: each keeps one core busy. Imports only Node's modules and files of this folder that do so, too.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { engines, listBreaches, nodeOnly, nodeOnlyParts, suites } from "./browser/suites.mjs";
import { root } from "./command.mjs";
import { noteFailure } from "./failures.mjs";
import { line, nothing, oneFailed, sum } from "./tally.mjs";
import { startVitest } from "./vitest.mjs";

/**
 * Runs the suites of scripts/browser/suites.mjs in browsers.
 *
 * @param {readonly string[]} words  names of browsers (default: all), and arguments for vitest, such as packages/tensor (default: all suites,
 *   which then need to have the minimum of tests).
 * @returns {Promise<import("./tally.mjs").Tally>}
 */
export async function testBrowsers(words) {
  const named = words.filter((word) => Object.hasOwn(engines, word));
  const others = words.filter((word) => !Object.hasOwn(engines, word));
  const isAll = others.length === 0;
  const names = named.length > 0 ? named : Object.keys(engines);
  const tallies = await Promise.all(names.map((name) => testIn(name, others, isAll)));
  return sum(isAll ? checkList() : nothing, ...tallies);
}

async function testIn(name, words, isAll) {
  const { program, isolated, minimum } = engines[name];
  if (!existsSync(program)) {
    return fail(
      `expected ${name} at ${program}, got no such file; npm run browsers installs it on Debian, NEFT_${name.toUpperCase()} names another program`,
    );
  }
  const tally = await startVitest(`${name}, *`, ["--config=vitest.browser.config.ts", ...words]);
  console.log(`${name} (${program}, ${isolated ? "" : "not "}cross-origin isolated): ${line(tally)}`);
  if (!isAll || tally.passed >= minimum) return tally;
  return sum(tally, fail(`${name}: expected at least ${minimum} tests to pass, got ${tally.passed}`));
}

/** Says what is wrong with a run, and counts it as a failure. */
function fail(message) {
  console.error(`test:browser: ${message}`);
  noteFailure(`test:browser: ${message}`);
  return oneFailed;
}

/** Prints the files that run in Node alone, and what is wrong with their list. */
function checkList() {
  const listed = { ...nodeOnly, ...nodeOnlyParts };
  for (const [path, reason] of Object.entries(listed)) console.log(`Node alone: ${path}: ${reason}`);
  const files = suites.flatMap((folder) => {
    const tests = `packages/${folder}/test`;
    return readdirSync(join(root, tests))
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => ({ path: `${tests}/${name}`, text: readFileSync(join(root, tests, name), "utf8") }));
  });
  return sum(nothing, ...listBreaches(files).map(fail));
}
