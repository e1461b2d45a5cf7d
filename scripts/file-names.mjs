// Checks the spelling of file names: kebab-case, and snake_case for Rust.
import { runProgram } from "./command.mjs";

const rules = [
  { files: /\.rs$/, name: /^[a-z0-9]+(_[a-z0-9]+)*\.rs$/, spelling: "snake_case" },
  // A kind may follow the name: array-node.test.ts, comlink.d.ts. Generated files keep their generator's spelling.
  {
    files: /(?<!_pb)\.(ts|mjs)$/,
    name: /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.(ts|mjs)$/,
    spelling: "kebab-case",
  },
];

/** Exempt files: topics, whose names are the benches' names on the command line and in results, and wasm-bindgen's output. */
const exempt = /^bench\/topics\/|^packages\/kernels\/wasm\//;

/**
 * Lists the files whose names break their rule, one line each.
 *
 * @param {string[]} files  paths from the root; default: those that git tracks.
 * @returns {string[]}
 */
export function checkFileNames(files = trackedFiles()) {
  return files.flatMap((file) => {
    const base = file.split("/").at(-1);
    const rule = rules.find((one) => one.files.test(base));
    if (!rule || exempt.test(file) || rule.name.test(base)) return [];
    return [`${file}: expected a name in ${rule.spelling}, got ${base}`];
  });
}

/** Paths of all tracked files from the repository's root. */
export function trackedFiles() {
  const { output } = runProgram("git", ["ls-files"], { capture: true });
  return output.split("\n").filter((file) => file !== "");
}
