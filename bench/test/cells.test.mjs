import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inWords, keyOf, readCells, selection, storeCell, timeLeft } from "../harness/cells.mjs";
import { devices, methods, networks, sigmas, tableOfCells } from "../harness/equalise-table.mjs";

let folder;
let file;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "neft-cells-"));
  file = pathToFileURL(join(folder, "results", "cells.json"));
});

afterEach(() => rmSync(folder, { recursive: true }));

const cell = (method, more) => ({ network: "mnist-mlp", device: "rram1", method, ...more });

describe("cells of a long table", () => {
  it("are stored one by one; a cell that is measured again replaces the old one", () => {
    expect(readCells(file).size).toBe(0);
    storeCell(file, cell("ovf", { digital: 1 }));
    storeCell(file, cell("irs", { digital: 2 }));
    storeCell(file, cell("ovf", { digital: 3 }));
    expect([...readCells(file).values()].map(({ method, digital }) => [method, digital])).toEqual([
      ["irs", 2],
      ["ovf", 3],
    ]);
    expect(readdirSync(join(folder, "results"))).toEqual(["cells.json"]);
  });

  it("may have keys of their own", () => {
    const key = ({ seed }) => `seed ${seed}`;
    for (const seed of [2, 1, 2]) storeCell(file, { seed, network: "same" }, key);
    expect([...readCells(file, key).keys()]).toEqual(["seed 1", "seed 2"]);
  });

  it("aren't read from another file", () => {
    const other = pathToFileURL(join(folder, "other.json"));
    for (const text of ["{}", "half a fi", "[1]"]) {
      writeFileSync(other, text);
      expect(() => readCells(other)).toThrow(/other\.json: expected cells of a table, got something else/);
      expect(() => storeCell(other, cell("ovf"))).toThrow(/expected cells/);
    }
  });

  it("are chosen by a list: ids of a kind are alternatives", () => {
    const kinds = { network: ["a", "b"], device: ["c", "d"] };
    const chosen = (names) =>
      kinds.network.flatMap((network) =>
        kinds.device.filter((device) => selection(kinds, names)({ network, device })).map((device) => network + device),
      );
    expect(chosen([])).toEqual(["ac", "ad", "bc", "bd"]);
    expect(chosen(["b"])).toEqual(["bc", "bd"]);
    expect(chosen(["a", "b", "d"])).toEqual(["ad", "bd"]);
    expect(() => selection(kinds, ["e"])).toThrow("--only: expected some of a, b, c, d, got e");
  });

  it("say how long the rest takes, by the nearest cells that were measured", () => {
    const measured = [cell("ovf", { wallSeconds: 100 }), cell("irs", { wallSeconds: 200 })];
    expect(timeLeft([cell("ovf")], measured)).toBe(100);
    expect(timeLeft([cell("noise"), { network: "other", method: "ovf" }], measured)).toBe(300);
    expect(timeLeft([], [])).toBe(0);
    expect(timeLeft([cell("ovf")], [])).toBeUndefined();
    expect([30, 600, 7200].map(inWords)).toEqual(["30 s", "10 min", "2.0 h"]);
  });
});

describe("the table of rescaled and finetuned networks", () => {
  it("says which cells are missing", () => {
    const results = sigmas.map((sigma) => ({ sigma, mean: 100 * (1 - sigma), ci95: [50, 51] }));
    const one = cell("balanced", { digital: 98, results, processorSeconds: 1.23 });
    const lines = tableOfCells(new Map([[keyOf(one), one]]));
    expect(lines).toContain(
      "|  | balanced, without data | 98.00 | 95.00 ± 0.50 | 90.00 ± 0.50 | 80.00 ± 0.50 | 70.00 ± 0.50 | 1.2 |",
    );
    expect(lines).toContain("| MLP, MNIST, rram1 | as imported | missing |  |  |  |  |  |");
    // Two lines of head, one for each pair without any cell, and all methods of the pair with one.
    expect(lines).toHaveLength(2 + networks.length * devices.length - 1 + methods.length);
  });

  it("has settings for every step", () => {
    for (const { steps } of methods)
      for (const step of steps) expect("finetune" in step ? step.finetune.strategy : step.samples).toBeDefined();
  });
});
