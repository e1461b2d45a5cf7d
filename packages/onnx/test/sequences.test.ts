import { init } from "@neft/kernels";
import { addOperators, type Model } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { exportOnnx, importOnnx } from "@neft/onnx";
import { assign } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { type FileNode, type FileParts, floats, graphProto, int64s, numbers, onnxFile } from "./onnx-file.js";
import { differences, runHere, runInRuntime, type Values } from "./runtime.js";

const node = (op: string, inputs: string[], outputs: string[], attributes: FileNode["attributes"] = {}): FileNode => ({
  op,
  inputs,
  outputs,
  attributes,
});
const scalar = (name: string, value: number) => int64s(name, [value], []);

const input = { name: "x", shape: ["N", 2, 4] };
const x: Values = { x: { dtype: "f32", shape: [3, 2, 4], data: numbers(24, 7) } };
const parts = { inputs: [input], outputs: [{ name: "y", type: "inferred" as const }] };

/** Nodes that compute y from x, with initializers. */
type Case = readonly [nodes: FileNode[], initializers?: FileParts["initializers"]];

/** The tensors of the list s: x, −x, |x|. */
const three = [node("Neg", ["x"], ["n"]), node("Abs", ["x"], ["a"]), node("SequenceConstruct", ["x", "n", "a"], ["s"])];
const at = (sequence: string, position: string, output = "y") => node("SequenceAt", [sequence, position], [output]);
const length = (sequence: string) => [
  node("SequenceLength", [sequence], ["count"]),
  node("Cast", ["count"], ["float"], { to: 1 }),
  node("Mul", ["x", "float"], ["y"]),
];

const cases: Readonly<Record<string, Case>> = {
  "the second of a list": [[...three, at("s", "p")], [scalar("p", 1)]],
  "the second from the end": [[...three, at("s", "p")], [scalar("p", -2)]],
  "the last of an empty list with insertions": [
    [
      node("SequenceEmpty", [], ["e"]),
      node("SequenceInsert", ["e", "x"], ["e1"]),
      node("Neg", ["x"], ["n"]),
      node("SequenceInsert", ["e1", "n", "p"], ["e2"]),
      at("e2", "q"),
    ],
    [scalar("p", 0), scalar("q", -1)],
  ],
  "the first after an insertion before the last, and an erasure": [
    [
      ...three,
      node("Exp", ["x"], ["e"]),
      node("SequenceInsert", ["s", "e", "p"], ["s1"]),
      node("SequenceErase", ["s1", "q"], ["s2"]),
      at("s2", "r"),
    ],
    [scalar("p", -1), scalar("q", 0), scalar("r", 1)],
  ],
  "a list without its last": [[...three, node("SequenceErase", ["s"], ["t"]), at("t", "p")], [scalar("p", -1)]],
  "a position in a Constant": [
    [...three, node("Constant", [], ["p"], { value: { tensor: scalar("", 2) } }), at("s", "p")],
  ],
  "the length of a list": [[...three, ...length("s")]],
  "a concatenation": [[...three, node("ConcatFromSequence", ["s"], ["y"], { axis: -1 })]],
  "a concatenation on a new axis": [[...three, node("ConcatFromSequence", ["s"], ["y"], { axis: -2, new_axis: 1 })]],
  "nodes in any order": [
    [at("t", "p"), node("SequenceErase", ["s", "q"], ["t"]), ...[...three].reverse()],
    [scalar("p", 1), scalar("q", 0)],
  ],
  "parts of given sizes": [
    [
      node("SplitToSequence", ["x", "sizes"], ["s"], { axis: 2 }),
      at("s", "p", "z"),
      node("Exp", ["z"], ["z1"]),
      node("SequenceInsert", ["s", "z1", "q"], ["t"]),
      node("ConcatFromSequence", ["t"], ["y"], { axis: 2 }),
    ],
    [int64s("sizes", [1, 3]), scalar("p", 1), scalar("q", 1)],
  ],
  "the number of parts of given sizes": [
    [node("SplitToSequence", ["x", "sizes"], ["s"], { axis: 2, keepdims: 0 }), ...length("s")],
    [int64s("sizes", [1, 3])],
  ],
  "a slice": [[node("SplitToSequence", ["x"], ["s"], { axis: 1 }), at("s", "p")], [scalar("p", 1)]],
  "a slice without its axis, from the end": [
    [node("SplitToSequence", ["x"], ["s"], { axis: -1, keepdims: 0 }), at("s", "p")],
    [scalar("p", -3)],
  ],
  "the number of slices": [[node("SplitToSequence", ["x"], ["s"], { axis: -1 }), ...length("s")]],
  "slices together again": [
    [
      node("SplitToSequence", ["x"], ["s"], { axis: 1, keepdims: 0 }),
      node("ConcatFromSequence", ["s"], ["y"], { axis: 1, new_axis: 1 }),
    ],
  ],
  "slices along another axis": [
    [
      node("SplitToSequence", ["x"], ["s"], { axis: 1, keepdims: 0 }),
      node("ConcatFromSequence", ["s"], ["y"], { axis: 1 }),
    ],
  ],
  "a chunk": [
    [node("SplitToSequence", ["x", "size"], ["s"], { axis: -1 }), at("s", "p")],
    [scalar("size", 3), scalar("p", -1)],
  ],
  "the number of chunks": [
    [node("SplitToSequence", ["x", "size"], ["s"], { axis: 2 }), ...length("s")],
    [scalar("size", 3)],
  ],
  "chunks together again": [
    [node("SplitToSequence", ["x", "size"], ["s"], { axis: 2 }), node("ConcatFromSequence", ["s"], ["y"], { axis: 2 })],
    [scalar("size", 3)],
  ],
  "a body": [
    [
      node("If", ["yes"], ["y"], {
        then_branch: graphProto({
          nodes: [
            node("SplitToSequence", ["x", "size"], ["s"], { axis: 2 }),
            node("Constant", [], ["p"], { value: { tensor: scalar("", 1) } }),
            at("s", "p", "t"),
          ],
          inputs: [],
          outputs: [{ name: "t", type: "inferred" }],
        }),
        else_branch: graphProto({
          nodes: [node("SequenceConstruct", ["x", "x"], ["s1"]), at("s1", "one", "u")],
          inputs: [],
          outputs: [{ name: "u", type: "inferred" }],
        }),
      }),
    ],
    [{ name: "yes", dims: [], dataType: 9, int32Data: [1] }, scalar("size", 2), scalar("one", 1)],
  ],
};

/** Since opset 14. */
const newer: typeof cases = {
  "an Identity of a list": [
    [...three, node("Identity", ["s"], ["t"]), node("ConcatFromSequence", ["t"], ["y"], { axis: 1 })],
  ],
};

/** Nodes that compute y from x [N, 4] and w [4, 6] or v [4, 2], and the parameters of the model. */
const weighted: Readonly<Record<string, readonly [nodes: FileNode[], parameters: string[]]>> = {
  "that are taken from a list": [
    [node("SequenceConstruct", ["w", "v"], ["s"]), at("s", "one", "m"), node("MatMul", ["x", "m"], ["y"])],
    ["v"],
  ],
  "that are joined": [
    [
      node("SequenceConstruct", ["w", "v"], ["s"]),
      node("ConcatFromSequence", ["s"], ["m"], { axis: 1 }),
      node("MatMul", ["x", "m"], ["y"]),
    ],
    ["m"],
  ],
  "that are joined on a new axis, and read as they are": [
    [
      node("SequenceConstruct", ["w", "w"], ["s"]),
      node("ConcatFromSequence", ["s"], ["m"], { axis: 0, new_axis: 1 }),
      node("MatMul", ["x", "m"], ["t"]),
      node("MatMul", ["x", "w"], ["u"]),
      node("Add", ["t", "u"], ["y"]),
    ],
    ["w", "m"],
  ],
  "that are split": [
    [
      node("SplitToSequence", ["w", "size"], ["s"], { axis: 1 }),
      at("s", "zero", "m"),
      at("s", "one", "n"),
      node("MatMul", ["x", "m"], ["t"]),
      node("MatMul", ["x", "n"], ["u"]),
      node("Sub", ["t", "u"], ["y"]),
    ],
    ["s/0", "s/1"],
  ],
  "that are one slice": [
    [
      node("SplitToSequence", ["w"], ["s"], { axis: 1, keepdims: 0 }),
      at("s", "one", "m"),
      node("MatMul", ["x", "m"], ["t"]),
      node("Mul", ["t", "two"], ["y"]),
    ],
    ["m"],
  ],
};

describe("sequences inside a graph", () => {
  beforeAll(async () => {
    await init();
    addOperators(moreOperators);
  });

  describe.each([12, 17])("in opset %i", (opset) => {
    it.each(Object.entries(opset < 14 ? cases : { ...cases, ...newer }))(
      "give %s",
      async (_, [nodes, initializers = []]) => {
        const bytes = onnxFile({ ...parts, opset, nodes, initializers });
        const model = importOnnx(bytes);
        expect(differences(runHere(model, x), await runInRuntime(bytes, x))).toEqual([]);
        expect(exportOnnx(model)).toEqual(bytes);
        model.dispose();
      },
    );

    const rows: Values = { x: { dtype: "f32", shape: [3, 4], data: numbers(12, 7) } };
    it.each(Object.entries(weighted))("are exported with weights %s", async (_, [nodes, names]) => {
      const bytes = onnxFile({
        opset,
        nodes,
        inputs: [{ name: "x", shape: ["N", 4] }],
        outputs: parts.outputs,
        initializers: [
          floats("w", [4, 6], numbers(24, 2)),
          floats("v", [4, 2], numbers(8, 3)),
          floats("two", [], [2]),
          scalar("size", 3),
          scalar("zero", 0),
          scalar("one", 1),
        ],
      });
      const model = importOnnx(bytes);
      expect([...model.parameters.keys()].sort()).toEqual([...names].sort());
      expect(differences(runHere(model, rows), await runInRuntime(bytes, rows))).toEqual([]);
      for (const name of names) {
        change(model, name);
        const changed = exportOnnx(model);
        const expected = runHere(model, rows);
        expect(differences(await runInRuntime(changed, rows), expected)).toEqual([]);
        const again = importOnnx(changed);
        expect(differences(runHere(again, rows), expected)).toEqual([]);
        again.dispose();
      }
      model.dispose();
    });
  });

  const loop = node("Loop", ["trips", "", "s"], ["t"], {
    body: graphProto({
      nodes: [node("Identity", ["go"], ["on"]), node("SequenceInsert", ["inner", "x"], ["more"])],
      inputs: [{ name: "i", type: 7 }, { name: "go", type: 9 }, { name: "inner" }],
      outputs: [{ name: "on", type: 9 }, { name: "more" }],
    }),
  });
  const branch = graphProto({ nodes: [at("s", "p", "b")], inputs: [], outputs: [{ name: "b" }] });
  const pieces = node("SplitToSequence", ["x"], ["s"], { axis: 0 });
  it.each<[string, Case, string]>([
    [
      "an output",
      [[node("SequenceConstruct", ["x"], ["y"])]],
      'output "y": expected a tensor, got a sequence: sequences have to stay inside one graph',
    ],
    [
      "the inside of a loop",
      [
        [...three, loop, at("t", "p")],
        [scalar("p", 0), scalar("trips", 2)],
      ],
      'node "SequenceAt_4" (SequenceAt): expected a sequence that a node of the same graph makes, got "t": sequences have to stay inside one graph',
    ],
    [
      "a branch",
      [
        [...three, node("If", ["yes"], ["y"], { then_branch: branch, else_branch: branch })],
        [scalar("p", 0), { name: "yes", dims: [], dataType: 9, int32Data: [1] }],
      ],
      'node "SequenceAt_0" (SequenceAt): expected a sequence that a node of the same graph makes, got "s"',
    ],
    [
      "another operator",
      [[...three, node("Relu", ["s"], ["y"])]],
      'node "y" (Relu): expected tensors, got the sequence "s"',
    ],
    [
      "a tensor as a list",
      [[at("x", "p")], [scalar("p", 0)]],
      'node "SequenceAt_0" (SequenceAt): expected a sequence that a node of the same graph makes, got "x"',
    ],
    [
      "a circle",
      [[node("SequenceErase", ["t"], ["s"]), node("SequenceErase", ["s"], ["t"]), at("s", "p")], [scalar("p", 0)]],
      "expected a sequence that a node of the same graph makes",
    ],
    [
      "a position that isn't constant",
      [[...three, node("Size", ["x"], ["p"]), at("s", "p")]],
      'node "SequenceAt_4" (SequenceAt): expected a constant position, got "p"',
    ],
    [
      "a position of floats",
      [[...three, at("s", "p")], [floats("p", [], [1])]],
      'expected a constant position, got "p"',
    ],
    ["two positions", [[...three, at("s", "p")], [int64s("p", [0, 1])]], "expected a position of one element, got 2"],
    [
      "a position after the last",
      [[...three, at("s", "p")], [scalar("p", 3)]],
      'node "SequenceAt_3" (SequenceAt): expected a position of -3 to 2, got 3',
    ],
    [
      "a position before the first",
      [[...three, at("s", "p")], [scalar("p", -4)]],
      "expected a position of -3 to 2, got -4",
    ],
    [
      "an insertion after the end",
      [[...three, node("SequenceInsert", ["s", "x", "p"], ["t"]), at("t", "p")], [scalar("p", 4)]],
      "(SequenceInsert): expected a position of -3 to 3, got 4",
    ],
    [
      "an element of nothing",
      [[node("SequenceEmpty", [], ["s"]), at("s", "p")], [scalar("p", 0)]],
      "expected a sequence that isn't empty, got an empty one",
    ],
    [
      "a concatenation of nothing",
      [[node("SequenceEmpty", [], ["s"]), node("ConcatFromSequence", ["s"], ["y"], { axis: 0 })]],
      "expected a sequence of at least one tensor, got an empty one",
    ],
    [
      "no axis",
      [[...three, node("ConcatFromSequence", ["s"], ["y"])]],
      "(ConcatFromSequence): expected the attribute axis, got none",
    ],
    [
      "an unknown attribute",
      [[...three, node("ConcatFromSequence", ["s"], ["y"], { axis: 0, axes: 1 })]],
      'expected axis, new_axis, got also "axes"',
    ],
    [
      "a missing input",
      [[node("SequenceConstruct", ["x", "", "x"], ["s"]), at("s", "p")], [scalar("p", 0)]],
      "expected at least 1 inputs, all of them given, got 3",
    ],
    [
      "a change of slices",
      [[pieces, node("SequenceErase", ["s"], ["t"]), at("t", "p")], [scalar("p", 0)]],
      '(SequenceErase): expected a sequence whose length the file states, got "s", whose length follows from a tensor\'s size',
    ],
    [
      "slices along another axis than that of unknown size",
      [[pieces, node("ConcatFromSequence", ["s"], ["y"], { axis: 1 })]],
      '(SplitToSequence): expected "x" to have a declared size on axis 0, because its parts are read one by one, got none',
    ],
    [
      "parts of computed sizes",
      [[node("Shape", ["x"], ["n"]), node("SplitToSequence", ["x", "n"], ["s"]), at("s", "p")], [scalar("p", 0)]],
      '(SplitToSequence): expected a constant split, because its parts are read one by one, got "n"',
    ],
    [
      "chunks of nothing",
      [[node("SplitToSequence", ["x", "p"], ["s"]), ...length("s")], [scalar("p", 0)]],
      "expected chunks of at least 1, got 0",
    ],
    [
      "a name that is used twice",
      [[...three, ...three.slice(2), at("s", "p")], [scalar("p", 0)]],
      'expected a new name as output, got "s", which exists already',
    ],
  ])("are refused for %s", (_, [nodes, initializers = []], message) => {
    expect(() => importOnnx(onnxFile({ ...parts, nodes, initializers }))).toThrow(message);
  });

  it("are ignored where no output needs them", () => {
    const model = importOnnx(onnxFile({ ...parts, nodes: [node("Relu", ["x"], ["y"]), at("x", "x", "z")] }));
    expect(model.nodes.map(({ op }) => op)).toEqual(["Relu"]);
    model.dispose();
  });
});

function change(model: Model, name: string): void {
  const parameter = model.parameters.get(name)!;
  assign(
    parameter,
    parameter.floats().map((value) => value * 1.5 + 0.25),
  );
}
