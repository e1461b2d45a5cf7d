import { init } from "@neft/kernels";
import { GraphBuilder, lenet5, trainableParameters, valueShapes } from "@neft/model";
import { beforeAll, describe, expect, it } from "vitest";
import { countFlops } from "../src/work.js";

beforeAll(() => init());

describe("countFlops", () => {
  it("counts LeNet-5's products; the first layer has no gradient by the samples", () => {
    const model = lenet5({ seed: 1 });
    const counts = countFlops(model.nodes, valueShapes(model, 2), trainableParameters(model));
    const forward = [2 * 28 * 28 * 6 * 25, 2 * 10 * 10 * 16 * 150, 2 * 400 * 120, 2 * 120 * 84, 2 * 84 * 10];
    expect([...counts.values()]).toEqual(
      forward.map((flops, i) => ({ forward: 2 * flops, backward: 2 * flops * (i === 0 ? 1 : 2) })),
    );
    model.dispose();
  });

  it("counts grouped convolutions, transposed operands and products of data", () => {
    const net = new GraphBuilder("net", { seed: 1 });
    const grouped = net.parameter("g", new Float32Array(8 * 3 * 9), [8, 3, 3, 3]);
    const x = net.node("Conv", [net.input("x", [6, 5, 5]), grouped], { group: 2 });
    const flat = net.flatten(x);
    const turned = net.node("Transpose", [flat], { perm: [1, 0] });
    const model = net.build({ y: net.node("Gemm", [turned, flat], { transA: 1, transB: 1 }) });
    const batch = 7;
    const counts = countFlops(model.nodes, valueShapes(model, batch), []);
    expect([...counts.values()]).toEqual([
      { forward: 2 * batch * 9 * 8 * 27, backward: 0 },
      { forward: 2 * batch * batch * 72, backward: 0 },
    ]);
    // With the convolution trained, both operands of the product need gradients.
    const trained = countFlops(model.nodes, valueShapes(model, batch), ["g"]);
    expect([...trained.values()].map(({ forward, backward }) => backward / forward)).toEqual([1, 2]);
    model.dispose();
  });
});
