import { readFileSync } from "node:fs";
import { allocate, type ConvShape, call, f32, init, memoryUse, noVariation, wasm } from "@neft/kernels";
import { beforeAll, describe, expect, it } from "vitest";
import { sectionOf } from "../src/section.js";

const folder = new URL("../wasm/", import.meta.url);
const module = new WebAssembly.Module(readFileSync(new URL("simd128.wasm", folder)));
const signatures = new Map(Object.entries(sectionOf(module)!.signatures));

/** Parameter types of each kernel as wasm-bindgen declares them: number, boolean, bigint, string or an array. */
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

/** A valid argument of a type: sizes and addresses are 0. */
const neutral = (type: string): unknown =>
  isArray(type) ? [] : type === "string" ? "" : type === "bigint" ? 0n : type === "boolean" ? false : 0;

type Kernel = (...args: unknown[]) => unknown;
const kernel = (name: string): Kernel => (wasm() as unknown as Record<string, Kernel>)[name]!;

beforeAll(() => init());

describe("arguments of kernels", () => {
  it("have the types that the module declares", () => {
    expect([...declared.keys()].length).toBeGreaterThan(50);
    for (const [name, types] of declared) {
      expect(
        types.reduce((sum, type) => sum + slots(type), 0),
        name,
      ).toBe(signatures.get(name)!.length);
    }
  });

  it("are rejected when WebAssembly would wrap them around, for every parameter of every kernel", () => {
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

  it("are rejected when their number is wrong", () => {
    expect(() => kernel("alloc")()).toThrow("kernels: alloc: argument 0: expected a value, got undefined");
    expect(() => kernel("alloc")(1, 2)).toThrow("kernels: alloc: expected arguments for 1 parameters");
  });
});

describe("a kernel that traps", () => {
  /** The descriptor of a 3×3 convolution without variation; default: one channel of 8×8, padded by 1. */
  const convolution = (addresses: { x: number; w: number; y: number }, shape: Partial<ConvShape>): number =>
    call.convForward({
      ...{ ...addresses, bias: 0, positions: 0, rectified: false, pooled: false, variation: noVariation },
      shape: {
        ...{ batch: 1, channels: 1, height: 8, width: 8, outputs: 1, kernelHeight: 3, kernelWidth: 3, groups: 1 },
        ...{ strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] },
        ...shape,
      },
    });

  /** Results of a product and a convolution. */
  const results = (): number[][] => {
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
    wasm().gemm(call.gemm({ a, b, c, m: 40, n: 40, k: 40, transB: true }));
    wasm().convForward(convolution({ x, w, y }, { batch: 4, channels: 3, height: 9, width: 9, outputs: 5 }));
    const values = [[...f32(c, 1600)], [...f32(y, 4 * 5 * 81)]];
    for (const address of [a, b, c, x, w, y]) wasm().free(address, 4 * 4096);
    return values;
  };
  const size = 4 * 2 ** 16;

  it.each<[string, (address: number) => void]>([
    ["when it checks its arguments", (address) => wasm().maxPool(address, address, 0, [])],
    // A stride of 0 is invalid.
    [
      "in the middle of its work",
      (address) => wasm().convForward(convolution({ x: address, w: address, y: address }, { strides: [0, 1] })),
    ],
    [
      "when memory runs out",
      (address) =>
        wasm().convForward(
          convolution({ x: address, w: address, y: address }, { pads: [40_000, 40_000, 40_000, 40_000] }),
        ),
    ],
    // A descriptor's field that its type can't hold would be clamped.
    [
      "when a field is too large",
      (address) => wasm().gemm(call.gemm({ a: address, b: address, c: address, m: 2 ** 32, n: 1, k: 1 })),
    ],
  ])("%s, 20,000 times, leaves the instance unchanged", (_, trap) => {
    const before = results();
    const address = allocate(size);
    expect(() => trap(address)).toThrow(/^kernels: \w+: expected the kernel to return, got a trap \(.*\)/);
    const { memory } = memoryUse();
    for (let i = 0; i < 20_000; i++) expect(() => trap(address)).toThrow("got a trap");
    // Each call leaks what it had allocated: about 1 kB.
    expect(memoryUse().memory - memory).toBeLessThanOrEqual(2 ** 25);
    wasm().free(address, size);
    expect(results()).toEqual(before);
  });
});
