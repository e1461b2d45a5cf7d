import { chipRanges } from "@neft/evaluation";
import { init } from "@neft/kernels";
import { beforeAll, expect, it } from "vitest";
import { toyNet } from "./toy.js";

beforeAll(() => init());

it("splits chips into jobs in order, of decreasing size and bounded work", () => {
  const model = toyNet({ seed: 1 });
  const sizes = (chips: number, size: number, images: number) =>
    chipRanges(model, images, { from: 3, to: 3 + chips }, { size }).map(({ from, to }) => to - from);
  for (const chips of [0, 1, 2, 7, 31, 100]) {
    for (const workers of [1, 2, 16]) {
      const ranges = chipRanges(model, 10, { from: 3, to: 3 + chips }, { size: workers });
      expect(ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i))).toEqual(
        Array.from({ length: chips }, (_, i) => 3 + i),
      );
      const each = sizes(chips, workers, 10);
      expect(each).toEqual([...each].sort((a, b) => b - a));
      // With several workers, none waits long for the others' last jobs.
      if (workers > 1 && chips > 0) expect(each.at(-1)).toBeLessThanOrEqual(2);
    }
  }
  expect(sizes(10, 1, 10)).toEqual([4, 4, 2]);
  expect(sizes(4, 2, 10)).toEqual([2, 1, 1]);
  expect(sizes(31, 2, 10)).toEqual([4, 4, 4, 4, 4, 3, 2, 2, 2, 1, 1]);
  expect(new Set(sizes(100, 2, 1e12))).toEqual(new Set([1]));
  model.dispose();
});
