import { readFileSync } from "node:fs";
import { givenBackend } from "@neft/crossbar";
import { init } from "@neft/kernels";
import { GraphBuilder, type Model, trainableParameters } from "@neft/model";
import { assign, backward, parameter, scope, type Tensor, tensor } from "@neft/tensor";
import {
  chooseTaps,
  createHeads,
  type HeadPlan,
  namedTaps,
  planHeads,
  strategyLoss,
  strategyNamed,
} from "@neft/training";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { largestDeviation } from "./deviation.js";

const folder = new URL("./golden/step/", import.meta.url);
const manifest: {
  cases: Record<"ovf" | "irs", { beta: number; loss: number }>;
  files: Record<string, { shape: number[]; dtype: "float32" | "int32" }>;
} = JSON.parse(readFileSync(new URL("manifest.json", folder), "utf8"));

function read(name: string): { data: Float32Array | Int32Array; shape: number[] } {
  const { shape, dtype } = manifest.files[name]!;
  const { buffer } = Uint8Array.from(readFileSync(new URL(`${name}.bin`, folder)));
  return { data: dtype === "int32" ? new Int32Array(buffer) : new Float32Array(buffer), shape };
}

/** Matrix of an adaptive average pool from 5 to 3. Its rows are the windows [0, 2), [1, 4), [3, 5). */
const pooling = [
  [1 / 2, 1 / 2, 0, 0, 0],
  [0, 1 / 3, 1 / 3, 1 / 3, 0],
  [0, 0, 0, 1 / 2, 1 / 2],
];

/** The reference implementation's network. Its adaptive pool from 5×5 to 3×3 is computed as P·x·Pᵀ with a constant matrix P. */
function goldenNet(): Model {
  const net = new GraphBuilder("golden", { seed: 1 });
  let x = net.relu(net.conv2d(net.input("x", [1, 14, 14]), { name: "conv1", outputs: 4, kernel: 3, padding: 1 }));
  x = net.maxPool2d(x, { name: "pool1", kernel: 2 });
  x = net.relu(net.conv2d(x, { name: "conv2", outputs: 8, kernel: 3 }));
  const rows = net.constant("rows", Float32Array.from(pooling.flat()), [3, 5], "f32");
  const columns = net.constant(
    "columns",
    Float32Array.from([0, 1, 2, 3, 4].flatMap((i) => pooling.map((row) => row[i]!))),
    [5, 3],
    "f32",
  );
  x = net.flatten(net.node("MatMul", [rows, net.node("MatMul", [x, columns])], {}, { name: "pool2" }));
  x = net.relu(net.linear(x, { name: "fc1", outputs: 24 }));
  const model = net.build({ logits: net.linear(x, { name: "fc2", outputs: 5 }) });
  for (const [name, weight] of model.parameters) assign(weight, read(name).data as Float32Array);
  return model;
}

let model: Model;
let x: Tensor;
const labels = (): Int32Array => read("labels").data as Int32Array;

beforeAll(async () => {
  await init();
  model = goldenNet();
  const { data, shape } = read("x");
  x = parameter(data as Float32Array, shape);
});
afterAll(() => model.dispose());

/** Deviations of all results of one step from the golden files. */
function deviations(
  id: "ovf" | "irs",
  heads: readonly HeadPlan[],
  variationOf: (draw: number) => string,
  logitsOf: (output: number) => string,
): Record<string, number> {
  const headParameters = createHeads(heads, 1);
  for (const [name, weight] of headParameters) assign(weight, read(name).data as Float32Array);
  const names = [...trainableParameters(model), ...headParameters.keys()];
  const { beta, loss: expectedLoss } = manifest.cases[id];
  const strategy = strategyNamed(id).configure({ beta });
  const found: Record<string, number> = {};
  scope(() => {
    const given = (draw: number) => {
      const prefix = variationOf(draw);
      const files = Object.keys(manifest.files).filter((name) => name.startsWith(`${prefix}.`));
      return givenBackend(
        new Map(
          files.map((file) => {
            const { data, shape } = read(file);
            return [file.slice(prefix.length + 1), tensor(data as Float32Array, shape)];
          }),
        ),
      );
    };
    const outputs: Tensor[] = [];
    const { loss } = strategyLoss({
      model,
      logits: "logits",
      // Records the outputs of the strategy's forward passes.
      strategy: {
        id,
        loss: (step) =>
          strategy.loss({
            ...step,
            forward: (request) => {
              const result = step.forward(request);
              outputs.push(result.logits, ...result.heads);
              return result;
            },
          }),
      },
      heads,
      headParameters,
      sigma: 0.2,
      batchNorm: "batch",
      x,
      labels: labels(),
      backends: ({ draw }) => {
        const backend = given(draw);
        return { network: backend, heads: backend };
      },
    });
    found.loss = Math.abs(loss.item() - expectedLoss) / expectedLoss;
    for (const [i, output] of outputs.entries()) {
      found[logitsOf(i)] = largestDeviation(output.toArray() as Float32Array, read(logitsOf(i)).data);
    }
    const gradients = backward(loss, [
      ...trainableParameters(model).map((name) => model.parameters.get(name)!),
      ...headParameters.values(),
    ]);
    for (const [i, gradient] of gradients.entries()) {
      const file = `${id}.grad.${names[i]}`;
      found[file] = largestDeviation(gradient.toArray() as Float32Array, read(file).data);
    }
  });
  for (const weight of headParameters.values()) weight.dispose();
  return found;
}

const tooFar = (found: Record<string, number>) => Object.entries(found).filter(([, deviation]) => !(deviation <= 1e-5));

describe("a NeFT step with given variations", () => {
  it("OVF: logits, loss and every gradient match the reference", () => {
    const found = deviations(
      "ovf",
      [],
      (draw) => `ovf.variation${draw}`,
      (i) => `ovf.logits${i}`,
    );
    expect(tooFar(found)).toEqual([]);
    expect(Object.keys(found).length).toBe(1 + 4 + 8);
  });

  it("IRS: logits of network and heads, loss and every gradient match the reference", () => {
    const features = namedTaps(model, ["pool1", "pool2"]);
    expect(chooseTaps(model)[0]).toEqual(features[0]);
    const heads = planHeads(features, { sizes: [3, 2], hidden: 16, classes: 5 });
    const found = deviations(
      "irs",
      heads,
      () => "irs.variation",
      (i) => (i === 0 ? "irs.logits" : `irs.headLogits${i - 1}`),
    );
    expect(tooFar(found)).toEqual([]);
    expect(Object.keys(found).length).toBe(1 + 3 + 16);
  });
});
