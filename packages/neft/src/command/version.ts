import { createRequire } from "node:module";

/** The version of this package, as its package.json has it. */
export const neftVersion: string = (createRequire(import.meta.url)("../../package.json") as { version: string })
  .version;
