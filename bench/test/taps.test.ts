import { readdirSync, readFileSync } from "node:fs";
import { chooseTaps } from "@neft/training";
import { importOnnx, init } from "neft";
import { beforeAll, describe, expect, it } from "vitest";

const folder = new URL("../../examples/models/", import.meta.url);

beforeAll(() => init());

describe("heads on imported networks", () => {
  it("read the same features whichever exporter wrote the file", () => {
    const shapes: Record<string, string[]> = {};
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".onnx"))) {
      const model = importOnnx(new Uint8Array(readFileSync(new URL(file, folder))));
      shapes[file.replace(".onnx", "")] = chooseTaps(model).map(({ shape }) => shape.join("×"));
      model.dispose();
    }
    const cnn = ["16×14×14", "32×7×7", "64×3×3"];
    const resnet = ["16×28×28", "32×14×14", "64×7×7"];
    const lenet = ["6×14×14", "16×5×5"];
    expect(shapes).toEqual({
      "fashion-cnn": cnn,
      "fashion-cnn-bn": cnn,
      "fashion-cnn-dynamo": cnn,
      "fashion-resnet8": resnet,
      "fashion-resnet8-bn": resnet,
      "fashion-resnet8-dynamo": resnet,
      "mnist-lenet5": lenet,
      "mnist-lenet5-dynamo": lenet,
      "mnist-mlp": ["128"],
      "mnist-mlp-dynamo": ["128"],
    });
  });
});
