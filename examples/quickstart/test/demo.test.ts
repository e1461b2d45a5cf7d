import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runs } from "../runs.mjs";

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "neft-demo-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the demo", () => {
  it("runs with few samples, prints its tables and writes all files", async () => {
    const { stdout } = await run(process.execPath, [here("../demo.mjs"), "--quick", "--out", folder]);
    for (const { name, id } of runs) {
      expect(stdout).toMatch(new RegExp(`^${name} +\\d`, "m"));
      expect(stdout).toContain(`${id}.onnx`);
    }
    expect((await readdir(folder)).sort()).toEqual(
      ["accuracy.png", "accuracy.svg", "results.json", ...runs.map(({ id }) => `${id}.onnx`)].sort(),
    );
    const { rows } = JSON.parse(await readFile(join(folder, "results.json"), "utf8"));
    expect(rows.map(({ id }: { id: string }) => id)).toEqual(runs.map(({ id }) => id));
    for (const { peer } of rows) expect(peer.largest).toBeLessThan(1e-4);
  }, 180_000);
});

describe("the README's example", () => {
  it("is api.mjs", async () => {
    const readme = await readFile(here("../../../README.md"), "utf8");
    expect(readme).toContain(`\`\`\`js\n${await readFile(here("../api.mjs"), "utf8")}\`\`\``);
  });

  it("runs and leaves a robust network", async () => {
    // The example's text, edited to use fewer samples and chips.
    const whole = await readFile(here("../api.mjs"), "utf8");
    const few = whole
      .replace("readModel }", "readModel, take }")
      .replace(/readDataset\("mnist:(train|test)"\)/g, 'readDataset("mnist:$1").then((data) => take(data, 3000))')
      .replaceAll("chips: 20", "chips: 4");
    expect(few).not.toBe(whole);
    await writeFile(join(folder, "api.mjs"), few);
    await symlink(here("../../../examples"), join(folder, "examples"));
    await symlink(here("../../../node_modules"), join(folder, "node_modules"));
    const { stdout } = await run(process.execPath, ["api.mjs"], { cwd: folder });
    const means = [...stdout.matchAll(/mean: ([\d.]+)/g)].map(([, mean]) => Number(mean));
    expect(means).toHaveLength(2);
    expect(means[1]).toBeGreaterThan(means[0]!);
    expect(await readdir(folder)).toContain("robust.onnx");
  }, 120_000);
});
