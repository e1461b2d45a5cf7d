import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rram1, variationBackend, weightChip, withSigma } from "@neft/crossbar";
import { importOnnx } from "@neft/onnx";
import { noGrad, parameter, scope, tensor } from "@neft/tensor";
import { evaluate, exportOnnx, finetune, init, Model, readDataset } from "neft";
import { run } from "neft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runNeft, writeIdx } from "./fixtures.js";

let cwd: string;
let data: string;

/** A network from 6×6 images to 4 classes whose weight passes through dropout, so no crossbar holds it. */
function digitalNetwork(): Model {
  return new Model({
    name: "digital",
    inputs: [{ name: "image", dtype: "f32", shape: ["N", 1, 6, 6] }],
    outputs: [{ name: "logits", dtype: "f32", shape: ["N", 4] }],
    nodes: [
      { name: "flat", op: "Flatten", inputs: ["image"], outputs: ["flat"], attributes: {} },
      { name: "drop", op: "Dropout", inputs: ["w"], outputs: ["dropped"], attributes: {} },
      { name: "first", op: "MatMul", inputs: ["flat", "dropped"], outputs: ["hidden"], attributes: {} },
      { name: "second", op: "MatMul", inputs: ["hidden", "v"], outputs: ["logits"], attributes: {} },
    ],
    parameters: new Map([
      [
        "w",
        parameter(
          Float32Array.from({ length: 144 }, (_, i) => Math.sin(i)),
          [36, 4],
        ),
      ],
      [
        "v",
        parameter(
          Float32Array.from({ length: 16 }, (_, i) => Math.cos(i)),
          [4, 4],
        ),
      ],
    ]),
    constants: new Map(),
  });
}

beforeAll(async () => {
  await init();
  cwd = await mkdtemp(join(tmpdir(), "neft-variation-"));
  data = await writeIdx(cwd, { name: "test", images: 60 });
  await writeFile(join(cwd, "digital.onnx"), exportOnnx(digitalNetwork()));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe("layers whose weights don't vary", () => {
  const warning =
    'layers without variation: "first": their weights are vectors, stacks of matrices, integers or computed anew in every run, which no crossbar holds; they stay digital';

  it("are named by inspect", async () => {
    const { code, stdout } = await runNeft(["inspect", "digital.onnx"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^first .*digital$/m);
    expect(stdout).toMatch(/^second .*4×4$/m);
    expect(stdout).toContain(`warning: ${warning}`);
  });

  it("give one warning in evaluate and finetune, on standard error", async () => {
    const words = ["--data", data, "--sigma", "0.1"];
    const evaluated = await runNeft(["evaluate", "digital.onnx", ...words, "--chips", "2"], { cwd });
    expect(evaluated.code).toBe(0);
    expect(evaluated.stderr.split(`neft: warning: ${warning}\n`)).toHaveLength(2);
    const more = ["--validation", "8", "--batch", "16", "--epochs", "1", "-o", "out.onnx"];
    const finetuned = await runNeft(["finetune", "digital.onnx", ...words, ...more], { cwd });
    expect(finetuned.code).toBe(0);
    expect(finetuned.stderr.split(`neft: warning: ${warning}\n`)).toHaveLength(2);
  });

  it("are in the API's results, and other networks have no warnings", async () => {
    const [images, labels] = data.slice(4).split(",");
    const dataset = await readDataset({ kind: "idx", images: join(cwd, images!), labels: join(cwd, labels!) });
    const model = digitalNetwork();
    expect((await evaluate(model, dataset, { chips: 1 })).warnings).toEqual([warning]);
    const settings = { epochs: 1, batch: 16, strategy: "noise-injection", validation: { images: 8, chips: 2 } };
    expect((await finetune(model, dataset, settings)).warnings).toEqual([warning]);
    model.dispose();
  });
});

describe("a network that uses a weight both unchanged and transposed", () => {
  it("varies in both products", async () => {
    const model = importOnnx(await readFile(new URL("networks/tied.onnx", import.meta.url)));
    // sin(1) to sin(16).
    const x = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i + 1));
    const read = (index: number | undefined): Float32Array =>
      scope(() =>
        noGrad(() => {
          const draw = { seed: 1, purpose: "chip" };
          const chip = withSigma(weightChip({ device: rram1 }), 0.2);
          const options = index === undefined ? {} : { backend: variationBackend(chip, { ...draw, index }) };
          const [output] = run(model, tensor(x, [1, 16]), options).outputs.values();
          return output!.toArray() as Float32Array;
        }),
      );
    const clean = read(undefined);
    let [squares, count] = [0, 0];
    for (let chip = 0; chip < 1000; chip++) {
      read(chip).forEach((value, i) => {
        squares += (value - clean[i]!) ** 2;
        count++;
      });
    }
    // NumPy's value over many chips (0.187 without the second product). 1000 chips of 16 outputs are within 2 % of it.
    expect(Math.sqrt(squares / count) / 0.34023434).toBeCloseTo(1, 1.3);
    model.dispose();
  });
});
