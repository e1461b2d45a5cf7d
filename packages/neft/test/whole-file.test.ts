import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readWhole, writeWhole } from "../src/whole-file.js";

const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
let path: string;

beforeAll(async () => {
  path = join(await mkdtemp(join(tmpdir(), "neft-whole-")), "file");
});
afterAll(() => rm(join(path, ".."), { recursive: true }));

it.each([1, 7, 100, 1000])("writes and reads in pieces of %i bytes", async (piece) => {
  const descriptor = openSync(path, "w");
  writeWhole(descriptor, bytes, piece);
  closeSync(descriptor);
  expect(new Uint8Array(readFileSync(path))).toEqual(bytes);
  const file = await open(path);
  try {
    expect(await readWhole(file, bytes.length, piece)).toEqual(bytes);
  } finally {
    await file.close();
  }
});

it("reads as much as a file that became shorter has", async () => {
  await writeFile(path, bytes.subarray(0, 30));
  const file = await open(path);
  try {
    expect(await readWhole(file, bytes.length, 7)).toEqual(bytes.subarray(0, 30));
  } finally {
    await file.close();
  }
});
