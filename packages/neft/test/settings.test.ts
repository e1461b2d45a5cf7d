import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { benchmarkOptions } from "../src/benchmark-settings.js";
import { allSettings, benchRows, equaliseRows, evaluateRows, finetuneRows } from "../src/command/options.js";
import { settingsDocument } from "../src/command/settings-table.js";
import { strategiesDocument } from "../src/command/strategies-table.js";
import { equaliseOptions, evaluateOptions, finetuneOptions } from "../src/settings.js";
import { runNeft } from "./fixtures.js";

describe("settings", () => {
  it("are in docs/settings.md as their rows define them (npm run settings --workspace neft writes it)", () => {
    const file = readFileSync(new URL("../../../docs/settings.md", import.meta.url), "utf8");
    expect(file).toBe(settingsDocument());
  });

  it("of strategies and modifiers are in docs/strategies.md, with sources and passes", () => {
    const file = readFileSync(new URL("../../../docs/strategies.md", import.meta.url), "utf8");
    expect(file).toBe(strategiesDocument());
  });

  it("have distinct, nonempty flags, names, types and meanings", () => {
    for (const rows of [evaluateRows, finetuneRows, equaliseRows, benchRows]) {
      const all = allSettings(rows);
      const flags = all.flatMap(({ flags }) => (flags === null ? [] : [flags.replace(/ <.*/, "")]));
      expect(new Set(flags).size).toBe(flags.length);
      for (const { name, row } of all) {
        expect(row.about.length, name).toBeGreaterThan(5);
        expect(row.kind.words, name).toMatch(/\w/);
      }
    }
  });

  it("have the same default in the API and in the command", async () => {
    expect(evaluateRows.sigma).toBe(evaluateOptions.sigma);
    expect(finetuneRows.sigma).toBe(finetuneOptions.sigma);
    for (const [command, rows] of [
      ["evaluate", evaluateOptions],
      ["finetune", finetuneOptions],
      ["equalise", equaliseOptions],
      ["bench", benchmarkOptions],
    ] as const) {
      const { stdout } = await runNeft([command, "--help"], { cwd: "." });
      const help = stdout.replace(/\s+/g, " ");
      for (const { flags, row } of allSettings(rows)) {
        if (flags === null || row.default === undefined || typeof row.default === "boolean") continue;
        const about = row.switchAbout ?? row.about;
        if (flags.startsWith("--workers")) continue; // The command takes all cores, as its help says.
        expect(help, flags).toContain(`${flags} ${about} (default: ${row.defaultWords ?? String(row.default)})`);
      }
    }
  });
});
