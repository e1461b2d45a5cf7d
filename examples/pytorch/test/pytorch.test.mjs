// A PyTorch network exported, finetuned by the command, loaded back, and its results read, where Python has torch, onnx, onnxscript and pandas.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, describe, expect, it } from "vitest";

const python = process.env.NEFT_PYTHON ?? "python3";
const needed = "import torch, onnx, onnxscript, pandas";
const found = spawnSync(python, ["-c", needed], { encoding: "utf8" });
const reason =
  found.status === 0
    ? ""
    : ` (skipped: ${python} can't ${needed}: ${(found.stderr ?? found.error?.message ?? "").trim().split("\n").at(-1)})`;

const steps = fileURLToPath(new URL("steps.py", import.meta.url));
const neft = fileURLToPath(new URL("../../../packages/neft/bin/neft.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "neft-pytorch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (program, ...words) =>
  execFileSync(program, words, { encoding: "utf8", cwd: folder, stdio: ["ignore", "pipe", "ignore"] });

describe.skipIf(reason !== "")(`a PyTorch network${reason}`, () => {
  it.each(["fold", "keep"])(
    "comes back with the weights of the finetuned file; batch normalisation: %s",
    async (norms) => {
      run(python, steps, "export", folder, norms);
      const data = ["--data", "npz:data.npz", "--sigma", "0.2"];
      run(
        process.execPath,
        neft,
        "finetune",
        "net.onnx",
        ...data,
        "--strategy",
        "none",
        "--batch",
        "40",
        "--epochs",
        "3",
        "--lr",
        "0.01",
        "-o",
        "robust.onnx",
      );
      run(process.execPath, neft, "evaluate", "robust.onnx", ...data, "--chips", "2", "--json", "results.json");
      const { x, y, changed, refused, sigma } = JSON.parse(
        run(python, steps, "load", folder).trim().split("\n").at(-1),
      );
      const session = await InferenceSession.create(readFileSync(join(folder, "robust.onnx")));
      const [input] = session.inputNames;
      const outputs = await session.run({ [input]: new Tensor("float32", Float32Array.from(x), [3, 1, 28, 28]) });
      const expected = [...outputs[session.outputNames[0]].data];
      const largest = Math.max(...expected.map((value, i) => Math.abs(value - y[i]) / Math.max(1, Math.abs(value))));
      expect(largest).toBeLessThan(1e-5);
      for (const name of [
        "features.0.weight",
        "features.4.weight",
        "mix.weight",
        "mix.bias",
        "head.weight",
        "head.bias",
      ])
        expect(changed).toContain(name);
      expect(refused).toMatch(/expected the values of .*, got none; was it exported from this module in this state\?/);
      expect(sigma).toEqual([0.2]);
    },
    120_000,
  );
});
