import { mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init, readModel } from "neft";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Outcome, runNeft, writeIdx, writeModels } from "./fixtures.js";
import { archiveOf, handMade, type Texts } from "./hand-made.js";

/** Escape sequences for colours, title and cursor, bidirectional and invisible characters, C1, all line ends, and a forged error line. */
const hostile =
  "\u{e0041}\u001b[31m\u001b]0;owned\u0007\u001b[2A\u009b31m\u202e\u2066\u200b\ufeff\r\b\u007f\u0085\u2028\u2029\nneft: all is well\n\nneft evaluate: 100 %\n";
const long = `${hostile}${"long ".repeat(400_000)}`;

let cwd: string;
const data = "idx:good-images,good-labels";
const neft = (...words: string[]): Promise<Outcome> => runNeft(words, { cwd });

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "neft-terminal-"));
  await writeModels(cwd);
  await writeIdx(cwd, { name: "good", images: 120 });
  await writeIdx(cwd, { name: "large", images: 120, side: 8 });
  await init();
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

/** Expects printable lines only, and exactly one line that begins with `neft` if the command failed. */
function expectClean({ code, stdout, stderr }: Outcome): void {
  for (const text of [stdout, stderr]) {
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(text.length).toBeLessThan(100_000);
  }
  const ours = stderr.split("\n").filter((line) => /^\s*neft/.test(line));
  expect(ours).toHaveLength(code === 0 ? 0 : 1);
  expect(stdout).not.toMatch(/^\s*neft/m);
}

const texts: readonly (keyof Texts)[] = [
  "graph",
  "producer",
  "doc",
  "input",
  "symbol",
  "output",
  "node",
  "op",
  "domain",
  "attribute",
  "weight",
  "bias",
  "hidden",
  "location",
];

describe("names from a model's file reach the terminal escaped and shortened", () => {
  it.each(texts)("%s", async (text) => {
    for (const name of [hostile, long]) {
      await writeFile(join(cwd, "h.onnx"), handMade({ [text]: name }));
      const inspected = await neft("inspect", "h.onnx");
      expectClean(inspected);
      // Names don't change a network of known operators.
      const isRefused = ["op", "domain", "attribute", "location"].includes(text);
      expect(inspected.code).toBe(isRefused ? 1 : 0);
      const message = await readModel(join(cwd, "h.onnx")).then(
        ({ model }) => model.dispose(),
        (error: Error) => error.message,
      );
      expect(message ?? "").not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect((message ?? "").length).toBeLessThan(25_000);
    }
  });

  it("all of them together, in results and errors of evaluate and finetune", async () => {
    const all = Object.fromEntries(
      ["graph", "producer", "doc", "input", "symbol", "output", "node", "weight", "bias", "hidden"].map((text) => [
        text,
        `${text}${hostile}`,
      ]),
    );
    await writeFile(join(cwd, "h.onnx"), handMade(all));
    const words = ["h.onnx", "--data", data, "--json", "r.json"];
    const training = ["--batch", "32", "-o", "o.onnx"];
    const runs: [number, string[]][] = [
      [0, ["evaluate", ...words, "--chips", "2"]],
      [0, ["evaluate", ...words, "--chips", "2", "--output", `output${hostile}`]],
      [0, ["finetune", ...words, ...training]],
      [0, ["inspect", "o.onnx"]],
      [1, ["evaluate", "h.onnx", "--data", "idx:large-images,large-labels"]],
      [1, ["evaluate", "h.onnx", "--data", data, "--scale", "1e-39"]],
      [1, ["evaluate", "h.onnx", "--data", data, "--output", hostile]],
      [1, ["finetune", "h.onnx", "--data", data, ...training, "--strategy", "irs"]],
      [1, ["finetune", "h.onnx", "--data", data, ...training, "--strategy", "irs", "--taps", hostile]],
      [1, ["finetune", "h.onnx", "--data", data, ...training, "--batch", "500"]],
    ];
    for (const [code, words] of runs) {
      const outcome = await neft(...words);
      expectClean(outcome);
      expect([words, outcome.code]).toEqual([words, code]);
    }
    // The JSON file holds the names unchanged.
    await neft("evaluate", ...words, "--chips", "2", "--output", `output${hostile}`);
    const text = await readFile(join(cwd, "r.json"), "utf8");
    expect(JSON.parse(text).settings.output).toBe(`output${hostile}`);
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
});

describe("file names and other arguments reach the terminal escaped and shortened", () => {
  const name = hostile.replaceAll("/", "").slice(0, 60);
  it.each<[string, number, (name: string) => string[]]>([
    ["a model that is there", 0, () => ["inspect", `there${name}`]],
    ["a model that isn't", 1, (name) => ["inspect", name]],
    ["data", 1, (name) => ["evaluate", "tiny.onnx", "--data", `npz:${name}`]],
    ["data in a file that is there", 1, () => ["evaluate", "tiny.onnx", "--data", `npz:there${name}`]],
    ["data of no kind", 2, (name) => ["evaluate", "tiny.onnx", "--data", name]],
    ["an output", 1, (name) => ["evaluate", "tiny.onnx", "--data", data, "--json", `nowhere/${name}`]],
    ["a number", 2, (name) => ["evaluate", "tiny.onnx", "--data", data, "--sigma", name]],
    ["a device", 2, (name) => ["evaluate", "tiny.onnx", "--data", data, "--device", name]],
    ["an option", 2, (name) => ["evaluate", "tiny.onnx", `--x${name}`]],
    ["a command", 2, (name) => [name]],
    ["a word too many", 2, (name) => ["devices", name]],
    ["a word too many for help", 2, (name) => ["inspect", "tiny.onnx", name]],
  ])("%s", async (_, code, words) => {
    await writeFile(join(cwd, `there${name}`), await readFile(join(cwd, "tiny.onnx")));
    const outcome = await neft(...words(name));
    expectClean({ ...outcome, stderr: outcome.stderr.replace(/^Try: neft.*\n$/m, "") });
    expect([outcome.code, outcome.stderr]).toEqual([code, expect.anything()]);
  });

  it("names of archive members and of links", async () => {
    await writeFile(join(cwd, "h.npz"), archiveOf(`${hostile}.npy`));
    const outcome = await neft("evaluate", "tiny.onnx", "--data", "npz:h.npz");
    expectClean(outcome);
    expect(outcome.code).toBe(1);
    await symlink("tiny.onnx", join(cwd, "link\u001b[31m"));
    expectClean(await neft("inspect", "link\u001b[31m"));
  });

  it("the name of a written output", async () => {
    const outcome = await neft("finetune", "tiny.onnx", "--data", data, "--batch", "32", "-o", name);
    expectClean(outcome);
    expect(outcome.stdout).toMatch(/holds the weights/);
    await rename(join(cwd, name), join(cwd, "plain.onnx"));
  });
});
