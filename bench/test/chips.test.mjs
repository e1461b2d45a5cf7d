import { defineChip } from "@neft/crossbar";
import { describe, expect, it } from "vitest";
import { chipRows, goal } from "../harness/chip-read-table.mjs";
import { tableOf } from "../harness/columns.mjs";
import { sharesOf } from "../harness/profile.mjs";

describe("chips of the bench of full reads", () => {
  it("are valid and have ids of their own; the goal is of one of them", () => {
    for (const { chip } of chipRows) expect(() => defineChip(chip)).not.toThrow();
    const ids = chipRows.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain(goal.id);
  });
});

describe("a profile", () => {
  const node = (id, functionName, children) => ({ id, callFrame: { functionName }, children });
  const nodes = [
    node(1, "(root)", [2, 6]),
    node(2, "readBlocks", [3, 5]),
    node(3, "addConverted", [4]),
    node(4, "run"),
    node(5, "somewhere"),
    node(6, "(idle)"),
  ];

  it("counts a sample for the innermost part, and no idle time", () => {
    const profile = { nodes, samples: [4, 5, 6, 1], timeDeltas: [50, 30, 100, 20] };
    expect(sharesOf(profile)).toEqual([
      { part: "conversions of sums", percent: 50 },
      { part: "the rest of a read", percent: 30 },
      { part: "other", percent: 20 },
    ]);
  });
});

describe("a table", () => {
  it("has its first column to the left and the others to the right", () => {
    const [head, , row] = tableOf(["what", "ms"], [["a read", "7"]]).split("\n");
    expect(head.trimEnd()).toBe("what    ms");
    expect(row.trimEnd()).toBe("a read   7");
  });
});
