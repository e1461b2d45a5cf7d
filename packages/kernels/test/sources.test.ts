import { readFileSync } from "node:fs";
import { compileKernels, isRelaxedAvailable, isSimdAvailable } from "@neft/kernels";
import { describe, expect, it } from "vitest";
import { sectionOf } from "../src/section.js";

const bytes = new Uint8Array(readFileSync(new URL("../wasm/simd128.wasm", import.meta.url)));
const section = sectionOf(new WebAssembly.Module(bytes))!;

/** The file within larger memory. */
function part(): Uint8Array {
  const larger = new Uint8Array(bytes.length + 20);
  larger.set(bytes, 7);
  return larger.subarray(7, 7 + bytes.length);
}

/** The file in shared memory, which engines don't compile. */
function shared(): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** The file with another text of the same length in its section. */
function changed(from: string, to: string): Uint8Array {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  expect(text.split(from)).toHaveLength(2);
  return Uint8Array.from(text.replace(from, to), (letter) => letter.charCodeAt(0));
}

/** An address that Node and browsers can fetch. */
const address = new URL(URL.createObjectURL(new Blob([bytes])));

describe("the source of the WebAssembly", () => {
  it("is needed with SIMD alone", () => {
    expect(isSimdAvailable()).toBe(true);
  });

  it.each<[string, () => Parameters<typeof compileKernels>[0]["wasm"]]>([
    ["a URL", () => address],
    ["the text of a URL", () => address.href],
    ["bytes", () => bytes],
    ["bytes of larger memory", part],
    ...(typeof SharedArrayBuffer === "undefined" ? [] : [["shared memory", shared] as [string, () => Uint8Array]]),
    ["a buffer", () => bytes.slice().buffer],
    ["a response", () => new Response(bytes)],
    ["a compiled module", () => new WebAssembly.Module(bytes)],
    ["a promise", async () => new Response(bytes)],
  ])("may be %s", async (_, wasm) => {
    const { module } = await compileKernels({ wasm: wasm()! });
    expect(sectionOf(module)).toEqual(section);
  });

  it.each<[string, () => unknown, string]>([
    ["a number", () => 3, "wasm: expected a URL, a Response, bytes or a WebAssembly.Module, got 3"],
    ["an object", () => ({}), "wasm: expected a URL, a Response, bytes or a WebAssembly.Module, got an object"],
    ["no URL", () => "http://", 'wasm: expected an absolute URL, got "http://"'],
    ["an error's response", () => new Response("", { status: 404 }), "got HTTP status 404"],
    [
      "half a file",
      () => bytes.subarray(0, 1e5),
      "expected the WebAssembly of this release, got bytes that the engine",
    ],
    ["no bytes", () => new Uint8Array(), "expected the WebAssembly of this release, got bytes that the engine"],
    ["another module", () => Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), "expected neft's WebAssembly, got another"],
    [
      "the file of another release",
      () => changed(section.codeHash, "0123456789abcdef"),
      `expected the WebAssembly of this release (${section.codeHash}), got that of another (0123456789abcdef)`,
    ],
    ["the other build", () => changed('"build":"simd128"', '"build":"relaxed"'), ""],
  ])("can't be %s", async (what, wasm, message) => {
    const options = { wasm: wasm() as Uint8Array, ...(what === "the other build" && { relaxed: false }) };
    await expect(compileKernels(options)).rejects.toThrow(
      message || "wasm: expected the simd128 build, got the relaxed build",
    );
  });

  it.runIf(isRelaxedAvailable())("may be the relaxed build, which needs no other option", async () => {
    const relaxed = new Uint8Array(readFileSync(new URL("../wasm/relaxed.wasm", import.meta.url)));
    const { module } = await compileKernels({ wasm: relaxed });
    expect(sectionOf(module)?.build).toBe("relaxed");
  });
});
