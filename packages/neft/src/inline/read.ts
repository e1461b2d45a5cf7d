import { fetched } from "@neft/kernels";
import { inlined, isInlined } from "./inlined.js";

/** Reads a file in inline.js, whose URL begins with `inlined:`, or the response of a server. It takes the place of kernels' `#read`. */
export async function read(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (url.protocol !== "inlined:") return fetched(await fetch(url));
  if (isInlined(url.pathname)) return fetched(inlined(url.pathname));
  throw new RangeError(
    `init: wasm: expected a source of ${url.pathname}, which neft/inline doesn't contain, got none; give its URL or its bytes`,
  );
}
