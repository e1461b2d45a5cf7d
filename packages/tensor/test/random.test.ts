import { init, memoryUse } from "@neft/kernels";
import { normals, permutation, stream, uniforms, words } from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";

beforeAll(() => init());

const name = { purpose: "test", name: "weight", index: 3, step: 4 };

test("streams differ by seed, purpose, name, index and step, and by nothing else", () => {
  const keys = [
    stream(1, name),
    stream(2, name),
    stream(2 ** 32 + 1, name),
    stream(1, { ...name, purpose: "other" }),
    stream(1, { ...name, name: "bias" }),
    stream(1, { ...name, index: 4 }),
    stream(1, { ...name, step: 5 }),
    stream(1, { purpose: "testweight" }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(stream(1, { ...name })).toBe(keys[0]);
});

test("invalid seeds, indices and counts are errors", () => {
  for (const seed of [-1, 0.5, Number.NaN, 2 ** 53])
    expect(() => stream(seed, name)).toThrow("stream: expected a seed from 0 to 2^53 - 1");
  expect(() => stream(1, { ...name, index: 2 ** 32 })).toThrow(
    "stream: index: expected a whole number from 0 to 2^32 - 1, got 4294967296",
  );
  expect(() => normals(1n, -1)).toThrow("stream: expected a count ≥ 0, got -1");
});

test("numbers are pinned: a change needs a changelog entry", () => {
  const key = stream(1, name);
  expect({
    key,
    words: [...words(key, 4)],
    uniforms: [...uniforms(key, 2)],
    normals: [...normals(key, 4)],
  }).toMatchInlineSnapshot(`
    {
      "key": 6876128356728163180n,
      "normals": [
        0.263613760471344,
        0.4306129813194275,
        -1.5716073513031006,
        -0.09912169724702835,
      ],
      "uniforms": [
        0.9636291265487671,
        0.6080900430679321,
      ],
      "words": [
        4138755823,
        2611726983,
        1122806691,
        4075384036,
      ],
    }
  `);
  expect([...permutation(key, 10)]).toMatchInlineSnapshot(`
    [
      5,
      8,
      6,
      1,
      4,
      2,
      7,
      9,
      0,
      3,
    ]
  `);
});

test("a longer draw begins with the shorter one", () => {
  const key = stream(5, name);
  expect(normals(key, 1000).slice(0, 37)).toEqual(normals(key, 37));
  expect(words(key, 1000).slice(0, 37)).toEqual(words(key, 37));
  expect(uniforms(key, 300).every((u) => u >= 0 && u < 1)).toBe(true);
});

test("permutations: every order of 4 equally likely (chi-square, 23 degrees of freedom, alpha 0.001)", () => {
  const counts = new Map<string, number>();
  const draws = 24_000;
  for (let i = 0; i < draws; i++) {
    const order = permutation(stream(1, { purpose: "order", index: i }), 4).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  const expected = draws / 24;
  const chi2 = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  expect(chi2).toBeLessThan(49.73);
});

test("permutations of 0, 1 and many numbers", () => {
  const before = memoryUse().live;
  expect([...permutation(1n, 0)]).toEqual([]);
  expect([...permutation(1n, 1)]).toEqual([0]);
  const many = permutation(9n, 60_000);
  expect([...many].sort((a, b) => a - b).every((v, i) => v === i)).toBe(true);
  expect(memoryUse().live).toBe(before);
});
