import { createRequire } from "node:module";

/** Version of this package, from its package.json. */
export const neftVersion: string = (createRequire(import.meta.url)("neft/package.json") as { version: string }).version;
