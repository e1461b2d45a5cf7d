import { init } from "@neft/kernels";
import { addOperators, bindModel, constant, knownOperators, Model, run } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { noGrad, scope, sizeOf, tensor } from "@neft/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Draft } from "../src/draft.js";
import { readGraph } from "../src/graph-reader.js";
import { decode, encode } from "../src/message-type.js";
import { decodeModelFile, rewrites } from "../src/model-file.js";
import { ModelProto } from "../src/onnx-proto.js";
import { passes } from "../src/passes.js";
import { type Files, forEachFloat } from "../src/stored-tensor.js";
import { ownNetworks } from "./networks.js";
import { numbers } from "./onnx-file.js";
import { randomNetworks } from "./random-networks.js";
import { runHere, runInRuntime, type Values } from "./runtime.js";
import { structuredFiles } from "./structured-files.js";

// Each pass alone keeps every bit of the outputs, and a second run of it changes nothing.

/** Passes whose second run changes the graph, but no output: see there. */
const repeatable: readonly string[] = ["foldConstants"];

const seeded = (numRuns: number) => ({ seed: 20260301, numRuns });

const filesOf = (bytes: Uint8Array): Files => new Map([["", bytes]]);

function draftOf(bytes: Uint8Array): Draft {
  const files = filesOf(bytes);
  return readGraph(decodeModelFile(files), files, knownOperators);
}

/** All that a pass can change. */
const snapshot = ({ inputs, outputs, nodes, tensors }: Draft) => ({
  inputs,
  outputs,
  nodes,
  tensors: new Map(tensors),
});

/** Samples for the first input: `count` batches of it. */
function feedsOf({ inputs }: Pick<Draft, "inputs">, count = 1): Values {
  const [{ name, shape }] = inputs as [Draft["inputs"][number]];
  const sizes = shape.map((n, axis) => (typeof n === "string" ? 3 : n) * (axis === 0 ? count : 1));
  return { [name]: { dtype: "f32", shape: sizes, data: numbers(sizeOf(sizes)) } };
}

/** Runs a function on the draft as a model. All its tensors are constants. */
function asModel<T>({ name, inputs, outputs, nodes, tensors }: Draft, use: (model: Model) => T): T {
  const constants = new Map([...tensors].map(([key, { array }]) => [key, constant(array)]));
  const model = new Model({ name, inputs, outputs, nodes, parameters: new Map(), constants });
  try {
    return use(model);
  } finally {
    model.dispose();
  }
}

/** Tensors whose place in the file doesn't hold their elements. */
function misplaced({ tensors }: Draft, bytes: Uint8Array): string[] {
  return [...tensors].flatMap(([name, { array, storage, order }]) => {
    if (storage === undefined || array.dtype !== "f32" || storage.codes !== undefined) return [];
    const stored = new Float32Array(array.data.length);
    forEachFloat(storage, bytes, (view, at, i, format) => {
      stored[i] = format.read(view, at);
    });
    const read = array.data.map((_, i) => stored[order?.[i] ?? i]! as never);
    return read.every((value, i) => Object.is(value, array.data[i])) ? [] : [name];
  });
}

/** Runs all passes, each twice, and compares. @param changing  Gets the names of passes that change the graph. */
function walk(bytes: Uint8Array, changing = new Set<string>()): Draft {
  const draft = draftOf(bytes);
  const feeds = feedsOf(draft);
  const before = asModel(draft, (model) => runHere(model, feeds));
  expect(misplaced(draft, bytes)).toEqual([]);
  for (const pass of passes) {
    const { name } = pass;
    const outcome = () => ({
      name,
      outputs: asModel(draft, (model) => runHere(model, feeds)),
      misplaced: misplaced(draft, bytes),
    });
    const [nodes, fixed, size] = [draft.nodes.length, draft.tensors.size, draft.inputs[0]!.shape[0]];
    pass(draft);
    if (draft.nodes.length !== nodes || draft.tensors.size !== fixed || draft.inputs[0]!.shape[0] !== size)
      changing.add(name);
    expect(outcome()).toEqual({ name, outputs: before, misplaced: [] });
    const again: Draft = { ...draft, tensors: new Map(draft.tensors) };
    pass(again);
    if (repeatable.includes(name)) {
      expect({ name, outputs: asModel(again, (model) => runHere(model, feeds)) }).toEqual({ name, outputs: before });
    } else expect({ name, ...snapshot(again) }).toEqual({ name, ...snapshot(draft) });
  }
  return draft;
}

/** Outputs for two batches, one after the other. */
function inTwoRuns(draft: Draft, feeds: Values): Values {
  const [[input, { shape, data }]] = Object.entries(feeds) as [[string, Values[string]]];
  const [size, sizes] = [data.length / 2, [shape[0]! / 2, ...shape.slice(1)]];
  const [first, second] = [0, size].map((from) =>
    asModel(draft, (model) =>
      runHere(model, { [input]: { dtype: "f32", shape: sizes, data: data.slice(from, from + size) as Float32Array } }),
    ),
  ) as [Values, Values];
  return Object.fromEntries(
    Object.entries(first).map(([name, one]) => {
      const joined = Float32Array.from([...(one.data as Float32Array), ...(second[name]!.data as Float32Array)]);
      return [name, { dtype: one.dtype, shape: [one.shape[0]! * 2, ...one.shape.slice(1)], data: joined }];
    }),
  );
}

describe("passes of an import", () => {
  beforeAll(() => {
    addOperators(moreOperators);
    return init();
  });

  it.each(ownNetworks)("keep the outputs of $name", ({ bytes }) => {
    expect(walk(bytes).inputs[0]!.shape[0]).toBe("N");
  });

  it.each(Object.entries(structuredFiles))("keep the outputs of a file with %s", (_, bytes) => {
    walk(bytes);
  });

  it("keep the outputs of random networks", { timeout: 60_000 }, () => {
    const changing = new Set<string>();
    fc.assert(
      fc.property(randomNetworks, ({ bytes }) => {
        walk(bytes, changing);
      }),
      seeded(200),
    );
    const names = passes.map(({ name }) => name);
    expect([...changing].sort()).toEqual(names.filter((name) => !name.startsWith("check")).sort());
  });

  it("free a fixed batch where samples are independent, and no other", { timeout: 60_000 }, () => {
    let [freed, kept] = [0, 0];
    fc.assert(
      fc.property(randomNetworks, ({ bytes, batch, mixes }) => {
        fc.pre(typeof batch === "number");
        const file = draftOf(bytes);
        const draft = draftOf(bytes);
        for (const pass of passes) pass(draft);
        const [first] = draft.inputs[0]!.shape;
        expect(first).toBe(mixes ? batch : "N");
        if (mixes) {
          kept++;
          asModel(draft, (model) => {
            const { fixed, ...bound } = bindModel(model, [4], "y");
            // Evaluation runs at the file's batch, and says which node holds it there.
            expect(fixed?.batch).toBe(batch);
            expect(fixed?.reason).toMatch(/node "/);
            const feeds = feedsOf(file);
            expect(runHere(bound.model, feeds)).toEqual(runHere(model, feeds));
            bound.dispose();
          });
        } else {
          freed++;
          const feeds = feedsOf(file, 2);
          expect(asModel(draft, (model) => runHere(model, feeds))).toEqual(inTwoRuns(file, feeds));
        }
      }),
      seeded(160),
    );
    expect(freed).toBeGreaterThan(20);
    expect(kept).toBeGreaterThan(20);
  });
});

describe("rewrites of a file", () => {
  beforeAll(() => {
    addOperators(moreOperators);
    return init();
  });

  it.each(Object.entries(structuredFiles))("keep what a runtime makes of one with %s", async (_, bytes) => {
    const feeds: Values = { x: { dtype: "f32", shape: [3, 4], data: numbers(12) } };
    const before = await runInRuntime(bytes, feeds);
    let proto = decode(ModelProto, bytes);
    for (const rewrite of rewrites) {
      proto = rewrite(proto, filesOf(bytes));
      const once = encode(ModelProto, proto);
      expect({ rewrite: rewrite.name, outputs: await runInRuntime(once, feeds) }).toEqual({
        rewrite: rewrite.name,
        outputs: before,
      });
      expect(encode(ModelProto, rewrite(proto, filesOf(once)))).toEqual(once);
    }
  });

  it("have a file for each", () => {
    const changed = rewrites.map((rewrite) =>
      Object.values(structuredFiles).some((bytes) => {
        const proto = decode(ModelProto, bytes);
        return encode(ModelProto, rewrite(proto, filesOf(bytes))).join() !== encode(ModelProto, proto).join();
      }),
    );
    expect(changed).toEqual(rewrites.map(() => true));
  });
});

describe("fusion in a run", () => {
  beforeAll(() => init());

  /** Every value is wanted, so that nothing is fused away. */
  const unfused = (model: Model, feeds: Values) =>
    scope(() =>
      noGrad(() => {
        const inputs = Object.entries(feeds).map(([name, { data, shape }]) => [name, tensor(data, shape)]);
        const taps = model.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== "");
        const { outputs } = run(model, Object.fromEntries(inputs), { taps });
        return [...outputs.values()].map((output) => output.toArray());
      }),
    );

  const check = (bytes: Uint8Array) => {
    const draft = draftOf(bytes);
    for (const pass of passes) pass(draft);
    const feeds = feedsOf(draft);
    asModel(draft, (model) => {
      expect(Object.values(runHere(model, feeds)).map(({ data }) => data)).toEqual(unfused(model, feeds));
    });
  };

  it.each(ownNetworks)("keeps the outputs of $name", ({ bytes }) => check(bytes));

  it("keeps the outputs of random networks", () => {
    fc.assert(
      fc.property(randomNetworks, ({ bytes }) => check(bytes)),
      seeded(100),
    );
  });
});
