import { init } from "@neft/kernels";
import {
  type ArrayBackend,
  computeProduct,
  GraphBuilder,
  type GraphNode,
  type Model,
  run,
  trainableParameters,
  withEpilogue,
} from "@neft/model";
import { backward, reduceMean, scope, square, tensor } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { fuseNodes } from "../src/fusion.js";

const node = (op: string, inputs: string[], output: string, attributes: GraphNode["attributes"] = {}): GraphNode => ({
  name: output,
  op,
  inputs,
  outputs: [output],
  attributes,
});

const read = (nodes: readonly GraphNode[], wanted: string[]) =>
  fuseNodes(nodes, new Set(wanted)).map(
    ({ node, rectified, pooled }) =>
      `${node.op}${pooled ? "+MaxPool" : ""}${rectified ? "+Relu" : ""} ${node.inputs[0]} → ${node.outputs[0]}`,
  );

/** conv → ReLU → max pool → conv → ReLU → flatten → linear → ReLU → linear, with ties and negative values. */
function network(): Model {
  const net = new GraphBuilder("network", { seed: 5 });
  const first = net.relu(net.conv2d(net.input("x", [2, 8, 8]), { name: "c1", outputs: 5, kernel: 3, padding: 1 }), {
    name: "r1",
  });
  const second = net.relu(
    net.conv2d(net.maxPool2d(first, { name: "p", kernel: 2 }), { name: "c2", outputs: 3, kernel: 3 }),
  );
  const third = net.relu(net.linear(net.flatten(second), { name: "f1", outputs: 7 }), { name: "r3" });
  return net.build({ y: net.linear(third, { name: "f2", outputs: 4 }) });
}

describe("fused steps", () => {
  beforeAll(() => init());

  const chain = [
    node("Conv", ["x", "w"], "a"),
    node("Relu", ["a"], "b"),
    node("MaxPool", ["b"], "c", { kernel_shape: [3, 3] }),
    node("Conv", ["c", "v"], "d"),
    node("Relu", ["d"], "e"),
  ];

  it("moves a ReLU behind the max pool and into a product", () => {
    expect(read(chain, ["e"])).toEqual(["Conv x → a", "MaxPool a → b", "Relu b → c", "Conv+Relu c → e"]);
  });

  it("fuses a 2×2 max pool into a convolution, with a ReLU before or after it", () => {
    const halving = { kernel_shape: [2, 2], strides: [2, 2] };
    const pooled = (attributes: GraphNode["attributes"], before = true) => [
      node("Conv", ["x", "w"], "a"),
      ...(before ? [node("Relu", ["a"], "b")] : []),
      node("MaxPool", [before ? "b" : "a"], before ? "c" : "b", attributes),
      ...(before ? [] : [node("Relu", ["b"], "c")]),
    ];
    for (const before of [true, false])
      expect(read(pooled(halving, before), ["c"])).toEqual(["Conv+MaxPool+Relu x → c"]);
    for (const other of [
      { kernel_shape: [3, 3], strides: [2, 2] },
      { kernel_shape: [2, 2] },
      { kernel_shape: [2], strides: [2] },
      { ...halving, ceil_mode: 1 },
      { ...halving, pads: [0, 0, 1, 1] },
      { ...halving, dilations: [2, 2] },
      { ...halving, auto_pad: "SAME_UPPER" },
    ]) {
      expect(read(pooled(other), ["c"])).toEqual(["Conv x → a", "MaxPool a → b", "Relu b → c"]);
    }
  });

  it("doesn't fuse values that are wanted or read twice", () => {
    expect(read(chain, ["b", "d", "e"])).toEqual(["Conv+Relu x → b", "MaxPool b → c", "Conv c → d", "Relu d → e"]);
    expect(read([...chain, node("Add", ["a", "b"], "f")], ["e", "f"]).slice(0, 3)).toEqual([
      "Conv x → a",
      "Relu a → b",
      "MaxPool b → c",
    ]);
  });

  it("gives the values and gradients of the unfused network, bit for bit except the gradient of a pooled bias", () => {
    const model = network();
    const x = () =>
      tensor(
        Float32Array.from({ length: 3 * 128 }, (_, i) => ((i * 7919) % 23) / 11 - 1),
        [3, 2, 8, 8],
      );
    const all = model.nodes.flatMap(({ outputs }) => outputs);
    const digital: ArrayBackend = { product: (product) => computeProduct(product) };
    const unfused: ArrayBackend = {
      product: ({ epilogue: { bias, ...rest }, ...product }) =>
        withEpilogue(computeProduct({ ...product, epilogue: { bias } }), rest, 1),
    };
    const results = [
      {},
      { backend: digital },
      { backend: unfused },
      // If every value is wanted, nothing can be fused.
      { taps: all },
    ].map((options) =>
      scope(() => {
        const y = run(model, x(), options).outputs.get("y")!;
        const values = [...y.toArray()];
        const gradients = backward(
          reduceMean(square(y)),
          trainableParameters(model).map((name) => model.parameters.get(name)!),
        );
        return [values, ...gradients.map((gradient) => [...gradient.toArray()])];
      }),
    );
    expect(results[0]!.flat().some((value) => value !== 0)).toBe(true);
    // The fused bias gradient is summed in another order.
    const isBias = (i: number): boolean =>
      i > 0 && model.parameters.get(trainableParameters(model)[i - 1]!)!.shape.length === 1;
    const round = (values: readonly (number | bigint)[]) => values.map((value) => Number(Number(value).toPrecision(6)));
    for (const other of results.slice(1)) {
      for (const [i, values] of other.entries()) {
        const wanted = results[0]![i]!;
        if (isBias(i)) expect(round(values)).toEqual(round(wanted));
        else expect(values).toEqual(wanted);
      }
    }
    model.dispose();
  });
});
