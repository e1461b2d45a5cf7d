import { describeNode, type GraphNode, listNames, sortNodes } from "@neft/model";
import { describe, expect, it } from "vitest";

const node = (name: string, inputs: string[], outputs: string[]): GraphNode => ({
  name,
  op: "Relu",
  inputs,
  outputs,
  attributes: {},
});

describe("sortNodes", () => {
  it("keeps a valid order", () => {
    const nodes = [node("a", ["x"], ["p"]), node("b", ["x"], ["q"]), node("c", ["p", "q"], ["y"])];
    expect(sortNodes(nodes, ["x"])).toEqual(nodes);
  });

  it("puts producers before readers", () => {
    const nodes = [node("c", ["q"], ["y"]), node("b", ["p"], ["q"]), node("a", ["x"], ["p"])];
    expect(sortNodes(nodes, ["x"]).map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  it("counts a value that is read twice once", () => {
    const nodes = [node("b", ["p", "p"], ["y"]), node("a", ["x"], ["p"])];
    expect(sortNodes(nodes, ["x"]).map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("accepts absent inputs and unnamed outputs", () => {
    expect(sortNodes([node("a", ["", "x"], ["y", ""]), node("b", ["x"], ["z", ""])], ["x"])).toHaveLength(2);
  });

  it.each<[string, GraphNode[], string]>([
    [
      "a node name twice",
      [node("a", ["x"], ["p"]), node("a", ["x"], ["q"])],
      'graph: expected unique node names, got "a" twice',
    ],
    ["a value made twice", [node("a", ["x"], ["p"]), node("b", ["x"], ["p"])], 'got "p", which exists already'],
    ["a given value made", [node("a", ["x"], ["x"])], 'got "x", which exists already'],
    [
      "a value that no node produces",
      [node("a", ["z"], ["p"])],
      'node "a" (Relu): expected an input that some node produces, got "z"',
    ],
    [
      "a cycle",
      [node("a", ["q"], ["p"]), node("b", ["p"], ["q"])],
      'expected no cycles, got one among the nodes "a", "b"',
    ],
  ])("refuses %s", (_, nodes, message) => expect(() => sortNodes(nodes, ["x"])).toThrow(message));

  it("sorts ten thousand nodes in reverse order", () => {
    const nodes = Array.from({ length: 10_000 }, (_, i) => node(`n${i}`, [`v${i}`], [`v${i + 1}`])).reverse();
    expect(sortNodes(nodes, ["v0"])[0]!.name).toBe("n0");
  });
});

describe("messages", () => {
  it("name nodes and a few of many names", () => {
    expect(describeNode(node("conv1", [], []))).toBe('node "conv1" (Relu)');
    expect(listNames(["a", "b", "c"], 2)).toBe('"a", "b" and 1 more');
    expect(listNames([])).toBe("none");
  });
});
