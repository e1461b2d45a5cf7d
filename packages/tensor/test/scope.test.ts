import { init, memoryUse } from "@neft/kernels";
import {
  add,
  backward,
  crossEntropy,
  linear,
  noGrad,
  parameter,
  persistent,
  reduceSum,
  relu,
  reshape,
  scope,
  square,
  type Tensor,
  tensor,
  zeros,
} from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";

beforeAll(() => init());

const live = () => memoryUse().live;

test("a scope frees the tensors that it doesn't return", () => {
  const before = live();
  const kept = scope(() => {
    const x = tensor([1, 2], [2]);
    const lost = add(x, x);
    expect(() => lost.toArray()).not.toThrow();
    return { deep: [new Map([["x", add(lost, x)]])], text: "plain" };
  });
  const y = kept.deep[0]!.get("x")!;
  expect([...y.floats()]).toEqual([3, 6]);
  expect(live()).toBe(before + 8);
  y.dispose();
  y.dispose();
  expect(live()).toBe(before);
});

test("scopes nest: the result of an inner scope lives until the outer one ends", () => {
  const before = live();
  let seen: Tensor | undefined;
  const result = scope(() => {
    seen = scope(() => scope(() => tensor([7], [1])));
    return add(seen, seen);
  });
  expect(() => seen!.item()).toThrow(
    "item: expected a live tensor, got one whose scope has ended; return it from scope() to keep it (f32 [1])",
  );
  expect(result.item()).toBe(14);
  result.dispose();
  expect(live()).toBe(before);
});

test("parameters and persistent constants are outside all scopes", () => {
  const before = live();
  const [w, c, n] = scope(() => [parameter([1, 2], [2]), persistent([3], [1]), persistent([4n], [1], "i64")] as const);
  scope(() => {
    add(w, c);
  });
  expect(w.requiresGrad).toBe(true);
  expect(c.requiresGrad).toBe(false);
  expect(n.item()).toBe(4);
  for (const t of [w, c, n]) t.dispose();
  expect(live()).toBe(before);
  expect(() => w.ptr).toThrow("got one that was disposed");
});

test("an error frees everything, also the output of an operation that failed", () => {
  const before = live();
  expect(() =>
    scope(() => {
      const x = tensor([1, 2], [1, 2]);
      crossEntropy(linear(x, parameter([1, 2], [1, 2]), undefined), Int32Array.of(5));
    }),
  ).toThrow("crossEntropy: expected labels from 0 to 0, got 5 for sample 0");
  expect(live()).toBe(before + 8); // the parameter
});

test("a scope rejects a function that returns a promise", () => {
  expect(() => scope(async () => zeros([1]))).toThrow(
    "scope: expected a synchronous function, got one that returns a promise",
  );
});

test("views share elements; disposing of the last one frees them", () => {
  const before = live();
  const x = persistent([1, 2, 3, 4], [4]);
  const y = scope(() => reshape(x, [2, -1]));
  expect(live()).toBe(before + 16);
  expect(y.ptr).toBe(x.ptr);
  x.dispose();
  expect([...y.floats()]).toEqual([1, 2, 3, 4]);
  y.dispose();
  expect(live()).toBe(before);
});

test("an unused graph is freed with its tensors", () => {
  const before = live();
  const w = parameter(new Float32Array(100), [100]);
  for (let i = 0; i < 10; i++) {
    scope(() => {
      reduceSum(square(relu(add(w, w))));
    });
  }
  expect(live()).toBe(before + 400);
  // Disposing of the last result is enough, however deep the graph: no recursion.
  let y = scope(() => add(w, w));
  for (let i = 0; i < 20_000; i++) {
    const next = square(y);
    y.dispose();
    y = next;
  }
  y.dispose();
  w.dispose();
  expect(live()).toBe(before);
});

test("a graph that leaves its scope can still be differentiated", () => {
  const before = live();
  const w = parameter([3], [1]);
  const loss = scope(() => scope(() => reduceSum(square(square(w)))));
  const [gradient] = backward(loss, [w]);
  expect(gradient!.item()).toBeCloseTo(4 * 27, 4);
  for (const t of [loss, gradient!, w]) t.dispose();
  expect(live()).toBe(before);
});

test("noGrad keeps no tensors for a backward pass", () => {
  const w = parameter(new Float32Array(1000), [1000]);
  const before = live();
  scope(() => {
    const y = noGrad(() => {
      const x = square(w);
      const y = square(x);
      x.dispose();
      return y;
    });
    expect(y.requiresGrad).toBe(false);
    expect(live()).toBe(before + 4000);
  });
  w.dispose();
});
