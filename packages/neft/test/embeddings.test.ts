import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { arrayNodes } from "@neft/model";
import { createSession, init, type ReadModelOptions, readModel } from "neft";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { floats, numbers, onnxFile } from "../../onnx/test/onnx-file.js";

const bytes = onnxFile({
  nodes: [
    { op: "Gather", name: "tokens", inputs: ["table", "ids"], outputs: ["tokens"], attributes: {} },
    { op: "MatMul", name: "product", inputs: ["tokens", "w"], outputs: ["y"], attributes: {} },
  ],
  inputs: [{ name: "ids", type: 7, shape: ["N", 3] }],
  outputs: [{ name: "y" }],
  initializers: [floats("table", [5, 4], numbers(20, 2)), floats("w", [4, 2], numbers(8, 4))],
});

describe("tables of embeddings on crossbars", () => {
  const folder = mkdtempSync(join(tmpdir(), "neft-embeddings-"));
  const file = join(folder, "lookup.onnx");
  beforeAll(async () => {
    await init();
    writeFileSync(file, bytes);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("are an option of readModel", async () => {
    const weights = async (options?: ReadModelOptions): Promise<string[]> => {
      const { model } = await readModel(file, options);
      const names = arrayNodes(model).map(({ weight }) => weight);
      model.dispose();
      return names;
    };
    expect(await weights()).toEqual(["w"]);
    expect(await weights({ embeddings: true })).toEqual(["table", "w"]);
    await expect(readModel(file, { embeddings: 1 } as never)).rejects.toThrow(/embeddings: expected .*, got 1/);
  });

  it("are an option of a session's import", async () => {
    const session = await createSession({ workers: 1 });
    const nodes = async (options = {}): Promise<string[]> => {
      const { info } = await session.importOnnx(bytes.slice(), options);
      return info.graph.nodes.filter(({ onCrossbar }) => onCrossbar).map(({ name }) => name);
    };
    expect(await nodes()).toEqual(["product"]);
    expect(await nodes({ embeddings: true })).toEqual(["tokens", "product"]);
    await expect(nodes({ embeddings: "no" })).rejects.toThrow(/embeddings: expected .*, got "no"/);
    await session.close();
  });
});
