import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { plain, readable } from "./gzip-files.js";

it.each(readable)("Node reads %s as the reader does", (_, bytes) => {
  expect(new Uint8Array(gunzipSync(bytes))).toEqual(plain);
});
