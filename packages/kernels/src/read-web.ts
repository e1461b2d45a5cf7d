import { fetched } from "./fetched.js";

/** Reads the response of a server. */
export async function read(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  return fetched(await fetch(url));
}
