import { init, memoryUse } from "@neft/kernels";
import {
  type ArrayProduct,
  addOperators,
  applyStatistics,
  arrayNodes,
  bindModel,
  computeProduct,
  GraphBuilder,
  inferValues,
  lenet5,
  Model,
  modelFromRecord,
  modelToRecord,
  run,
  type Subgraph,
  summary,
  trainableParameters,
  valueShapes,
} from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { backward, noGrad, parameter, reduceMean, scale, scope, tensor, zeros } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";

/** flatten → linear(3) → batch norm → ReLU → dropout → linear(2) → softmax. */
function small(): Model {
  const net = new GraphBuilder("small", { seed: 3 });
  const flat = net.flatten(net.input("x", [2, 2]), { name: "flat" });
  const normed = net.batchNorm(net.linear(flat, { name: "first", outputs: 3 }), { name: "norm" });
  const hidden = net.dropout(net.relu(normed, { name: "hidden" }), { name: "drop" });
  return net.build({
    probabilities: net.softmax(net.linear(hidden, { name: "second", outputs: 2 }), { name: "soft" }),
  });
}

const sample = (batch: number) => {
  const values = Float32Array.from({ length: 4 * batch }, (_, i) => Math.fround(((i * 7919) % 13) / 6 - 1));
  return tensor(values, [batch, 2, 2]);
};

describe("run", () => {
  beforeAll(() => init());

  it("lets an observer run every step, in order, with the same values", () => {
    const model = lenet5({ seed: 1 });
    scope(() => {
      const x = tensor(new Float32Array(2 * 784).fill(0.5), [2, 1, 28, 28]);
      const plain = run(model, x).outputs.get("logits")!.toArray();
      const seen: string[] = [];
      const { outputs } = run(model, x, {
        observe: ({ node, pooled, rectified }, compute) => {
          seen.push(`${node.op} ${pooled} ${rectified}`);
          const results = compute();
          expect(results).toHaveLength(1);
          return results;
        },
      });
      expect(outputs.get("logits")!.toArray()).toEqual(plain);
      expect(seen).toEqual([
        ...["Conv true true", "Conv true true", "Flatten false false"],
        ...["Gemm false true", "Gemm false true", "Gemm false false"],
      ]);
    });
    model.dispose();
  });

  it("asks the backend for products of graphs inside graphs", () => {
    addOperators(moreOperators);
    const branch = (graph: Subgraph) => ({ then_branch: graph, else_branch: graph });
    const product = { name: "product", op: "MatMul", inputs: ["x2", "w2"], outputs: ["y2"], attributes: {} };
    const inner: Subgraph = { inputs: ["x2", "w2"], captures: 2, outputs: ["y2"], nodes: [product] };
    const nested = { name: "inner", op: "If", inputs: ["c1", "x1", "w1"], outputs: ["y1"], attributes: branch(inner) };
    const middle: Subgraph = { inputs: ["c1", "x1", "w1"], captures: 3, outputs: ["y1"], nodes: [nested] };
    const model = new Model({
      name: "nested",
      inputs: [
        { name: "x", dtype: "f32", shape: ["N", 2] },
        { name: "c", dtype: "bool", shape: [] },
      ],
      outputs: [{ name: "y", dtype: "f32", shape: ["N", 2] }],
      nodes: [{ name: "outer", op: "If", inputs: ["c", "c", "x", "w"], outputs: ["y"], attributes: branch(middle) }],
      parameters: new Map([["w", parameter([1, 2, 3, 4], [2, 2])]]),
      constants: new Map(),
    });
    const seen: string[] = [];
    const backend = {
      product(product: ArrayProduct) {
        seen.push(product.weight.name);
        return computeProduct(product);
      },
    };
    scope(() => {
      const feeds = { x: tensor([1, 2], [1, 2]), c: tensor([1], [], "bool") };
      for (let i = 0; i < 2; i++) {
        expect([...run(model, feeds, { backend }).outputs.get("y")!.toArray()]).toEqual([7, 10]);
      }
    });
    expect(seen).toEqual(["w", "w"]);
    model.dispose();
  });

  it("frees values once that have several names, and none that it was given", () => {
    const node = (op: string, inputs: string[], output: string) => ({
      name: output,
      op,
      inputs,
      outputs: [output],
      attributes: {},
    });
    const model = new Model({
      name: "aliases",
      inputs: [{ name: "x", dtype: "f32", shape: [2] }],
      outputs: [{ name: "y", dtype: "f32", shape: [2] }],
      nodes: [
        node("Identity", ["x"], "same"),
        node("Relu", ["same"], "a"),
        node("Identity", ["a"], "b"),
        node("Neg", ["b"], "c"),
        node("Add", ["a", "c"], "d"),
        node("Add", ["d", "same"], "y"),
      ],
      parameters: new Map(),
      constants: new Map(),
    });
    scope(() => {
      const x = tensor([1, -2], [2]);
      const before = memoryUse().live;
      const { outputs } = noGrad(() => run(model, x));
      expect([...outputs.get("y")!.toArray()]).toEqual([1, -2]);
      expect([...x.toArray()]).toEqual([1, -2]);
      outputs.get("y")!.dispose();
      expect(memoryUse().live).toBe(before);
    });
  });

  it("computes the layers", () => {
    const net = new GraphBuilder("line", { seed: 1 });
    const x = net.input("x", [2]);
    const weight = net.parameter("w", Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
    const bias = net.parameter("b", Float32Array.of(0.5, 0, -0.5), [3]);
    const model = net.build({ y: net.relu(net.node("Gemm", [x, weight, bias], { transB: 1 })) });
    scope(() => {
      const { outputs } = run(model, tensor([1, -1, 2, 0], [2, 2]));
      expect([...outputs.get("y")!.toArray()]).toEqual([0, 0, 0, 2.5, 6, 9.5]);
    });
  });

  it("returns taps by value or node name, and runs needed nodes only", () => {
    const model = small();
    const calls: string[] = [];
    const backend = {
      product(product: ArrayProduct) {
        calls.push(product.layer);
        return computeProduct(product);
      },
    };
    scope(() => {
      const { outputs, taps } = run(model, sample(3), { taps: ["hidden", "norm"], outputs: ["hidden"], backend });
      expect(calls).toEqual(["first"]);
      expect(taps.get("norm")!.shape).toEqual([3, 3]);
      expect(outputs.get("hidden")).toBe(taps.get("hidden"));
      expect(run(model, sample(3)).outputs.get("probabilities")!.shape).toEqual([3, 2]);
    });
  });

  it("asks the backend for array nodes, with parameter names and raw weights", () => {
    const model = lenet5({ seed: 1, size: 12 });
    const seen: [string, string][] = [];
    const backend = {
      product(product: ArrayProduct) {
        const { name, tensor: weight } = product.weight;
        seen.push([product.layer, name]);
        expect(weight).toBe(model.parameters.get(name));
        return computeProduct(product, scale(weight, 0));
      },
    };
    scope(() => {
      const { outputs } = run(model, zeros([2, 1, 12, 12]), { backend });
      expect([...outputs.get("logits")!.toArray()].every((value) => value === 0)).toBe(true);
    });
    expect(seen).toEqual(arrayNodes(model).map(({ node, weight }) => [node.name, weight]));
    expect(seen).toHaveLength(5);
  });

  it("frees values after their last use, except those requested", () => {
    const model = lenet5({ seed: 1 });
    const input = tensor(new Float32Array(16 * 784), [16, 1, 28, 28]);
    const before = memoryUse().live;
    const { outputs } = noGrad(() => run(model, input));
    expect(memoryUse().live - before).toBe(4 * 16 * 10);
    outputs.get("logits")!.dispose();
    expect(memoryUse().live).toBe(before);
    input.dispose();
    model.dispose();
  });

  it("gives gradients of all trainable parameters", () => {
    const model = lenet5({ seed: 1, size: 12 });
    scope(() => {
      const input = tensor(
        Float32Array.from({ length: 288 }, (_, i) => (i % 17) / 17),
        [2, 1, 12, 12],
      );
      const loss = reduceMean(run(model, input).outputs.get("logits")!, {});
      const names = trainableParameters(model);
      const gradients = backward(
        loss,
        names.map((name) => model.parameters.get(name)!),
      );
      expect(gradients.map(({ shape }) => shape)).toEqual(names.map((name) => model.parameters.get(name)!.shape));
      const last = gradients[names.indexOf("f3.bias")]!.toArray() as Float32Array;
      for (const value of last) expect(value).toBeCloseTo(0.1, 6);
    });
  });

  it("returns batch statistics, and applies them as PyTorch does", () => {
    const model = small();
    scope(() => {
      const { statistics, taps } = run(model, sample(5), { batchNorm: "batch", taps: ["first", "norm"] });
      expect(statistics).toHaveLength(1);
      const rows = taps.get("first")!.toArray() as Float32Array;
      const [only] = statistics;
      for (let c = 0; c < 3; c++) {
        const column = [0, 1, 2, 3, 4].map((i) => rows[3 * i + c]!);
        const mean = column.reduce((a, b) => a + b) / 5;
        const variance = column.reduce((a, b) => a + (b - mean) ** 2, 0) / 5;
        expect(only!.batchMean[c]).toBeCloseTo(mean, 5);
        expect(only!.batchVariance[c]).toBeCloseTo(variance, 5);
      }
      expect(only).toMatchObject({
        node: "norm",
        mean: "norm.running_mean",
        variance: "norm.running_var",
        count: 5,
        momentum: 0.9,
      });
      const normed = taps.get("norm")!.toArray() as Float32Array;
      expect([0, 1, 2, 3, 4].reduce((sum, i) => sum + normed[3 * i]!, 0)).toBeCloseTo(0, 4);
      applyStatistics(model, statistics);
      const running = model.parameters.get("norm.running_var")!.toArray() as Float32Array;
      expect(running[0]).toBeCloseTo(0.9 + 0.1 * only!.batchVariance[0]! * (5 / 4), 5);
      expect(run(model, sample(5)).statistics).toEqual([]);
      const one = run(model, sample(1), { batchNorm: "batch" }).statistics;
      expect(() => applyStatistics(model, one)).toThrow(
        'node "norm" (BatchNormalization): expected more than one value per channel, got 1',
      );
    });
  });

  it("drops values only with the option dropout, the same ones for the same seed and step", () => {
    const model = small();
    scope(() => {
      const tap = (dropout?: { seed: number; step: number }) =>
        [
          ...run(model, sample(40), { taps: ["hidden", "drop"], ...(dropout && { dropout }) })
            .taps.get("drop")!
            .toArray(),
        ] as number[];
      const plain = tap();
      const [first, again, later] = [tap({ seed: 1, step: 0 }), tap({ seed: 1, step: 0 }), tap({ seed: 1, step: 1 })];
      expect(first).toEqual(again);
      expect(first).not.toEqual(later);
      expect(first.filter((value, i) => value !== 0 && value !== 2 * plain[i]!)).toEqual([]);
      const zeroed =
        first.filter((value, i) => value === 0 && plain[i] !== 0).length / plain.filter((value) => value !== 0).length;
      expect(zeroed).toBeGreaterThan(0.25);
      expect(zeroed).toBeLessThan(0.75);
    });
  });

  it.each<[string, (model: Model) => unknown, string]>([
    ["an input of a wrong shape", (m) => run(m, zeros([3, 2])), 'input "x": expected f32 [N, 2, 2], got f32 [3, 2]'],
    ["an unknown input", (m) => run(m, { y: zeros([1, 2, 2]) }), 'model "small": expected inputs "x", got "y"'],
    ["a missing input", (m) => run(m, {}), 'model "small": expected a tensor for input "x", got none'],
    [
      "an unknown tap",
      (m) => run(m, zeros([1, 2, 2]), { taps: ["deep"] }),
      'model "small": expected a value or node of "flat", ',
    ],
    ["integers for floats", (m) => run(m, tensor([0, 0, 0, 0], [1, 2, 2], "i32")), "got i32 [1, 2, 2]"],
  ])("refuses %s", (_, body, message) => {
    const model = small();
    scope(() => expect(() => body(model)).toThrow(message));
  });

  it("names the node where something goes wrong", () => {
    const model = small();
    const backend = {
      product(): never {
        throw new Error("no such array");
      },
    };
    scope(() => expect(() => run(model, sample(1), { backend })).toThrow('node "first" (Gemm): no such array'));
  });
});

describe("a model", () => {
  beforeAll(() => init());

  it("has its logits found", () => {
    const model = small();
    expect(bindModel(model, [2, 2]).logits).toBe("second");
    expect(() => bindModel(model, [2, 2], "soft")).toThrow(
      'model "small": expected an output of "probabilities", got "soft"',
    );
    const net = new GraphBuilder("two", { seed: 1 });
    const x = net.relu(net.input("x", [2]));
    const two = net.build({ a: x, b: net.softmax(x) });
    expect(() => bindModel(two, [2])).toThrow(
      'model "two": expected one of its outputs to be named, got none; it has "a", "b"',
    );
    expect(bindModel(two, [2], "b").logits).toBe("a");
  });

  it("infers the shapes that a run gives, and refuses shapes that don't fit", () => {
    const model = small();
    const shapes = valueShapes(model, 4);
    scope(() => {
      const names = model.nodes.map(({ name }) => name);
      for (const [name, { shape }] of run(model, zeros([4, 2, 2]), { taps: names }).taps) {
        const value = model.nodes.find((node) => node.name === name)!.outputs[0]!;
        expect(shapes.get(value)).toEqual(shape);
      }
    });
    expect(() => inferValues(model, {})).toThrow('input "x": expected a size for "N", got none');
    const net = new GraphBuilder("bad", { seed: 1 });
    expect(() => net.add(net.input("x", [2]), net.input("y", [3]))).toThrow(
      'node "add1" (Add): expected shapes that broadcast, got [1, 2] and [1, 3]',
    );
  });

  it("is summarised", () => {
    const rows = summary(lenet5({ seed: 1 }));
    expect(rows[0]).toEqual({
      name: "c1",
      op: "Conv",
      inputShape: [1, 1, 28, 28],
      outputShape: [1, 6, 28, 28],
      parameters: 156,
      onArray: true,
      whyDigital: undefined,
    });
    expect(rows.reduce((sum, row) => sum + row.parameters, 0)).toBe(61_706);
    expect(rows.filter((row) => row.onArray).map((row) => row.name)).toEqual(["c1", "c2", "f1", "f2", "f3"]);
  });

  it("is summarised with the symbols of its inputs, or with the only size that fits", () => {
    const base = lenet5({ seed: 1 });
    const shaped = (...shape: (string | number)[]) => new Model({ ...base, inputs: [{ ...base.inputs[0]!, shape }] });
    const [whole, ...rest] = summary(base).map((row) => row.outputShape);
    expect(summary(shaped("N", "c", "h", "w")).map((row) => row.outputShape)).toEqual([whole, ...rest]);
    const net = new GraphBuilder("open", { seed: 1 });
    const x = net.maxPool2d(net.conv2d(net.input("x", [3, 9, 9]), { outputs: 2, kernel: 3, padding: 1 }), {
      kernel: 2,
    });
    const fixed = net.build({ y: net.flatten(net.globalAvgPool(x)) });
    const open = new Model({ ...fixed, inputs: [{ ...fixed.inputs[0]!, shape: ["N", "c", "h", "w"] }] });
    expect(summary(open).map((row) => [row.inputShape, row.outputShape].map((shape) => shape.join("x")))).toEqual([
      ["1x3xhxw", "1x2xhxw"],
      ["1x2xhxw", "1x2x?x?"],
      ["1x2x?x?", "1x2x1x1"],
      ["1x2x1x1", "1x2"],
    ]);
    expect(
      summary(new Model({ ...fixed, inputs: [{ ...fixed.inputs[0]!, shape: [0, 3, 9, 9] }] }))[0]!.outputShape,
    ).toEqual([0, 2, 9, 9]);
  });

  it("is summarised in linear time with thousands of symbols", () => {
    const base = lenet5({ seed: 1 });
    const first = base.inputs[0]!;
    const others = Array.from({ length: 3000 }, (_, i) => ({
      ...first,
      name: `x${i}`,
      shape: ["N", `c${i}`, `h${i}`],
    }));
    const model = new Model({ ...base, inputs: [{ ...first, shape: ["N", 1, "h", "w"] }, ...others] });
    const start = performance.now();
    expect(
      summary(model)
        .slice(0, 2)
        .map((row) => row.outputShape),
    ).toEqual([
      [1, 6, "?", "?"],
      [1, 6, "?", "?"],
    ]);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it("gives the same outputs after a round trip through a record", () => {
    const model = small();
    const copy = modelFromRecord(structuredClone(modelToRecord(model)));
    scope(() => {
      const [one, other] = [model, copy].map((m) => run(m, sample(3)).outputs.get("probabilities")!.toArray());
      expect(other).toEqual(one);
    });
    expect(copy.source).toBeUndefined();
    copy.dispose();
    scope(() => expect(run(model, sample(1)).outputs.size).toBe(1));
  });

  it("lists all unknown operators", () => {
    const net = new GraphBuilder("x", { seed: 1 });
    net.input("x", [2]);
    const record = modelToRecord(net.build({ y: net.relu("x") }));
    const odd = (op: string, name: string, input: string) => ({
      name,
      op,
      inputs: [input],
      outputs: [name],
      attributes: {},
    });
    const nodes = [odd("Foo", "a", "x"), odd("Bar", "y", "a")];
    expect(() => modelFromRecord({ ...record, nodes })).toThrow(
      'expected known operators, got node "a" (Foo), node "y" (Bar)',
    );
    expect(() => modelFromRecord({ ...record, nodes: [{ ...odd("Add", "y", "x") }] })).toThrow(
      'node "y" (Add): expected 2 inputs, got 1',
    );
  });
});
