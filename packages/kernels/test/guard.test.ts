import { readFileSync } from "node:fs";
import { allocate, f32, init, memoryUse, wasm } from "@neft/kernels";
import { beforeAll, describe, expect, it } from "vitest";
import { signaturesOf } from "../src/signatures.js";

const folder = new URL("../wasm/simd128/", import.meta.url);
const signatures = signaturesOf(readFileSync(new URL("crossbar_wasm_bg.wasm", folder)));

/** Types of each kernel's parameters as wasm-bindgen declares them: number, boolean, bigint, string or an array. */
const declared = new Map(
  [...readFileSync(new URL("crossbar_wasm.d.ts", folder), "utf8").matchAll(/^export function (\w+)\((.*?)\): .*;$/gm)]
    .filter(([, name]) => signatures.has(name!))
    .map(([, name, parameters]) => [
      name!,
      parameters === "" ? [] : parameters!.split(", ").map((parameter) => parameter.split(": ")[1]!),
    ]),
);
const isArray = (type: string): boolean => type.includes("Array");
const slots = (type: string): number => (isArray(type) || type === "string" ? 2 : 1);

/** A value that each kernel takes, for sizes and addresses of 0. */
const neutral = (type: string): unknown =>
  isArray(type) ? [] : type === "string" ? "" : type === "bigint" ? 0n : type === "boolean" ? false : 0;

type Kernel = (...args: unknown[]) => unknown;
const kernel = (name: string): Kernel => (wasm() as unknown as Record<string, Kernel>)[name]!;

beforeAll(() => init());

describe("numbers that cross into WebAssembly", () => {
  it("have the types that the module states", () => {
    expect([...declared.keys()].length).toBeGreaterThan(50);
    for (const [name, types] of declared) {
      expect(
        types.reduce((sum, type) => sum + slots(type), 0),
        name,
      ).toBe(signatures.get(name)!.length);
    }
  });

  it("are refused where they would be wrapped, in every parameter of every kernel", () => {
    const integers = [2 ** 32, -(2 ** 31) - 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300];
    const wrong = {
      i32: [...integers, undefined, null, 1n, {}],
      i64: [2n ** 64n, -(2n ** 63n) - 1n, 1, undefined],
      f32: [1e300, -1e39, "1", null, 1n],
      f64: ["1", null, 1n],
      other: [],
    };
    const passed: string[] = [];
    for (const [name, types] of declared) {
      let slot = 0;
      for (const [i, type] of types.entries()) {
        const kind = signatures.get(name)![slot]!;
        slot += slots(type);
        const values: readonly unknown[] = isArray(type)
          ? [...integers.map((value) => [0, value]), [undefined], [1n], null, undefined, 1n, 1.5]
          : type === "string"
            ? [1.5, null, undefined, 1n]
            : type === "boolean"
              ? [undefined, null, 1.5]
              : wrong[kind];
        for (const value of values) {
          const args = types.map(neutral);
          args[i] = value;
          try {
            kernel(name)(...args);
            passed.push(`${name}, argument ${i}: ${String(value)}`);
          } catch (error) {
            if (!(error as Error).message.startsWith(`kernels: ${name}: argument ${i}: expected `))
              passed.push(`${name}, argument ${i}: ${String(value)}: ${(error as Error).message}`);
          }
        }
      }
    }
    expect(passed).toEqual([]);
  });

  it("are refused in another number than there are parameters", () => {
    expect(() => kernel("alloc")()).toThrow("kernels: alloc: argument 0: expected a value, got undefined");
    expect(() => kernel("alloc")(1, 2)).toThrow("kernels: alloc: expected arguments for 1 numbers");
  });
});

describe("a kernel that traps", () => {
  /** A product and a convolution, to the bit. */
  const good = (): number[][] => {
    const [a, b, c, x, w, y] = [0, 1, 2, 3, 4, 5].map(() => allocate(4 * 4096)) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    for (const address of [a, b, x, w])
      f32(address, 4096).set(Float32Array.from({ length: 4096 }, (_, i) => 1 / (i + 3)));
    wasm().gemm(false, true, 40, 40, 40, a, b, c, false);
    wasm().convForward(x, w, 0, y, [4, 3, 9, 9, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1], 0, 0, 0, 0, 0n, false, false, 0);
    const results = [[...f32(c, 1600)], [...f32(y, 4 * 5 * 81)]];
    for (const address of [a, b, c, x, w, y]) wasm().free(address, 4 * 4096);
    return results;
  };
  const size = 4 * 2 ** 16;

  it.each<[string, (address: number) => void]>([
    ["before its work", (address) => wasm().maxPool(address, address, 0, [])],
    [
      "in the middle of it",
      // A stride of 0 is no step; a padded image of a gigabyte has no room.
      (address) =>
        wasm().convForward(
          address,
          address,
          0,
          address,
          [1, 1, 8, 8, 1, 3, 3, 0, 1, 1, 1, 1, 1, 1, 1, 1],
          0,
          0,
          0,
          0,
          0n,
          false,
          false,
          0,
        ),
    ],
    [
      "for want of memory",
      (address) =>
        wasm().convForward(
          address,
          address,
          0,
          address,
          [1, 1, 8, 8, 1, 3, 3, 1, 1, 40_000, 40_000, 40_000, 40_000, 40_000, 40_000, 1],
          0,
          0,
          0,
          0,
          0n,
          false,
          false,
          0,
        ),
    ],
  ])("%s, 20,000 times, leaves the instance as it was", (_, trap) => {
    const before = good();
    const address = allocate(size);
    expect(() => trap(address)).toThrow(/^kernels: \w+: expected a kernel that ends, got a trap \(.*\)/);
    const { memory } = memoryUse();
    for (let i = 0; i < 20_000; i++) expect(() => trap(address)).toThrow("got a trap");
    // What the calls themselves had allocated is lost: a kilobyte each.
    expect(memoryUse().memory - memory).toBeLessThanOrEqual(2 ** 25);
    wasm().free(address, size);
    expect(good()).toEqual(before);
  });
});
