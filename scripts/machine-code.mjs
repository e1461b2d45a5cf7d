// V8's machine code for a kernel: node scripts/machine-code.mjs simd128|relaxed [part of a function's name]
// Reads what the last npm run build:wasm left below target/, which still has names. Without a name it lists the largest functions.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, runProgram } from "./command.mjs";

const [build, part] = process.argv.slice(2);
const file = join(root, `target/wasm-${build}/wasm32-unknown-unknown/release/crossbar_wasm.wasm`);
if (!existsSync(file)) {
  console.error(
    `machine-code: expected ${file}, got none; run npm run build:wasm, then name a build: simd128 or relaxed`,
  );
  process.exit(2);
}

const functions = namedFunctions(readFileSync(file));
if (part === undefined) {
  const largest = functions.sort((a, b) => b.size - a.size).slice(0, 40);
  for (const { index, name, size } of largest) console.log(`${index}\t${size} bytes\t${name}`);
} else {
  const found = functions.filter(({ name }) => name.includes(part));
  console.log(found.map(({ index, name, size }) => `${index}\t${size} bytes\t${name}`).join("\n"));
  if (found.length === 1) print(found[0].index);
  else console.log(`machine-code: expected a name of one function, got one of ${found.length}; give more of it`);
}

/** Compiles the module with the optimising compiler alone, which prints one function. */
function print(index) {
  const code = `new WebAssembly.Module(require("node:fs").readFileSync(${JSON.stringify(file)}))`;
  const flags = ["--no-liftoff", "--no-wasm-lazy-compilation", `--print-wasm-code-function-index=${index}`];
  const relaxed = build === "relaxed" ? ["--experimental-wasm-relaxed-simd"] : [];
  runProgram(process.execPath, [...flags, ...relaxed, "-e", code]);
}

/** Functions with the size of their WebAssembly code, by the module's name section. */
function namedFunctions(bytes) {
  let at = 8;
  const number = () => {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
      shift += 7;
    }
  };
  const skip = (length) => {
    at += length;
    return at - length;
  };
  const text = (length) => bytes.toString("utf8", skip(length), at);
  const sizes = [];
  const names = new Map();
  let imports = 0;
  while (at < bytes.length) {
    const section = bytes[at++];
    const end = number() + at;
    if (section === 2) {
      for (let left = number(); left > 0; left--) {
        skip(number());
        skip(number());
        const kind = bytes[at++];
        if (kind !== 0)
          throw new Error(`machine-code: expected imported functions only, got an import of kind ${kind}`);
        number();
        imports++;
      }
    } else if (section === 10) {
      for (let left = number(); left > 0; left--) {
        const size = number();
        sizes.push(size);
        skip(size);
      }
    } else if (section === 0 && text(number()) === "name") {
      while (at < end) {
        const kind = bytes[at++];
        const last = number() + at;
        if (kind === 1) for (let left = number(); left > 0; left--) names.set(number(), text(number()));
        at = last;
      }
    }
    at = end;
  }
  return sizes.map((size, i) => ({ index: imports + i, name: names.get(imports + i) ?? "", size }));
}
