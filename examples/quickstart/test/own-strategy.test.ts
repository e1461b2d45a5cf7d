import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { writeIdx } from "../../../packages/neft/test/fixtures.js";

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

it("own-strategy.mjs trains with the strategy that it defines", async () => {
  const folder = await mkdtemp(join(tmpdir(), "neft-own-"));
  try {
    const data = await writeIdx(folder, { name: "train", images: 200, side: 28 });
    const words = [here("../own-strategy.mjs"), here("../../models/mnist-mlp.onnx"), data];
    const { stdout } = await run(process.execPath, words, { cwd: folder });
    expect(stdout).toBe("5 steps, 10 forward and 10 backward passes\n");
  } finally {
    await rm(folder, { recursive: true });
  }
});
