/** Names of the checks of npm run check; each is a task in turbo.json and an entry in scripts/check.mjs. */
export const checkNames = [
  "types",
  "lint",
  "layers",
  "surroundings",
  "lock",
  "tables",
  "names",
  "words",
  "conformance",
  "fmt",
  "clippy",
  "wasm",
];
