import { readFileSync } from "node:fs";
import { init } from "@neft/kernels";
import { stream, words } from "@neft/tensor";
import { purposes } from "@neft/training";
import { beforeAll, describe, expect, it } from "vitest";

const pinned: Record<string, number[]> = JSON.parse(
  readFileSync(new URL("./golden/streams.json", import.meta.url), "utf8"),
);

beforeAll(() => init());

describe("stream purposes", () => {
  it("give the pinned first 64 words at seed 1; a change affects every seeded result and needs a changelog entry", () => {
    const found = Object.values(purposes).map((purpose) => [purpose, [...words(stream(1, { purpose }), 64)]]);
    expect(Object.fromEntries(found)).toEqual(pinned);
  });
});
