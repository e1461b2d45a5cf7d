import type { Build } from "@neft/kernels";

/** A loop of the probe: its number of accumulators, and the multiply-adds of each in one iteration. */
export interface Unroll {
  readonly accumulators: number;
  readonly rounds: number;
}

/**
 * The loops of the probe. Few accumulators wait for the last result, many spill. Which one is fastest depends on the CPU's latencies and
 * on the engine's register allocation: 13 and 14 on x86-64 in V8. Several rounds reduce the overhead of the loop.
 */
export const unrolls: readonly Unroll[] = [
  ...[4, 6, 8, 10, 11, 12, 13, 14, 16, 20, 24].map((accumulators) => ({ accumulators, rounds: 1 })),
  ...[13, 14, 16, 20, 24, 32].map((accumulators) => ({ accumulators, rounds: 2 })),
  ...[14, 24].map((accumulators) => ({ accumulators, rounds: 3 })),
];

/** Unsigned LEB128. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

const list = (items: readonly (readonly number[])[]): number[] => [...leb(items.length), ...items.flat()];
const sized = (bytes: readonly number[]): number[] => [...leb(bytes.length), ...bytes];
const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)];

const i32 = 0x7f;
const f32 = 0x7d;
const v128 = 0x7b;

const localGet = (index: number): number[] => [0x20, ...leb(index)];
const localSet = (index: number): number[] => [0x21, ...leb(index)];
const simd = (code: number): number[] => [0xfd, ...leb(code)];
const f32Const = (value: number): number[] => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)];

const splat = simd(19);
const add = simd(228);
const mul = simd(230);
const relaxedMadd = simd(261);
const extractLane = (lane: number): number[] => [...simd(31), lane];
const f32Add = [0x92];

/** Locals of a loop's function: the parameters steps and factor, then vectors. */
const [steps, factor, factors, terms, firstSum] = [0, 1, 2, 3, 4];

/**
 * A function (steps: i32, factor: f32) → f32 that runs `steps` ≥ 1 iterations of a loop with s ← s·factor + ½ for every accumulator, which
 * begin at 0, 1, …. It returns the sum of all lanes, so that nothing is optimised away.
 */
function loop({ accumulators, rounds }: Unroll, build: Build): number[] {
  const sums = Array.from({ length: accumulators }, (_, i) => firstSum + i);
  const multiplyAdd = (sum: number): number[] =>
    build === "relaxed"
      ? [...localGet(sum), ...localGet(factors), ...localGet(terms), ...relaxedMadd, ...localSet(sum)]
      : [...localGet(sum), ...localGet(factors), ...mul, ...localGet(terms), ...add, ...localSet(sum)];
  const body = [
    ...[...localGet(factor), ...splat, ...localSet(factors)],
    ...[...f32Const(0.5), ...splat, ...localSet(terms)],
    ...sums.flatMap((sum, i) => [...f32Const(i), ...splat, ...localSet(sum)]),
    // loop
    ...[0x03, 0x40],
    ...Array.from({ length: rounds }, () => sums.flatMap(multiplyAdd)).flat(),
    // steps − 1, and again unless it is 0
    ...[...localGet(steps), 0x41, 0x01, 0x6b, 0x22, ...leb(steps), 0x0d, 0x00, 0x0b],
    ...sums.flatMap((sum, i) => [...localGet(sum), ...(i > 0 ? add : [])]),
    ...localSet(firstSum),
    ...[0, 1, 2, 3].flatMap((lane) => [...localGet(firstSum), ...extractLane(lane), ...(lane > 0 ? f32Add : [])]),
    0x0b,
  ];
  return sized([...list([[...leb(accumulators + 2), v128]]), ...body]);
}

/** Bytes of a WebAssembly module that exports the loop of `unrolls[i]` as the function "i". It imports nothing and has no memory. */
export function probeModule(build: Build): Uint8Array<ArrayBuffer> {
  const type = [0x60, ...list([[i32], [f32]]), ...list([[f32]])];
  const names = unrolls.map((_, i) => [...String(i)].map((digit) => digit.charCodeAt(0)));
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, list([type])),
    ...section(3, list(unrolls.map(() => [0]))),
    ...section(7, list(names.map((name, i) => [...sized(name), 0x00, ...leb(i)]))),
    ...section(10, list(unrolls.map((unroll) => loop(unroll, build)))),
  ]);
}
