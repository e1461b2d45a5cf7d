import { readFile } from "node:fs/promises";
import { fetched } from "./fetched.js";

/** Reads a file, or the response of a server. */
export async function read(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  return url.protocol === "file:" ? readFile(url) : fetched(await fetch(url));
}
