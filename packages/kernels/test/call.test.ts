import { readFileSync } from "node:fs";
import { allocate, call, f64, init, release, wasm } from "@neft/kernels";
import { beforeAll, expect, test } from "vitest";

beforeAll(() => init());

/** The fields of each descriptor in crates/crossbar-wasm/src/calls.rs, nested ones in their places. */
function rustDescriptors(): Record<string, readonly string[]> {
  const source = readFileSync(new URL("../../../crates/crossbar-wasm/src/calls.rs", import.meta.url), "utf8");
  const structs = new Map<string, readonly (readonly [name: string, type: string])[]>();
  for (const [, name, body] of source.matchAll(/\n {4}(\w+) \{\n([\s\S]*?)\n {4}\}\n/g)) {
    const fields = [...body!.matchAll(/^\s*(\w+): (\w+),$/gm)].map(([, field, type]) => [field!, type!] as const);
    structs.set(name!, fields);
  }
  const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const flat = (name: string): string[] =>
    structs.get(name)!.flatMap(([field, type]) => {
      if (structs.has(type)) return flat(type);
      return type === "u64" ? [`${camel(field)}Low`, `${camel(field)}High`] : [camel(field)];
    });
  return Object.fromEntries(
    [...structs.keys()].map((name) => [`${name[0]!.toLowerCase()}${name.slice(1)}`, flat(name)]),
  );
}

const names: Record<string, readonly string[]> = {
  strides: ["strideY", "strideX"],
  pads: ["top", "left", "bottom", "right"],
  dilations: ["dilationY", "dilationX"],
};

/** Fields whose values are all different: the descriptor then says in which order they were written. */
function numbered(fields: readonly string[]): { value: object; at: Map<number, string> } {
  const at = new Map<number, string>();
  const number = (name: string) => {
    const value = fields.indexOf(name) + 2;
    at.set(value, name);
    return value;
  };
  const get = (_: object, name: string): unknown => {
    if (name === "shape" || name === "variation") return new Proxy({}, { get });
    if (name === "key") return BigInt(number("keyLow")) | (BigInt(number("keyHigh")) << 32n);
    return names[name]?.map(number) ?? number(name);
  };
  return { value: new Proxy({}, { get }), at };
}

const rust = rustDescriptors();
const isPart = (name: string) => ["variation", "linearShape", "normShape"].includes(name);

test("every descriptor of the kernels has a writer", () => {
  const calls = Object.keys(rust).filter((name) => !isPart(name));
  expect(calls.length).toBeGreaterThan(10);
  expect(Object.keys(call).sort()).toEqual(calls.sort());
});

test.each(Object.entries(call))("%s writes its fields in the order in which they are read", (name, write) => {
  const fields = rust[name]!;
  const { value, at } = numbered(fields);
  const count = (write as (fields: object) => number)(value);
  const written = [...f64(wasm().descriptor(), count)];
  // Flags become 1.
  const flags = ["transA", "transB", "accumulate", "rectified", "pooled", "frozen", "inputsFirst", "signed", "uniform"];
  expect(written).toHaveLength(fields.length);
  for (const [i, number] of written.entries()) {
    if (flags.includes(fields[i]!)) expect(number).toBe(1);
    else expect(at.get(number)).toBe(fields[i]);
  }
});

test("a kernel traps on a descriptor of another length", () => {
  const count = call.convShape({
    ...{ batch: 1, channels: 1, height: 3, width: 3, outputs: 1, kernelHeight: 3, kernelWidth: 3, groups: 1 },
    ...{ strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] },
  });
  expect(() => wasm().convPools(count - 1, 0)).toThrow("kernels: convPools: expected the kernel to return, got a trap");
  expect(wasm().convPools(count, 0)).toBe(false);
});

test("descriptors are written after the memory has grown", () => {
  const shape = { n: 2, c: 3, spatial: 5 };
  const fields = { x: 1, gamma: 2, beta: 3, mean: 4, variance: 5, y: 6, epsilon: 0.5, shape };
  call.batchNorm(fields);
  release(allocate(2 ** 26), 2 ** 26);
  const count = call.batchNorm(fields);
  expect([...f64(wasm().descriptor(), count)]).toEqual([1, 2, 3, 4, 5, 6, 0.5, 2, 3, 5]);
});
