import { decodeIdx, decodeNpz } from "@neft/data";
import { gzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { bufferMemory } from "../../tensor/test/bytes.js";
import { idx, npy, npz, zip, zipRecord } from "./formats.js";

const x = npy("<f4", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
const y = npy("|u1", [2], Uint8Array.of(1, 0));

function refusal(decode: () => unknown): string {
  try {
    decode();
  } catch (error) {
    return (error as Error).message;
  }
  return "read";
}

const local = 0x04034b50;
const central = 0x02014b50;
const end = 0x06054b50;

/** A copy of the archive with another number `offset` bytes after the `nth` of these signatures. */
function changed(
  archive: Uint8Array,
  [signature, nth, offset, width]: readonly [signature: number, nth: number, offset: number, width: 16 | 32],
  change: (old: number) => number,
): Uint8Array {
  const bytes = archive.slice();
  const view = new DataView(bytes.buffer);
  let at = -1;
  for (let seen = 0; seen <= nth; seen++) while (view.getUint32(++at, true) !== signature);
  if (width === 16) view.setUint16(at + offset, change(view.getUint16(at + offset, true)), true);
  else view.setUint32(at + offset, change(view.getUint32(at + offset, true)), true);
  return bytes;
}

describe("archives whose records don't agree", () => {
  const whole = npz({ x, y });
  const packed = npz({ x, y }, 6);
  const counts = (count: number): Uint8Array =>
    changed(
      changed(whole, [end, 0, 8, 16], () => count),
      [end, 0, 10, 16],
      () => count,
    );
  // x's data hold a record of y and y itself.
  const inner = zipRecord("y.npy", y);
  const outer = zipRecord("x.npy", inner);
  const nested = zip([outer], [zipRecord("x.npy", inner, 0), zipRecord("y.npy", y, outer.length - inner.length)]);
  const cut = zip([zipRecord("x.npy", x)], [zipRecord("x.npy", x, 0), zipRecord("y.npy", x, 0)]);

  it.each<[string, Uint8Array, string]>([
    ["members in the same bytes", nested, '"x.npy" and "y.npy" in the same bytes'],
    ["one record for two members", cut, 'two records of "y.npy" that differ'],
    [
      "two members of one name",
      zip([zipRecord("x", x), zipRecord("x.npy", x)], [zipRecord("x", x, 0), zipRecord("x.npy", x, 31 + x.length)]),
      'two arrays "x"',
    ],
    ["another size in the list", changed(whole, [central, 0, 24, 32], (n) => n + 1), 'two records of "x.npy"'],
    ["another size in front of the data", changed(packed, [local, 1, 22, 32], (n) => n + 1), 'two records of "y.npy"'],
    ["another CRC-32 in front of the data", changed(whole, [local, 0, 14, 32], (n) => n ^ 1), "two records of"],
    ["another method in front of the data", changed(whole, [local, 0, 8, 16], () => 8), "two records of"],
    ["data that reach into the list", changed(whole, [local, 1, 28, 16], () => 500), "cut off"],
    ["data elsewhere", changed(whole, [central, 1, 42, 32], (n) => n + 1), 'no data of "y.npy"'],
    ["more members than the list has", counts(3), "no entry 2"],
    ["fewer members than the list has", counts(1), "after its last entry"],
    ["a list elsewhere", changed(whole, [end, 0, 16, 32], (n) => n - 1), "doesn't end at"],
    ["one volume of several", changed(whole, [end, 0, 4, 16], () => 1), "one volume of several"],
    ["65,535 members", counts(0xffff), "zip64"],
    ["a zip64 list", changed(whole, [end, 0, 16, 32], () => 0xffffffff), "zip64"],
    ["a zip64 member", changed(whole, [central, 0, 24, 32], () => 0xffffffff), "zip64"],
    ["encryption", changed(whole, [central, 0, 8, 16], () => 1), "encrypted"],
    ["another method", changed(whole, [central, 0, 10, 16], () => 12), "compression method 12"],
  ])("are refused: %s", (_, bytes, message) => {
    expect(refusal(() => decodeNpz(whole))).toBe("read");
    const said = refusal(() => decodeNpz(bytes));
    expect(said).toContain(message);
    expect(said).toMatch(/^decodeNpz: "npz": .*expected .*, got /);
  });
});

describe("bombs", () => {
  const mega = 2 ** 20;
  /** Calls `run` and returns how many bytes of arrays it made at most at one time, roughly: the growth of external memory. */
  const grown = (run: () => unknown): number => {
    const before = bufferMemory();
    run();
    return bufferMemory() - before;
  };

  it("unpack no array that isn't wanted", () => {
    const bytes = npz({ x, y, spare: npy("|u1", [100 * mega], new Uint8Array(100 * mega)) }, 6);
    expect(grown(() => expect(decodeNpz(bytes).count).toBe(2))).toBeLessThan(20 * mega);
  });

  it("unpack no array whose length isn't that of its header", () => {
    const lying = npy("|u1", [2, 3], new Uint8Array(100 * mega));
    const bytes = npz({ x: lying, y }, 6);
    const said = refusal(() => decodeNpz(bytes));
    expect(said).toContain(`expected 6 bytes for shape [2, 3] of |u1, got ${100 * mega}`);
    const memory = grown(() => refusal(() => decodeNpz(bytes)));
    expect(memory).toBeLessThan(60 * mega);
  });

  it("end with the budget", () => {
    const zeros = new Uint8Array(80 * mega);
    const said = refusal(() => decodeNpz(npz({ x: npy("|u1", [2, 40 * mega], zeros), y }, 6)));
    expect(said).toMatch(
      /x: expected zip data of at most 100 times its packed length, got \d+ bytes that hold 8388\d+/,
    );
    const gz = gzipSync(idx([2, 40 * mega], zeros));
    expect(refusal(() => decodeIdx(gz, idx([2], [0, 1])))).toMatch(/images: expected gzip data of at most 100 times/);
  }, 180_000);
});
