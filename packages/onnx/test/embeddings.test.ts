import { init } from "@neft/kernels";
import { type ArrayProduct, addOperators, arrayNodes, computeProduct, copyModel, run, whyDigital } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { exportOnnx, importOnnx } from "@neft/onnx";
import { assign, backward, reduceSum, scope, square, stream, tensor, type Variation, varied } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { byReads } from "./by-reads.js";
import { type FileNode, floats, numbers, onnxFile } from "./onnx-file.js";
import { differences, runHere, runInRuntime, type Values } from "./runtime.js";

const node = (op: string, inputs: string[], output: string, attributes: FileNode["attributes"] = {}): FileNode => ({
  op,
  name: output,
  inputs,
  outputs: [output],
  attributes,
});

/** Two lookups in one table, and one along axis 1 of another, which isn't an embedding. */
const file = onnxFile({
  nodes: [
    node("Gather", ["table", "ids"], "tokens"),
    node("Gather", ["table", "ids"], "same"),
    node("Gather", ["columns", "ids"], "selected", { axis: 1 }),
    node("Transpose", ["selected"], "turned", { perm: [1, 2, 0] }),
    node("Add", ["tokens", "same"], "sum"),
    node("MatMul", ["sum", "w"], "p"),
    node("Add", ["p", "turned"], "y"),
  ],
  inputs: [{ name: "ids", type: 7, shape: ["N", 3] }],
  outputs: [{ name: "y" }],
  initializers: [
    floats("table", [5, 4], numbers(20, 2)),
    floats("columns", [2, 5], numbers(10, 3)),
    floats("w", [4, 2], numbers(8, 4)),
  ],
});
const ids: Values = { ids: { dtype: "i64", shape: [2, 3], data: BigInt64Array.of(0n, 4n, 2n, 2n, 1n, 0n) } };
const feed = () => ({ ids: tensor(ids.ids!.data as BigInt64Array, [2, 3], "i64") });

describe("embeddings on crossbars", () => {
  beforeAll(() => {
    addOperators(moreOperators);
    return init();
  });

  it("are an option", () => {
    const without = importOnnx(file);
    expect(arrayNodes(without).map(({ weight }) => weight)).toEqual(["w"]);
    expect([...without.parameters.keys()]).toEqual(["w"]);
    const model = importOnnx(file, { embeddings: true });
    expect(
      arrayNodes(model).map(({ node: { name }, weight, layout, inputs, outputs }) =>
        [name, weight, layout, inputs, outputs].join(" "),
      ),
    ).toEqual(["tokens table io 5 4", "same table io 5 4", "p w io 4 2"]);
    expect([...model.parameters.keys()].sort()).toEqual(["table", "w"]);
    expect([...whyDigital(without)]).toEqual([]);
    expect(runHere(model, ids)).toEqual(runHere(without, ids));
    for (const one of [without, model]) one.dispose();
  });

  it("have one draw for a table, and gradients straight through it", () => {
    const model = importOnnx(file, { embeddings: true });
    const table = model.parameters.get("table")!;
    const variation: Variation = {
      sMax: 2,
      sigma: { kind: "uniform", sigma: 0.3 },
      key: stream(4, { purpose: "chip", name: "table", index: 1 }),
      perSample: false,
    };
    const product = (one: ArrayProduct) =>
      computeProduct(one, one.weight.tensor, one.weight.name === "table" ? variation : undefined);
    const outputs = (chip: boolean, from = model) =>
      scope(() =>
        run(from, feed(), chip ? { backend: { product } } : {})
          .outputs.get("y")!
          .floats(),
      );
    const drawn = outputs(true);
    const read = scope(() =>
      run(model, feed(), { backend: { product: byReads } })
        .outputs.get("y")!
        .floats(),
    );
    expect(read).toEqual(outputs(false));
    const copy = copyModel(model);
    expect(outputs(true, copy)).toEqual(drawn);
    assign(
      copy.parameters.get("table")!,
      scope(() => varied(table, { variation }).floats()),
    );
    expect(outputs(false, copy)).toEqual(drawn);
    expect(outputs(false)).not.toEqual(drawn);
    const gradient = scope(() => {
      const y = run(model, feed(), { backend: { product } }).outputs.get("y")!;
      return backward(reduceSum(square(y)), [table])[0]!.floats();
    });
    // The ids have no 3.
    const rows = Array.from({ length: 5 }, (_, row) =>
      gradient.subarray(4 * row, 4 * row + 4).some((one) => one !== 0),
    );
    expect(rows).toEqual([true, true, true, false, true]);
    expect(() =>
      run(model, feed(), {
        backend: { product: (one) => computeProduct(one, one.weight.tensor, { ...variation, perSample: true }) },
      }),
    ).toThrow(
      'node "tokens" (Gather): parameter "table": expected one draw for all samples where an embedding reads it, got perSample',
    );
    for (const one of [copy, model]) one.dispose();
  });

  it("are exported in place, and as plain Gathers by a model without its file", async () => {
    const model = importOnnx(file, { embeddings: true });
    const table = model.parameters.get("table")!;
    assign(table, numbers(20, 9));
    const bytes = exportOnnx(model);
    expect(bytes.length).toBe(file.length);
    const here = runHere(model, ids);
    expect(differences(await runInRuntime(bytes, ids), here)).toEqual([]);
    const { source: _, ...parts } = model;
    const anew = exportOnnx(Object.assign(Object.create(Object.getPrototypeOf(model)), parts));
    expect(differences(await runInRuntime(anew, ids), here)).toEqual([]);
    model.dispose();
  });
});
