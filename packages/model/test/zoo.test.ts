import { init } from "@neft/kernels";
import { lenet5, type Model, resnet18, trainableParameters, valueShapes, vgg8 } from "@neft/model";
import { beforeAll, describe, expect, it } from "vitest";

const count = (model: Model) =>
  trainableParameters(model).reduce((sum, name) => sum + model.parameters.get(name)!.size, 0);

describe("the zoo", () => {
  beforeAll(() => init());

  it("has LeNet-5 with 61,706 weights", () => {
    const model = lenet5({ seed: 1 });
    expect(count(model)).toBe(61_706);
    expect(valueShapes(model, 3).get("logits")).toEqual([3, 10]);
    expect([...model.parameters.keys()]).toEqual(
      ["c1", "c2", "f1", "f2", "f3"].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
    );
    model.dispose();
  });

  it("has VGG-8 with 8192 features and taps for its heads", () => {
    const model = vgg8({ seed: 1 });
    const shapes = valueShapes(model);
    expect(["conv1", "pool1", "pool2"].map((name) => shapes.get(name))).toEqual([
      [1, 64, 32, 32],
      [1, 128, 16, 16],
      [1, 256, 8, 8],
    ]);
    expect(model.parameters.get("f1.weight")!.shape).toEqual([1024, 8192]);
    // Convolutions, two vectors per normalisation, two linear layers.
    const convolutions = 9 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 256 + 256 * 512 + 512 * 512);
    expect(count(model)).toBe(convolutions + 2 * (64 + 128 + 256 + 256 + 512 + 512) + 8192 * 1024 + 1024 + 10_240 + 10);
    model.dispose();
  });

  it("has ResNet-18 in its form for small images, with 11,173,962 weights", () => {
    const model = resnet18({ seed: 1 });
    expect(count(model)).toBe(11_173_962);
    const shapes = valueShapes(model);
    expect(["stem", "layer1.1", "layer2.1", "layer3.1", "layer4.1"].map((name) => shapes.get(name))).toEqual([
      [1, 64, 32, 32],
      [1, 64, 32, 32],
      [1, 128, 16, 16],
      [1, 256, 8, 8],
      [1, 512, 4, 4],
    ]);
    model.dispose();
  });

  it("has narrower networks of the same form", () => {
    const options = { seed: 1, channels: 1, size: 28, width: 4 };
    const [vgg, resnet] = [vgg8(options), resnet18(options)];
    expect(vgg.parameters.get("features.6.weight")!.shape).toEqual([32, 32, 3, 3]);
    expect(vgg.parameters.get("f1.weight")!.shape).toEqual([64, 32 * 9]);
    expect(resnet.parameters.get("layer4.1.conv2.weight")!.shape).toEqual([32, 32, 3, 3]);
    expect(resnet.parameters.get("fc.weight")!.shape).toEqual([10, 32]);
    for (const model of [vgg, resnet]) model.dispose();
    expect(() => vgg8({ seed: 1, width: 0 })).toThrow("width: expected a whole number ≥ 1, got 0");
  });

  it("draws weights as in He et al., the same for the same seed, each from its own stream", () => {
    const [one, same, other] = [lenet5({ seed: 1 }), lenet5({ seed: 1 }), lenet5({ seed: 2 })];
    const weights = (model: Model, name: string) => model.parameters.get(name)!.toArray() as Float32Array;
    expect(weights(one, "f1.weight")).toEqual(weights(same, "f1.weight"));
    expect(weights(one, "f1.weight")).not.toEqual(weights(other, "f1.weight"));
    expect(weights(one, "f1.weight").slice(0, 4)).not.toEqual(weights(one, "f2.weight").slice(0, 4));
    const values = weights(one, "f1.weight");
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    // 48,000 draws of N(0, 2/400): the relative error of the deviation is 1/√(2·48,000) = 0.0032. The bound is four times that.
    expect(Math.abs(deviation / Math.sqrt(2 / 400) - 1)).toBeLessThan(0.013);
    expect(weights(one, "f1.bias").every((value) => value === 0)).toBe(true);
  });
});
