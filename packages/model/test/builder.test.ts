import { init } from "@neft/kernels";
import { type BuilderOptions, GraphBuilder, lenet5, resnet18, type Value, vgg8 } from "@neft/model";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(() => init());

/** Every layer method, with its required options. */
const layers: Readonly<Record<string, (net: GraphBuilder, x: Value, options: object) => unknown>> = {
  linear: (net, x, options) => net.linear(net.flatten(x), { outputs: 2, ...options }),
  conv2d: (net, x, options) => net.conv2d(x, { outputs: 2, kernel: 1, ...options }),
  maxPool2d: (net, x, options) => net.maxPool2d(x, { kernel: 1, ...options }),
  avgPool2d: (net, x, options) => net.avgPool2d(x, { kernel: 1, ...options }),
  batchNorm: (net, x, options) => net.batchNorm(x, options),
  leakyRelu: (net, x, options) => net.leakyRelu(x, options),
  dropout: (net, x, options) => net.dropout(x, options),
  Relu: (net, x, options) => net.relu(x, options),
  Sigmoid: (net, x, options) => net.sigmoid(x, options),
  Tanh: (net, x, options) => net.tanh(x, options),
  Add: (net, x, options) => net.add(x, x, options),
  GlobalAveragePool: (net, x, options) => net.globalAvgPool(x, options),
  Flatten: (net, x, options) => net.flatten(x, options),
  Softmax: (net, x, options) => net.softmax(x, options),
  LogSoftmax: (net, x, options) => net.logSoftmax(x, options),
  Identity: (net, x, options) => net.node("Identity", [x], {}, options),
};

/** Adds a layer to a network with one input. */
const add = (layer: string, options: object): unknown => {
  const net = new GraphBuilder("net", { seed: 1 });
  return layers[layer]!(net, net.input("x", [1, 4, 4]), options);
};

describe("GraphBuilder", () => {
  it.each(Object.keys(layers))("%s refuses unknown options and names that aren't strings", (layer) => {
    expect(() => add(layer, { color: 1 })).toThrow(
      new RegExp(`^${layer}: expected no option but (.*, )?name(, .*)?, got color$`),
    );
    expect(() => add(layer, { name: 1 })).toThrow(`${layer}: name: expected a name, got 1`);
    expect(add(layer, { name: "mine" })).toBe("mine");
  });

  it.each<[string, object, string]>([
    ["linear", { outputs: "2" }, 'linear: outputs: expected a whole number ≥ 1, got "2"'],
    ["linear", { outputs: undefined }, "linear: outputs: expected a whole number ≥ 1, got undefined"],
    ["conv2d", { kernel: [3, 3] }, "conv2d: kernel: expected a whole number ≥ 1, got [3, 3]"],
    ["conv2d", { groups: 0 }, "conv2d: groups: expected a whole number ≥ 1, got 0"],
    ["conv2d", { bias: 0 }, "conv2d: bias: expected true or false, got 0"],
    ["maxPool2d", { stride: null }, "maxPool2d: stride: expected a whole number ≥ 1, got null"],
    ["batchNorm", { epsilon: "1e-5" }, 'batchNorm: epsilon: expected a number, got "1e-5"'],
    ["dropout", { ratio: "half" }, 'dropout: ratio: expected a number, got "half"'],
    ["leakyRelu", { alpha: {} }, "leakyRelu: alpha: expected a number, got an object"],
  ])("%s refuses %o", (layer, options, message) => {
    expect(() => add(layer, options)).toThrow(message);
  });

  it("refuses unknown operators and too many inputs", () => {
    const net = new GraphBuilder("net", { seed: 1 });
    const x = net.input("x", [4]);
    expect(() => net.node("Frobnicate", [x])).toThrow(/^model: expected known operators, got .*Frobnicate.*; known: /);
    expect(() => net.node("Relu", [x, x])).toThrow("expected 1 inputs, got 2");
  });

  it.each<[unknown, string]>([
    [undefined, "GraphBuilder: expected options (seed), got undefined"],
    [{}, "seed: expected a number, got undefined"],
    [{ seed: 1, classes: 2 }, "GraphBuilder: expected no option but seed, got classes"],
  ])("itself refuses %j", (options, message) => {
    expect(() => new GraphBuilder("net", options as BuilderOptions)).toThrow(message);
  });
});

describe.each([lenet5, vgg8, resnet18].map((network) => ({ name: network.name, network })))(
  "$name",
  ({ name, network }) => {
    it.each<[object, string]>([
      [
        { seed: 1, class: 2 },
        `${name}: expected no option but seed, classes, channels, size, ${name === "lenet5" ? "" : "width, "}got class`,
      ],
      [{ seed: 1, classes: "2" }, 'classes: expected a whole number ≥ 1, got "2"'],
      [{}, "seed: expected a number, got undefined"],
    ])("refuses %j", (options, message) => {
      expect(() => network(options as BuilderOptions)).toThrow(message);
    });
  },
);
