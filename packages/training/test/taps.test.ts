import { init } from "@neft/kernels";
import { GraphBuilder, lenet5, type Model, resnet18, vgg8 } from "@neft/model";
import { chooseTaps, namedTaps, planHeads } from "@neft/training";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(() => init());

function mlp(...widths: number[]): Model {
  const net = new GraphBuilder("mlp", { seed: 1 });
  let x = net.input("x", [6]);
  for (const outputs of widths) x = net.relu(net.linear(x, { outputs }));
  return net.build({ logits: net.linear(x, { outputs: 3 }) });
}

describe("taps", () => {
  it.each([
    ["VGG-8", () => vgg8({ seed: 1 }), ["conv1", "pool1", "pool2"]],
    ["LeNet-5", () => lenet5({ seed: 1 }), ["pool1", "pool2"]],
    ["an MLP of four layers", () => mlp(8, 7, 5), ["relu1", "relu2"]],
    ["an MLP of two layers", () => mlp(8), ["relu1"]],
  ])("are the documented features: %s", (_, make, expected) => {
    const model = make();
    expect(chooseTaps(model).map(({ value }) => value)).toEqual(expected);
    model.dispose();
  });

  it("are the first feature of each spatial size in a ResNet", () => {
    const model = resnet18({ seed: 1 });
    const taps = chooseTaps(model);
    expect(taps[0]!.value).toBe("stem");
    expect(taps.map(({ shape }) => shape)).toEqual([
      [64, 32, 32],
      [128, 16, 16],
      [256, 8, 8],
    ]);
    model.dispose();
  });

  it("can be named", () => {
    const model = lenet5({ seed: 1 });
    expect(namedTaps(model, ["pool2"])).toEqual([{ value: "pool2", shape: [16, 5, 5] }]);
    for (const name of ["nope", "f1.weight"]) {
      expect(() => namedTaps(model, [name])).toThrow(
        new RegExp(
          `^strategy.taps: expected values of the model with a batch axis, such as pool1, pool2, .*, got "${name}"$`,
        ),
      );
    }
    model.dispose();
  });

  it("refuse a network with a single layer", () => {
    const model = mlp();
    expect(() => chooseTaps(model)).toThrow(
      'model "mlp": expected a feature before its last layer for a head to read, got none',
    );
    model.dispose();
  });
});

describe("planHeads", () => {
  it("pools images to at most the given sizes, and doesn't pool vectors", () => {
    const features = [
      { value: "a", shape: [8, 14, 14] },
      { value: "b", shape: [16, 5, 3] },
      { value: "c", shape: [120] },
    ];
    const plans = planHeads(features, { sizes: [6, 4], hidden: 32, classes: 10 });
    expect(plans.map(({ name, tap, pooled, inputs }) => ({ name, tap, pooled, inputs }))).toEqual([
      { name: "head0", tap: "a", pooled: [6, 6], inputs: 288 },
      { name: "head1", tap: "b", pooled: [4, 3], inputs: 192 },
      { name: "head2", tap: "c", pooled: null, inputs: 120 },
    ]);
  });
});
