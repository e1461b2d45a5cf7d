import { f32, init, memoryUse, resetPeak } from "@neft/kernels";
import {
  add,
  backward,
  conv2d,
  crossEntropy,
  defineOp,
  full,
  type GradientTerm,
  lastRecorded,
  linear,
  maxPool2d,
  mul,
  noGrad,
  normals,
  parameter,
  reduceSum,
  relu,
  reshape,
  scale,
  scope,
  sigmoid,
  sizeOf,
  square,
  stream,
  sub,
  type Tensor,
  tensor,
} from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";

beforeAll(() => init());

test("gradients are summed over all paths to the loss", () => {
  scope(() => {
    const [a, b] = [parameter([2, 3], [2]), parameter([5, 7], [2])];
    const shared = mul(a, b);
    // L = Σ ab + (ab)² + a, dL/da = b + 2ab² + 1
    const loss = reduceSum(add(add(shared, square(shared)), a));
    const [da, db] = backward(loss, [a, b]);
    expect([...da!.floats()]).toEqual([5 + 2 * 2 * 25 + 1, 7 + 2 * 3 * 49 + 1]);
    expect([...db!.floats()]).toEqual([2 + 2 * 4 * 5, 3 + 2 * 9 * 7]);
  });
});

test("an observer runs the rules of every recorded operation, the last one first", () => {
  scope(() => {
    const a = parameter([2, 3], [2]);
    const make = () => {
      const ids = [lastRecorded()];
      const b = square(a);
      ids.push(lastRecorded());
      const loss = reduceSum(scale(b, 5));
      return { loss, ids: [...ids, lastRecorded()] };
    };
    const plain = backward(make().loss, [a])[0]!.floats();
    const { loss, ids } = make();
    expect(ids).toEqual([ids[0], ids[0]! + 1, ids[0]! + 3]);
    const seen: number[] = [];
    const [gradient] = backward(loss, [a], (id, work) => {
      seen.push(id);
      work();
    });
    expect(seen).toEqual([ids[0]! + 3, ids[0]! + 2, ids[0]! + 1]);
    expect(gradient!.floats()).toEqual(plain);
  });
});

test("gradients come in the requested order, zeros for tensors without influence, and share no elements", () => {
  scope(() => {
    const [a, b, c] = [parameter([1], [1]), parameter([2], [1]), parameter([3, 4], [2])];
    const gradients = backward(reduceSum(add(a, b)), [c, b, a, a]);
    expect(gradients.map((g) => [...g.floats()])).toEqual([[0, 0], [1], [1], [1]]);
    expect(new Set(gradients.map((g) => g.ptr)).size).toBe(4);
  });
});

test("gradients by results of operations", () => {
  scope(() => {
    const a = parameter([3], [1]);
    const b = square(a);
    const [db, da] = backward(reduceSum(square(b)), [b, a]);
    expect([db!.item(), da!.item()]).toEqual([18, 108]);
  });
});

test("tensors that the program holds stay readable; disposed ones don't", () => {
  scope(() => {
    const w = parameter([1, 2, 3, 4], [2, 2]);
    const logits = linear(tensor([1, 2], [1, 2]), w, undefined);
    const hidden = relu(logits);
    const loss = crossEntropy(hidden, Int32Array.of(1));
    hidden.dispose();
    backward(loss, [w]);
    expect([...logits.floats()]).toEqual([5, 11]);
    expect(() => hidden.floats()).toThrow("got one that was disposed");
  });
});

test("each misuse has its own error", () => {
  scope(() => {
    const w = parameter([1, 2], [2]);
    expect(() => backward(square(w), [w])).toThrow("backward: expected a loss of one element, got shape [2]");
    const constant = noGrad(() => reduceSum(w));
    expect(() => backward(constant, [w])).toThrow("backward: expected a loss computed from parameters, got a constant");
    const loss = reduceSum(w);
    const number = tensor([1], [1], "i64");
    expect(() => backward(loss, [number])).toThrow("backward: expected f32 tensors to differentiate by, got i64");
    expect(() => backward(loss, [tensor([1], [1])])).toThrow(
      "expected parameters or tensors computed from them, got a constant of shape [1]",
    );
    backward(loss, [w]);
    expect(() => backward(loss, [w])).toThrow("got one whose reduceSum is consumed; run the forward pass again");
    const disposed = reduceSum(w);
    disposed.dispose();
    expect(() => backward(disposed, [w])).toThrow("backward: expected a live tensor, got one that was disposed");
    expect(backward(w.size === 2 ? reduceSum(w) : w, []).length).toBe(0);
  });
});

test("an error in a rule leaks no memory", () => {
  const broken = defineOp<[x: Tensor]>({
    name: "broken",
    shape: ([x]) => [...x.shape],
    saved: ([x]) => [x.shape],
    forward: () => {},
    vjp: [
      () => {
        throw new Error("broken rule");
      },
    ],
    keeps: [0, "output"],
    examples: [],
  });
  const before = memoryUse().live;
  const w = parameter(new Float32Array(8), [8]);
  expect(() =>
    scope(() => {
      backward(reduceSum(square(broken(square(w)))), [w]);
    }),
  ).toThrow("broken rule");
  w.dispose();
  expect(memoryUse().live).toBe(before);
});

test("a rule may read only tensors that its row keeps", () => {
  const forgetful = defineOp<[x: Tensor]>({
    name: "forgetful",
    shape: ([x]) => [...x.shape],
    forward: () => {},
    vjp: [(_, { inputs: [x] }) => square(x)],
    keeps: [],
    examples: [],
  });
  scope(() => {
    const w = parameter([1], [1]);
    expect(() => backward(reduceSum(forgetful(w)), [w])).toThrow("input 0 of forgetful, which its row doesn't keep");
    w.dispose();
  });
});

/** Increase of live bytes at the peak while `fn` runs. */
function peakOf(fn: () => void): number {
  const before = memoryUse().live;
  resetPeak();
  fn();
  return memoryUse().peak - before;
}

test("backward keeps at most two gradients in addition to the activations, and disposing of those saves memory", () => {
  const [n, depth] = [10_000, 50];
  const w = parameter(new Float32Array(n).fill(0.5), [n]);
  const chain = (disposes: boolean) => () =>
    scope(() => {
      let y: Tensor = scale(w, 1);
      for (let i = 0; i < depth; i++) {
        const next = i % 2 === 0 ? scale(y, 1.01) : sigmoid(y);
        if (disposes) y.dispose();
        y = next;
      }
      backward(reduceSum(y), [w]);
    });
  const slack = 3 * 4 * n + 100;
  expect(peakOf(chain(false))).toBeLessThanOrEqual((depth + 1) * 4 * n + slack);
  // Only tensors that rules read stay: none for scale, the output for sigmoid.
  expect(peakOf(chain(true))).toBeLessThanOrEqual((depth / 2) * 4 * n + slack);
  w.dispose();
});

test("memory is constant over 1,000 training steps", () => {
  const draw = (name: string, shape: number[], by: number) => {
    const n = sizeOf(shape);
    return parameter(
      normals(stream(1, { purpose: "test", name }), n).map((v) => v * by),
      shape,
    );
  };
  const parameters = [draw("c", [4, 1, 3, 3], 0.3), draw("b", [4], 0.1), draw("w", [10, 64], 0.1)];
  const [c, b, w] = parameters as [Tensor, Tensor, Tensor];
  const images = normals(stream(2, { purpose: "test" }), 8 * 100);
  const labels = Int32Array.from({ length: 8 }, (_, i) => i);
  const step = (i: number) =>
    scope(() => {
      const x = tensor(images, [8, 1, 10, 10]);
      const variation = {
        sMax: 1,
        sigma: { kind: "levels", outer: 0.1, middle: 0.2 } as const,
        key: BigInt(i),
        perSample: i % 2 === 1,
      };
      const pooled = maxPool2d(relu(conv2d(x, c, b, { variation })), { kernel: [2, 2], strides: [2, 2] });
      const loss = crossEntropy(linear(reshape(pooled, [8, -1]), w, undefined, { variation }), labels);
      for (const [p, g] of backward(loss, parameters).entries()) {
        const updated = sub(parameters[p]!, mul(g, full([], 0.01))).floats();
        expect(updated.length).toBe(parameters[p]!.size);
      }
      return loss.item();
    });
  for (let i = 0; i < 20; i++) step(i);
  const before = memoryUse();
  for (let i = 20; i < 1020; i++) step(i);
  expect(memoryUse()).toEqual({ ...before, peak: memoryUse().peak });
  for (const p of parameters) p.dispose();
});

test("products of the same input and weight compute their weight gradient together", () => {
  let calls = 0;
  type Inputs = [x: Tensor, w: Tensor];
  const computeTogether = (terms: readonly GradientTerm<Inputs, { readonly kind: string }>[]) => {
    calls++;
    return [mul(terms.map(({ dy }) => dy).reduce(add), terms[0]!.context.inputs[0])];
  };
  const product = defineOp<[x: Tensor, w: Tensor], { readonly kind: string }>({
    name: "product",
    shape: ([x]) => [...x.shape],
    forward: ([x, w], _, y) => f32(y.ptr, y.size).set(mul(x, w).toArray() as Float32Array),
    vjp: [(dy, { inputs: [, w] }) => mul(dy, w), (dy, context) => computeTogether([{ dy, context }])[0]!],
    sharedRules: { inputs: [1], key: ({ kind }) => kind, gradients: (terms) => computeTogether(terms) },
    keeps: [0, 1],
    examples: [],
  });
  scope(() => {
    const [w, v] = [parameter([2, 3], [2]), parameter([5, 7], [2])];
    const [x, other] = [tensor([11, 13], [2]), tensor([17, 19], [2])];
    const times = (input: Tensor, weight: Tensor, kind: string) => product(input, weight, { kind });
    const gradientsOf = (...terms: Tensor[]) => {
      calls = 0;
      return backward(reduceSum(terms.reduce((a, b) => add(a, b))), [w, v]).map((gradient) => [...gradient.toArray()]);
    };
    expect(gradientsOf(times(x, w, "a"), scale(times(x, w, "a"), 10), scale(times(x, w, "a"), 100))).toEqual([
      [1221, 1443],
      [0, 0],
    ]);
    expect(calls).toBe(1);
    expect(gradientsOf(times(x, w, "a"), times(other, w, "a"), times(x, v, "a"), times(x, w, "b"))).toEqual([
      [39, 45],
      [11, 13],
    ]);
    expect(calls).toBe(4);
    for (const one of [w, v]) one.dispose();
  });
});

test("the shared weight gradient equals the sum of separate ones", () => {
  const x = tensor(normals(stream(3, { purpose: "test", name: "x" }), 2 * 3 * 6 * 6), [2, 3, 6, 6]);
  const w = parameter(normals(stream(3, { purpose: "test", name: "w" }), 4 * 3 * 9), [4, 3, 3, 3]);
  const b = parameter([0.1, -0.2, 0.3, 0], [4]);
  const before = memoryUse().live;
  const lossOf = (i: number) => {
    const variation = { sMax: 2, sigma: { kind: "uniform", sigma: 0.1 } as const, key: BigInt(i), perSample: false };
    return reduceSum(square(conv2d(x, w, b, { pads: [1, 1, 1, 1], rectified: i > 1, variation })));
  };
  const values = (gradients: Tensor[]) => gradients.flatMap((gradient) => [...gradient.toArray()].map(Number));
  const together = scope(() =>
    values(
      backward(
        [0, 1, 2, 3].map(lossOf).reduce((a, c) => add(a, c)),
        [w, b],
      ),
    ),
  );
  const separate = [0, 1, 2, 3].map((i) => scope(() => values(backward(lossOf(i), [w, b]))));
  const scaleOf = Math.max(...together.map(Math.abs));
  together.forEach((value, i) => {
    expect(Math.abs(value - separate.reduce((sum, one) => sum + one[i]!, 0))).toBeLessThan(1e-6 * scaleOf);
  });
  expect(memoryUse().live).toBe(before);
  for (const one of [x, w, b]) one.dispose();
});
