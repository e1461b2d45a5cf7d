import { allocate, f32, i32, init, memoryUse, release, resetPeak, u32 } from "@neft/kernels";
import { beforeAll, expect, test } from "vitest";

beforeAll(() => init());

test("blocks are aligned, distinct, counted and reused", () => {
  const before = memoryUse();
  const blocks = [1, 4, 60, 64, 4096].map((bytes) => ({ bytes, address: allocate(bytes) }));
  for (const { address } of blocks) expect(address % 64).toBe(0);
  expect(new Set(blocks.map((b) => b.address)).size).toBe(blocks.length);
  expect(memoryUse().live).toBe(before.live + 4225);
  for (const { bytes, address } of blocks) release(address, bytes);
  expect(memoryUse().live).toBe(before.live);
  expect(memoryUse().peak).toBeGreaterThanOrEqual(before.live + 4225);
  resetPeak();
  expect(memoryUse().peak).toBe(before.live);
  const again = allocate(4096);
  release(again, 4096);
  const size = memoryUse().memory;
  for (let i = 0; i < 10_000; i++) release(allocate(100_000), 100_000);
  expect(memoryUse().memory).toBeLessThanOrEqual(size + 2 ** 20);
});

test("views see the same bytes, before and after the memory grows", () => {
  const address = allocate(16);
  f32(address, 4).set([1, -2, 0.5, 0]);
  expect([...u32(address, 4)]).toEqual([0x3f800000, 0xc0000000, 0x3f000000, 0]);
  i32(address, 4)[3] = -1;
  const large = allocate(2 ** 25);
  expect(u32(address, 4)[3]).toBe(2 ** 32 - 1);
  expect(f32(address, 3)[1]).toBe(-2);
  release(large, 2 ** 25);
  release(address, 16);
});

test("a block that doesn't fit is an error with both sizes", () => {
  const live = memoryUse().live;
  expect(() => allocate(5e9)).toThrow(
    /^allocate: expected a block below 2 GiB that fits in 4 GiB of memory with \d+ bytes in use, got 5000000000 bytes; use smaller batches$/,
  );
  expect(() => allocate(2 ** 31)).toThrow("use smaller batches");
  const most = 0x7fff_ff00;
  const first = allocate(most);
  expect(() => allocate(most)).toThrow(`with ${live + most} bytes in use`);
  release(first, most);
  expect(() => allocate(-1)).toThrow("allocate: expected a size in bytes, got -1");
  expect(() => allocate(1.5)).toThrow("got 1.5");
  expect(memoryUse().live).toBe(live);
});
