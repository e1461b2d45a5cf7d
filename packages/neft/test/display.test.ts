import { describe, expect, it } from "vitest";
import { duration, startProgress } from "../src/command/progress.js";
import { alignedTable, left, right } from "../src/command/table.js";

describe("alignedTable", () => {
  it("aligns by code points and leaves no trailing spaces", () => {
    const columns = [left("device"), right("σ"), left("note")];
    expect(
      alignedTable(columns, [
        ["rram1", "0.1", ""],
        ["ideal", "0.25", "exact"],
      ]),
    ).toBe(["device     σ  note", "──────  ────  ─────", "rram1    0.1", "ideal   0.25  exact"].join("\n"));
    expect(alignedTable(columns, [])).toBe("device  σ  note\n──────  ─  ────");
  });

  it("refuses rows of a wrong length", () => {
    expect(() => alignedTable([left("a")], [["1", "2"]])).toThrow("alignedTable: expected 1 cells a row, got 2");
  });
});

describe("duration", () => {
  it.each([
    [0.2, "0 s"],
    [59.6, "1 min 00 s"],
    [200, "3 min 20 s"],
    [7500, "2 h 05 min"],
  ])("%d", (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });
});

describe("startProgress", () => {
  const record = (isTTY: boolean) => {
    let written = "";
    const stream = {
      isTTY,
      columns: 100,
      write: (text: string) => {
        written += text;
        return true;
      },
      on: () => {},
      once: () => {},
      removeListener: () => {},
      cursorTo: () => {},
      clearLine: () => {},
    };
    return { stream, text: () => written };
  };

  it("writes plain lines with the time left without a terminal", () => {
    const { stream, text } = record(false);
    let time = 0;
    const progress = startProgress("σ 0.2", 100, "chips", stream, () => time);
    for (let done = 1; done <= 100; done++) {
      time += 400;
      progress.update(done, done === 50 ? "note" : "");
    }
    progress.log("done");
    progress.stop();
    const lines = text().trimEnd().split("\n");
    expect(lines[0]).toBe("σ 0.2: 5/100 chips, 38 s left");
    expect(lines[1]).toBe("σ 0.2: 10/100 chips, 36 s left");
    expect(lines[5]).toBe("σ 0.2: 50/100 chips, 20 s left, note");
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe("done");
  });

  it("draws a bar with the time left on a terminal", async () => {
    const { stream, text } = record(true);
    let time = 0;
    const progress = startProgress("finetune", 4, "steps", stream, () => time);
    time = 3000;
    progress.update(2, "loss 0.5");
    await new Promise((resolve) => setTimeout(resolve, 250));
    progress.log("epoch 1");
    progress.stop();
    expect(text()).toContain("2/4 steps, 3 s left, loss 0.5");
    expect(text()).toContain("epoch 1");
  });
});
