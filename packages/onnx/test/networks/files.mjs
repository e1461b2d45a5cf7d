import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/**
 * Bytes of a network's file, which is in an installed package or beside this file.
 *
 * @param {import("./table.mjs").Network} network
 * @param {(module: string) => string} resolve  finds a module's path: `createRequire(import.meta.url).resolve`.
 */
export function bytesOf({ file: { module, path } }, resolve) {
  const beside = module === undefined ? import.meta.url : pathToFileURL(resolve(module));
  return new Uint8Array(readFileSync(new URL(path, beside)));
}
