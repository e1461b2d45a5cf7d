import { init } from "@neft/kernels";
import { chipRanges } from "@neft/training";
import { beforeAll, expect, it } from "vitest";
import { toyNet } from "./toy.js";

beforeAll(() => init());

it("cuts chips into jobs in order, smaller and smaller, and none larger than its work allows", () => {
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
      // The last jobs are single chips: workers end together.
      if (chips > 0) expect(each.at(-1)).toBe(1);
    }
  }
  expect(Math.max(...sizes(100, 2, 10))).toBe(4);
  expect(new Set(sizes(100, 2, 1e12))).toEqual(new Set([1]));
  model.dispose();
});
