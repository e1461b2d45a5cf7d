import { init } from "@neft/kernels";
import {
  add,
  attention,
  concat,
  einsum,
  einsumProduct,
  einsumShape,
  gru,
  layerNormalization,
  linear,
  lstm,
  matmul,
  mul,
  type RecurrentProduct,
  type RecurrentWeights,
  reshape,
  reverseSequence,
  rnn,
  rotaryEmbedding,
  type Shape,
  scope,
  slice,
  softmax,
  split,
  type Tensor,
  tensor,
  transpose,
  zeros,
} from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";
import { at, distance, filled, indices, values } from "./naive.js";

beforeAll(() => init());

/** Largest difference of two tensors, relative to 1; NaN for different shapes. */
const difference = (a: Tensor, b: Tensor): number => distance(a, b.shape, b.numbers());

const part = (x: Tensor, axis: number, from: number, to = from + 1): Tensor =>
  slice(x, { starts: [from], ends: [to], axes: [axis] });

const weightsOf = (gates: number, directions = 1): RecurrentWeights => ({
  w: filled("w", [directions, gates * 3, 4]),
  r: filled("r", [directions, gates * 3, 3]),
  b: filled("b", [directions, 2 * gates * 3]),
});

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

test("an LSTM step by step in f64", () => {
  const [steps, hidden, inputs] = [3, 2, 3];
  const shapes = { x: [steps, 1, inputs], w: [1, 8, inputs], r: [1, 8, hidden], b: [1, 16], p: [1, 6] };
  const [x, w, r, b, p] = Object.entries(shapes).map(([name, shape]) => values(name, shape)) as Float32Array[];
  let [h, c] = [new Array<number>(hidden).fill(0), new Array<number>(hidden).fill(0)];
  const want: number[] = [];
  for (let t = 0; t < steps; t++) {
    const gate = (g: number, j: number): number => {
      const row = g * hidden + j;
      let sum = b![row]! + b![8 + row]!;
      for (let i = 0; i < inputs; i++) sum += w![row * inputs + i]! * x![t * inputs + i]!;
      for (let i = 0; i < hidden; i++) sum += r![row * hidden + i]! * h[i]!;
      return sum;
    };
    const next = h.map((_, j) => {
      const i = sigmoid(gate(0, j) + p![j]! * c[j]!);
      const forget = sigmoid(gate(2, j) + p![2 * hidden + j]! * c[j]!);
      const cell = forget * c[j]! + i * Math.tanh(gate(3, j));
      const o = sigmoid(gate(1, j) + p![hidden + j]! * cell);
      return [o * Math.tanh(cell), cell] as const;
    });
    [h, c] = [next.map(([v]) => v), next.map(([, v]) => v)];
    want.push(...h);
  }
  scope(() => {
    const weights = { w: tensor(w!, shapes.w), r: tensor(r!, shapes.r), b: tensor(b!, shapes.b) };
    const got = lstm(tensor(x!, shapes.x), weights, { peepholes: tensor(p!, shapes.p) });
    expect(distance(got.y, [steps, 1, 1, hidden], want)).toBeLessThan(1e-6);
    expect(distance(got.lastH, [1, 1, hidden], h)).toBeLessThan(1e-6);
    expect(distance(got.lastC, [1, 1, hidden], c)).toBeLessThan(1e-6);
  });
});

test("an LSTM's fused cell computes what its gates do", () => {
  scope(() => {
    const [x, weights] = [filled("x", [4, 3, 4]), weightsOf(4, 2)];
    const settings = { direction: "bidirectional", lengths: [4, 2, 3] } as const;
    const fused = lstm(x, weights, settings);
    const gates = lstm(x, weights, { ...settings, peepholes: zeros([2, 9]) });
    expect(difference(fused.y, gates.y)).toBeLessThan(1e-6);
    expect(difference(fused.lastC, gates.lastC)).toBeLessThan(1e-6);
  });
});

const cells = [
  { name: "rnn", gates: 1, run: rnn },
  { name: "gru", gates: 3, run: gru },
  { name: "lstm", gates: 4, run: lstm },
] as const;

test("directions, lengths and layouts of recurrent networks", () => {
  for (const { gates, run } of cells) {
    scope(() => {
      const x = filled("x", [5, 2, 4]);
      const both = weightsOf(gates, 2);
      const y = run(x, both, { direction: "bidirectional", lengths: [5, 3] });
      const one = (d: number): RecurrentWeights => ({
        w: part(both.w, 0, d),
        r: part(both.r, 0, d),
        b: part(both.b!, 0, d),
      });
      // Backwards is forwards over the reversed sequence, each sample within its length.
      const backwards = run(reverseSequence(x, [5, 3]), one(1), { lengths: [5, 3] });
      const turned = reverseSequence(backwards.y, [5, 3], { batchAxis: 2 });
      const forwards = run(x, one(0), { lengths: [5, 3] });
      expect(difference(y.y, concat([forwards.y, turned], { axis: 1 }))).toBeLessThan(1e-6);
      expect(difference(y.lastH, concat([forwards.lastH, backwards.lastH], { axis: 0 }))).toBeLessThan(1e-6);
      expect(difference(run(x, one(1), { direction: "reverse", lengths: [5, 3] }).y, turned)).toBeLessThan(1e-6);
      // A sample with fewer steps is alone what it is in the batch.
      const alone = run(part(part(x, 1, 1), 0, 0, 3), one(0));
      expect(difference(part(forwards.lastH, 1, 1), alone.lastH)).toBeLessThan(1e-6);
      const rest = part(part(forwards.y, 2, 1), 0, 3, 5);
      expect(difference(rest, zeros(rest.shape))).toBe(0);
      const swapped = run(transpose(x, { perm: [1, 0, 2] }), both, {
        direction: "bidirectional",
        lengths: [5, 3],
        layout: 1,
      });
      expect(difference(swapped.y, transpose(y.y, { perm: [2, 0, 1, 3] }))).toBe(0);
      expect(difference(swapped.lastH, transpose(y.lastH, { perm: [1, 0, 2] }))).toBe(0);
    });
  }
});

test("recurrent products can be computed elsewhere", () => {
  for (const { gates, run } of cells) {
    scope(() => {
      const [x, weights] = [filled("x", [3, 2, 4]), weightsOf(gates)];
      const calls: string[] = [];
      const product: RecurrentProduct = (input, weight, direction, first, last) => {
        calls.push(`${weight} ${input.shape[0]}`);
        const all = reshape(weights[weight], weights[weight].shape.slice(1));
        return part(linear(input, all, undefined), input.shape.length - 1, first, last + 0 * direction);
      };
      expect(difference(run(x, weights, { product }).y, run(x, weights).y)).toBeLessThan(1e-6);
      expect(calls[0]).toBe("w 2");
      expect(calls.filter((call) => call === "r 2")).toHaveLength(gates === 3 ? 6 : 3);
    });
  }
});

test("einsums against a loop over all labels", () => {
  const cases: readonly (readonly [equation: string, ...shapes: Shape[]])[] = [
    ["ij,jk", [2, 3], [3, 4]],
    ["ij,jk,kl->li", [2, 3], [3, 4], [4, 2]],
    ["bij,bjk->bik", [2, 3, 4], [2, 4, 3]],
    ["abc,cd,ae->bde", [2, 3, 4], [4, 2], [2, 3]],
    ["ii->i", [3, 3]],
    ["iji,j->", [2, 3, 2], [3]],
    ["ij,ij->ji", [2, 3], [2, 3]],
    ["i,j", [2], [3]],
    ["ijk->k", [2, 3, 4]],
    ["ij,kj->ik", [1, 3], [2, 1]],
  ];
  for (const [equation, ...shapes] of cases) {
    const [left, right] = equation.split("->") as [string, string?];
    const terms = left.split(",");
    const all = [...new Set(left.replaceAll(",", ""))].sort();
    const output = right ?? all.filter((label) => left.split(label).length === 2).join("");
    const size = (label: string) => Math.max(...terms.map((term, i) => shapes[i]![term.indexOf(label)] ?? 1));
    const data = shapes.map((shape, i) => values(`operand ${i}`, shape));
    const want = new Map<string, number>();
    for (const index of indices(all.map(size))) {
      const of = (label: string) => index[all.indexOf(label)]!;
      const factors = terms.map((term, i) =>
        at(
          data[i]!,
          shapes[i]!,
          [...term].map((l, a) => Math.min(of(l), shapes[i]![a]! - 1)),
        ),
      );
      const key = [...output].map(of).join();
      want.set(key, (want.get(key) ?? 0) + factors.reduce((a, b) => a * b, 1));
    }
    const shape = [...output].map(size);
    const expected = [...indices(shape)].map((index) => want.get(index.join())!);
    scope(() => {
      const y = einsum(
        equation,
        shapes.map((s, i) => tensor(data[i]!, s)),
      );
      expect(distance(y, shape, expected), equation).toBeLessThan(1e-6);
      expect(einsumShape(equation, shapes)).toEqual(shape);
    });
  }
});

test("an einsum with a weight can be one matrix product with the weight as stored", () => {
  const cases: readonly (readonly [equation: string, x: Shape, w: Shape, layout: "oi" | "io"])[] = [
    ["bsd,dhk->bshk", [2, 3, 4], [4, 2, 5], "io"],
    ["...i,oi->...o", [2, 3, 4], [5, 4], "oi"],
    ["bhsk,hkd->bsd", [2, 2, 3, 4], [2, 4, 5], "io"],
  ];
  for (const [equation, xs, ws, layout] of cases) {
    scope(() => {
      const [x, w] = [filled("x", xs), filled("w", ws)];
      const plan = einsumProduct(equation, [xs, ws], 1)!;
      expect(plan.layout).toBe(layout);
      const y = plan.finish(linear(plan.prepare(x), reshape(w, plan.matrix), undefined, { layout }));
      expect(difference(y, einsum(equation, [x, w]))).toBeLessThan(1e-6);
    });
  }
  for (const equation of ["bij,bjk->bik", "bij,jbk->bik", "ij,jk->i", "ij,kl->ijkl"]) {
    const shapes = equation
      .split("->")[0]!
      .split(",")
      .map((term) => [...term].map(() => 2));
    expect(einsumProduct(equation, shapes, 1), equation).toBeUndefined();
  }
});

test("attention is a softmax of scaled products, with heads, masks and past keys", () => {
  scope(() => {
    const [q, k, v] = [filled("q", [2, 4, 3, 5]), filled("k", [2, 2, 6, 5]), filled("v", [2, 2, 6, 7])];
    const twice = (x: Tensor) => reshape(concat([x, x], { axis: 2 }), [2, 4, 6, x.shape[3]!]);
    const scores = mul(matmul(q, transpose(twice(k), { perm: [0, 1, 3, 2] })), tensor([1 / Math.sqrt(5)], []));
    const past = { pastKey: part(k, 2, 0, 3), pastValue: part(v, 2, 0, 3) };
    const [last, lastValues] = [part(k, 2, 3, 6), part(v, 2, 3, 6)];
    const hidden = Array.from({ length: 18 }, (_, i) => (i % 6 > Math.floor(i / 6) + 3 ? Number.NEGATIVE_INFINITY : 0));
    const want = matmul(softmax(add(scores, tensor(hidden, [3, 6]))), twice(v));
    const got = attention(q, last, lastValues, { ...past, isCausal: true });
    expect(difference(got.y, want)).toBeLessThan(1e-6);
    expect(got.presentKey.floats()).toEqual(k.floats());
    const seen = tensor(
      hidden.map((h) => Number(h === 0)),
      [3, 6],
      "bool",
    );
    expect(difference(attention(q, k, v, { mask: seen }).y, want)).toBeLessThan(1e-6);
    const short = attention(q, k, v, { mask: zeros([3, 4]) });
    expect(difference(short.y, attention(q, k, v, { keyLengths: [4, 4] }).y)).toBe(0);
    const flat = (x: Tensor) =>
      reshape(transpose(x, { perm: [0, 2, 1, 3] }), [2, x.shape[2]!, x.shape[1]! * x.shape[3]!]);
    const three = attention(flat(q), flat(k), flat(v), { mask: seen, qHeads: 4, kvHeads: 2 });
    expect(difference(three.y, flat(want))).toBeLessThan(1e-6);
    expect(difference(attention(q, k, v, { scores: 0, softcap: 1 }).scores, scores)).toBeLessThan(1e-6);
  });
});

test("rotary embeddings turn pairs by their angles", () => {
  scope(() => {
    const x = tensor([1, 0, 0, 1, 7], [1, 1, 1, 5]);
    const [cos, sin] = [tensor([0, 1], [1, 1, 2]), tensor([1, 0], [1, 1, 2])];
    expect(rotaryEmbedding(x, cos, sin, { size: 4, interleaved: true }).numbers()).toEqual([0, 1, 0, 1, 7]);
    expect(rotaryEmbedding(x, cos, sin, { size: 4 }).numbers()).toEqual([0, 0, 1, 1, 7]);
  });
});

test("layer normalisation gives rows of mean 0 and variance 1", () => {
  scope(() => {
    const x = filled("x", [3, 4, 5]);
    const y = layerNormalization(x, tensor([1], [1]), undefined, { axis: 1, epsilon: 0 });
    for (const row of split(y, [1, 1, 1])) {
      const list = row.numbers();
      expect(Math.abs(list.reduce((sum, v) => sum + v, 0) / 20)).toBeLessThan(1e-6);
      expect(Math.abs(list.reduce((sum, v) => sum + v * v, 0) / 20 - 1)).toBeLessThan(1e-5);
    }
  });
});

/** Invalid calls and a part of their messages. */
const invalid: readonly (readonly [make: () => unknown, message: string])[] = [
  [() => rnn(zeros([2, 2]), weightsOf(1)), "rnn: expected an input of three axes, got [2, 2]"],
  [() => gru(zeros([2, 1, 4]), weightsOf(1)), "gru: W: expected shape [1, 9, 4], got [1, 3, 4]"],
  [() => lstm(zeros([2, 1, 4]), weightsOf(4), { lengths: [3] }), "lstm: expected 1 lengths from 0 to 2, got [3]"],
  [() => lstm(zeros([2, 1, 4]), weightsOf(4), { activations: ["Tanh"] }), "lstm: expected 3 activations, got [Tanh]"],
  [() => rnn(zeros([2, 1, 4]), weightsOf(1), { activations: ["toString"] }), "rnn: expected activations of relu, tanh"],
  [() => rnn(zeros([0, 1, 4]), weightsOf(1)), "rnn: expected at least one step, got [0, 1, 4]"],
  [
    () => einsum("ij->k", [zeros([2, 2])]),
    'einsum: expected output labels that occur in the inputs, each once, got "ij->k"',
  ],
  [() => einsum("ij,jk->ik", [zeros([2, 2])]), 'einsum: expected an equation such as "ij,jk->ik" with 1 terms'],
  [() => einsum("i.j", [zeros([2, 2])]), "einsum: expected an equation"],
  [() => einsum("ij", [zeros([2])]), 'einsum: expected 2 axes for "ij", got [2]'],
  [() => einsum("i,i", [zeros([2]), zeros([3])]), 'einsum: expected one size for each label of "i,i", got 2 and 3'],
  [
    () => attention(zeros([1, 2, 4]), zeros([1, 2, 4]), zeros([1, 2, 4])),
    "attention: q: expected [n, heads, length, size]",
  ],
  [
    () => rotaryEmbedding(zeros([1, 1, 2, 4]), zeros([2, 3]), zeros([2, 3])),
    "rotaryEmbedding: expected tables [.., 2]",
  ],
  [
    () => attention(zeros([1, 1, 2, 4]), zeros([1, 1, 2, 4]), zeros([1, 1, 2, 4]), { mask: zeros([3, 1, 1, 1]) }),
    "attention: expected a mask that broadcasts to [1, 1, 2, 2], got [3, 1, 1, 1]",
  ],
  [() => split(zeros([3]), [1, 1]), "split: expected sizes that add up to 3, got [1, 1]"],
];

test("invalid calls name what was expected", () => {
  for (const [make, message] of invalid) scope(() => expect(make, message).toThrow(message));
});
