/** The checks of npm run check, each a task of turbo.json and an entry of scripts/check.mjs. */
export const checkNames = ["types", "lint", "layers", "surroundings", "lock", "tables", "names", "words", "wasm"];
