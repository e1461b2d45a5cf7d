import { makeDataset } from "@neft/data";
import type { ChipSetup } from "@neft/evaluation";
import { init } from "@neft/kernels";
import { addOperators, GraphBuilder, type GraphNode, type ModelRecord, modelToRecord } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { createTaskServer } from "@neft/work";
import { beforeAll, describe, expect, it } from "vitest";
import { loadingOperators, tasks } from "../src/tasks.js";

beforeAll(() => init());

const data = makeDataset("test", {
  name: "made",
  values: Float32Array.of(0, 1, 1, 0),
  labels: Int32Array.of(0, 1),
  shape: [2],
  classes: 2,
});

/** A linear layer, and a graph that another node runs if one is given. */
function record(rest?: GraphNode): ModelRecord {
  const net = new GraphBuilder("net", { seed: 1 });
  const model = net.build({ scores: net.linear(net.input("x", [2]), { outputs: 2 }) });
  const made = modelToRecord(model);
  model.dispose();
  if (!rest) return made;
  const inputs = made.inputs.map((input) => ({ ...input, shape: [2, 2] }));
  return {
    ...made,
    isExtended: true,
    inputs,
    outputs: [{ name: "y", dtype: "f32", shape: [2, 2] }],
    nodes: [...made.nodes, rest],
  };
}

/** A loop that runs its body once. */
const loop: GraphNode = {
  name: "loop",
  op: "Loop",
  inputs: ["", "", "scores"],
  outputs: ["y"],
  attributes: {
    body: {
      inputs: ["i", "goes_on", "x"],
      captures: 0,
      outputs: ["stops", "twice"],
      nodes: [
        { name: "not", op: "Not", inputs: ["goes_on"], outputs: ["stops"], attributes: {} },
        { name: "add", op: "Add", inputs: ["x", "x"], outputs: ["twice"], attributes: {} },
      ],
    },
  },
};

describe("a worker's tasks", () => {
  const setup = (model: ModelRecord): ChipSetup => ({
    model,
    data,
    normalisation: { scale: 1, mean: [0], std: [1] },
    logits: model.outputs[0]!.name,
  });

  it("have different ids", () => {
    expect(() => createTaskServer(tasks)).not.toThrow();
  });

  it("load operators before a setup with a model that needs them, and for no other", async () => {
    const calls: string[] = [];
    const load = async () => {
      calls.push("load");
      addOperators(moreOperators);
    };
    const server = createTaskServer(loadingOperators(tasks, load));
    await server.open("1", "chips", setup(record()));
    expect(calls).toEqual([]);
    await server.open("2", "chips", setup(record(loop)));
    expect(calls).toEqual(["load"]);
  });

  it("can't open when operators can't load, and open afterwards", async () => {
    const load = async () => {
      throw new Error("offline");
    };
    const server = createTaskServer(loadingOperators(tasks, load));
    const unheard = { ...loop, op: "Unheard" };
    await expect(server.open("1", "chips", setup(record(unheard)))).rejects.toThrow("offline");
    expect(() => server.do("1", {})).toThrow("expected a job of setup none, got one of 1");
    await server.open("2", "chips", setup(record()));
  });
});
