import { makeDataset } from "@neft/data";
import type { EvaluationSetup } from "@neft/evaluation";
import { init } from "@neft/kernels";
import { addOperators, GraphBuilder, type GraphNode, type ModelRecord, modelToRecord } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { createTrainingWorker } from "@neft/training";
import { beforeAll, describe, expect, it } from "vitest";

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

describe("a worker's operators", () => {
  const setup = (model: ModelRecord): EvaluationSetup => ({
    model,
    data,
    normalisation: { scale: 1, mean: [0], std: [1] },
    logits: model.outputs[0]!.name,
  });

  it("load before the setup of a model that needs them, and for no other", async () => {
    const calls: string[] = [];
    const worker = createTrainingWorker(async () => {
      calls.push("load");
      addOperators(moreOperators);
    });
    await worker.prepareEvaluation(setup(record()), 1);
    expect(calls).toEqual([]);
    await worker.prepareEvaluation(setup(record(loop)), 2);
    expect(calls).toEqual(["load"]);
  });

  it("that can't load leave the setup before in place", async () => {
    const worker = createTrainingWorker(async () => {
      throw new Error("offline");
    });
    const unheard = { ...loop, op: "Unheard" };
    await worker.prepareEvaluation(setup(record()), 1);
    await expect(worker.prepareEvaluation(setup(record(unheard)), 2)).rejects.toThrow("offline");
    expect(() => worker.evaluateChips({ setup: 2, job: {} as never })).toThrow(
      "expected a job of setup 1, got one of 2",
    );
  });
});
