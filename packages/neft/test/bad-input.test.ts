import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { exitCodes } from "../src/command/exit-codes.js";
import { type Outcome, runNeft, writeIdx, writeModels } from "./fixtures.js";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "neft-bad-"));
  await writeModels(cwd);
  await writeIdx(cwd, { name: "good", images: 120 });
  await writeIdx(cwd, { name: "uneven", images: 120, labels: 119 });
  await writeIdx(cwd, { name: "far", images: 120, shift: 3 });
  await writeIdx(cwd, { name: "large", images: 120, side: 8 });
  await writeFile(join(cwd, "text.onnx"), "This is no model.\n");
  await writeFile(join(cwd, "empty.onnx"), "");
  await writeFile(join(cwd, "kept"), "kept");
  await writeFile(join(cwd, "short.npz"), "PK");
  await mkdir(join(cwd, "folder"));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const good = "idx:good-images,good-labels";
const neft = (...words: string[]): Promise<Outcome> => runNeft(words, { cwd });

/** Expects one of our errors, without a stack. */
function expectError({ code, stdout, stderr }: Outcome, expectedCode: number, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^neft( \w+)?: /m);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe("");
  expect(code).toBe(expectedCode);
}

describe.concurrent("a wrong command line ends with code 2 before any file is opened", () => {
  const evaluate = ["evaluate", "nowhere.onnx", "--data", good];
  const finetune = ["finetune", "nowhere.onnx", "--data", good, "-o", "out.onnx"];
  it.each<[string, string[], RegExp]>([
    ["no command", [], /^neft: expected a command, got none$/m],
    ["an unknown command", ["evalate"], /unknown command 'evalate'\n?.*evaluate/],
    ["an unknown option", [...evaluate, "--sigm", "0.1"], /unknown option '--sigm'/],
    ["no model", ["evaluate", "--data", good], /missing required argument 'model'/],
    ["no data", ["evaluate", "nowhere.onnx"], /'--data <spec>' not specified/],
    ["no output file", ["finetune", "nowhere.onnx", "--data", good], /'-o, --out <file>' not specified/],
    ["two models", [...evaluate, "another.onnx"], /too many arguments/],
    ["a negative σ", [...evaluate, "--sigma", "-0.1"], /--sigma: expected a number ≥ 0, got "-0.1"/],
    ["σ NaN", [...evaluate, "--sigma", "NaN"], /--sigma: expected a number ≥ 0, got "NaN"/],
    [
      "σ in percent",
      [...evaluate, "--sigma", "0:40:5"],
      /^neft evaluate: --sigma: expected at most 1, .*, got 40; is it in percent\? For 40 % give 0.4$/m,
    ],
    [
      "σ in percent for training",
      [...finetune, "--sigma", "10"],
      /--sigma: expected at most 1, .* For 10 % give 0.1$/m,
    ],
    ["Δσ in percent", [...finetune, "--delta-sigma", "0.1,15"], /--delta-sigma: expected at most 1, .* give 0.15$/m],
    ["a head's σ in percent", [...finetune, "--head-sigma", "2"], /--head-sigma: expected at most 1, .* give 0.02$/m],
    [
      "a range without a step",
      [...evaluate, "--sigma", "0:1"],
      /--sigma: expected numbers ≥ 0 or start:stop:step, got "0:1"/,
    ],
    [
      "an unknown device",
      [...evaluate, "--device", "rram9"],
      /^neft evaluate: --device: expected one of ideal, rram1, fefet2, rram4, fefet6, got "rram9"$/m,
    ],
    [
      "an unknown strategy",
      [...finetune, "--strategy", "olf"],
      /^neft finetune: --strategy: expected one of noise-injection, ovf, irs.*, got "olf"$/m,
    ],
    [
      "an unknown optimiser",
      [...finetune, "--optimiser", "lion"],
      /^neft finetune: --optimiser: expected one of adam, sgd, got "lion"$/m,
    ],
    [
      "an unknown schedule",
      [...finetune, "--schedule", "linear"],
      /^neft finetune: --schedule: expected one of constant, cosine, step, got "linear"$/m,
    ],
    [
      "a setting of another strategy",
      [...finetune, "--strategy", "ovf", "--head-sizes", "3"],
      /^neft finetune: strategy ovf: expected no setting but --beta, --gamma, --delta-sigma, got --head-sizes$/m,
    ],
    [
      "bits that don't divide",
      [...evaluate, "--cell-bits", "3"],
      /^neft evaluate: --cell-bits: expected a divisor of --weight-bits \(8\), got 3$/m,
    ],
    ["no chips", [...evaluate, "--chips", "0"], /--chips: expected a whole number ≥ 1 and ≤ 100000, got "0"/],
    ["half a worker", [...evaluate, "--workers", "1.5"], /--workers: expected a whole number/],
    ["a negative seed", [...evaluate, "--seed", "-1"], /--seed: expected a whole number ≥ 0/],
    [
      "a dataset of an unknown kind",
      ["evaluate", "nowhere.onnx", "--data", "csv:x"],
      /--data: expected one of mnist:train, .*, got "csv:x"/,
    ],
    [
      "idx with three files",
      ["evaluate", "nowhere.onnx", "--data", "idx:x,y,z"],
      /--data: expected idx:IMAGES\[,LABELS\], got "idx:x,y,z"/,
    ],
    [
      "a layout of another order",
      [...evaluate, "--layout", "CHWN"],
      /--layout: expected one of NCHW, NHWC, got "CHWN"/,
    ],
    ["a std of 0", [...evaluate, "--std", "0"], /--std: expected a number > 0, got "0"/],
    ["a missing value", [...evaluate, "--sigma"], /'--sigma <list>' argument missing/],
  ])("%s", async (_, words, message) => {
    expectError(await neft(...words), exitCodes.usage, message);
  });
});

describe.concurrent("files that aren't what they should be end with code 1", () => {
  const evaluate = (model: string, data = good, ...more: string[]): string[] => [
    "evaluate",
    model,
    "--data",
    data,
    "--chips",
    "1",
    ...more,
  ];
  const finetune = (...more: string[]): string[] => [
    "finetune",
    "tiny.onnx",
    "--data",
    good,
    "-o",
    "never.onnx",
    ...more,
  ];
  it.each<[string, string[], RegExp]>([
    ["a model that isn't there", evaluate("nowhere.onnx"), /can't read "nowhere.onnx": no such file or directory/],
    ["a folder for a model", evaluate("folder"), /can't read "folder": it is a directory/],
    ["a file that isn't ONNX", evaluate("text.onnx"), /"text.onnx": .*expected an ONNX model, got /],
    ["an empty file", evaluate("empty.onnx"), /"empty.onnx": .*expected an ONNX model, got an empty file/],
    ["a truncated model", evaluate("truncated.onnx"), /"truncated.onnx": .*truncated/],
    ["data that isn't there", evaluate("tiny.onnx", "idx:a,b"), /can't read "a": no such file or directory/],
    ["data that isn't IDX", evaluate("tiny.onnx", "idx:text.onnx,good-labels"), /decodeIdx: "text.onnx": expected /],
    [
      "data that isn't CIFAR-10",
      evaluate("tiny.onnx", "cifar10:text.onnx"),
      /"text.onnx": expected a multiple of 3073 /,
    ],
    ["an archive that is cut", evaluate("tiny.onnx", "npz:short.npz"), /decodeNpz: "short.npz": expected /],
    [
      "fewer labels than images",
      evaluate("tiny.onnx", "idx:uneven-images,uneven-labels"),
      /"uneven-images", "uneven-labels": expected one label for each sample, got 120 samples and 119 labels/,
    ],
    [
      "labels that are no class",
      evaluate("tiny.onnx", "idx:far-images,far-labels"),
      /expected labels from 0 to 3 .*got 4 for sample 1/,
    ],
    [
      "images of another size",
      evaluate("tiny.onnx", "idx:large-images,large-labels"),
      /expected samples that fit the network's input \[N, 1, 6, 6\], got samples of shape \[1, 8, 8\]/,
    ],
    [
      "a scale that makes inputs infinite",
      evaluate("tiny.onnx", good, "--scale", "1e-39"),
      /^neft evaluate: digital network: expected finite class scores, got \S+ for sample 0; check .*scale/m,
    ],
    [
      "scores that variation makes infinite",
      evaluate("tiny.onnx", good, "--scale", "1.5e-36", "--sigma", "0.1,0.3", "--seed", "2", "--chips", "24"),
      /^neft evaluate: chip 2 at σ 0.3: expected finite class scores, got -Infinity for sample 0; try a lower sigma$/m,
    ],
    [
      "too many means",
      evaluate("tiny.onnx", good, "--mean", "1,2,3"),
      /^neft evaluate: normalisation: --mean: expected 1 value, got 3$/m,
    ],
    [
      "several outputs and none named",
      evaluate("two-outputs.onnx"),
      /expected one of its outputs to be named, got none; it has .*coarse.*fine/,
    ],
    [
      "an output that isn't there",
      evaluate("two-outputs.onnx", good, "--output", "x"),
      /expected an output of .*coarse.*fine.*, got "x"/,
    ],
    [
      "an output with too few classes",
      evaluate("two-outputs.onnx", good, "--output", "coarse"),
      /expected labels from 0 to 1/,
    ],
    [
      "taps that aren't there",
      finetune("--batch", "8", "--strategy", "irs", "--taps", "relu9"),
      /^neft finetune: --taps: expected values of the model .*relu1, .*, got "relu9"$/m,
    ],
    [
      "fewer γ than extra forwards, before the first validation",
      finetune("--batch", "8", "--gamma", "1,0.1"),
      /^neft finetune: --gamma: expected one value for each of the 3 feedback outputs, got 2\n$/,
    ],
    [
      "fewer γ than heads, before the first validation",
      finetune("--batch", "8", "--strategy", "irs", "--taps", "relu1,relu2", "--gamma", "1"),
      /^neft finetune: --gamma: expected one value for each of the 2 feedback outputs, got 1\n$/,
    ],
    [
      "more shards than samples of a batch",
      finetune("--batch", "8", "--shards", "9"),
      /^neft finetune: --shards: expected at most the number of samples per batch, 8, got 9$/m,
    ],
    [
      "a batch larger than the training data",
      finetune("--batch", "100"),
      /^neft finetune: --batch: expected at most the number of training samples, 96, got 100$/m,
    ],
    [
      "all samples held out",
      finetune("--validation", "120"),
      /^neft finetune: --validation: expected fewer than the number of samples, 120, got 120$/m,
    ],
  ])("%s", async (_, words, message) => {
    expectError(await neft(...words), exitCodes.failure, message);
  });

  it("lists every unsupported operator with its nodes, for all three commands", async () => {
    for (const words of [
      ["inspect", "unsupported.onnx"],
      evaluate("unsupported.onnx"),
      ["finetune", "unsupported.onnx", "--data", good, "-o", "x.onnx"],
    ]) {
      const outcome = await neft(...words);
      expectError(outcome, exitCodes.failure, /Rolu \(2 nodes, first "relu1"\)/);
    }
  });
});

describe("an output that can't be written is refused before the work", () => {
  const finetune = ["finetune", "tiny.onnx", "--data", good, "--epochs", "100000", "--batch", "32"];
  it.each<[string, string[], RegExp]>([
    [
      "a folder that isn't there",
      [...finetune, "-o", "nowhere/out.onnx"],
      /--out: expected a path that can be written, got "nowhere\/out.onnx" \(no such file or directory\)/,
    ],
    [
      "a folder",
      [...finetune, "-o", "folder"],
      /--out: expected a path that can be written, got "folder" \(it is a directory\)/,
    ],
    ["a file for a folder", [...finetune, "-o", "kept/out.onnx"], /a part of the path is not a directory/],
    [
      "the same file twice",
      [...finetune, "-o", "same", "--json", "same"],
      /--json: expected a different file from --out/,
    ],
    [
      "JSON into nowhere",
      ["evaluate", "tiny.onnx", "--data", good, "--json", "nowhere/e.json"],
      /--json: expected a path that can be written/,
    ],
  ])("%s", async (_, words, message) => {
    const outcome = await neft(...words);
    expectError(outcome, words.includes("same") ? exitCodes.usage : exitCodes.failure, message);
    expect(outcome.stderr).not.toContain("step");
  });

  it.each<[string, string[], string]>([
    ["results over the model", ["evaluate", "tiny.onnx", "--data", good, "--json", "./tiny.onnx"], "tiny.onnx"],
    ["results over the data", ["evaluate", "tiny.onnx", "--data", good, "--json", "good-labels"], "good-labels"],
    ["a run's record over the model", [...finetune, "-o", "out.onnx", "--json", "tiny.onnx"], "tiny.onnx"],
    ["a model over the data", [...finetune, "-o", "good-images"], "good-images"],
    ["a model over itself", [...finetune, "-o", "./tiny.onnx"], "tiny.onnx"],
  ])("%s: refused, the input stays", async (_, words, input) => {
    const before = await readFile(join(cwd, input));
    expectError(
      await neft(...words),
      exitCodes.usage,
      /^neft \w+: --(json|out): expected a different file from the input "/m,
    );
    expect(await readFile(join(cwd, input))).toEqual(before);
  });

  it("leaves an existing file unchanged when the run fails", async () => {
    expectError(
      await neft("finetune", "text.onnx", "--data", good, "-o", "kept"),
      exitCodes.failure,
      /expected an ONNX model/,
    );
    expectError(
      await neft("finetune", "tiny.onnx", "--data", "idx:far-images,far-labels", "-o", "kept"),
      exitCodes.failure,
      /expected labels/,
    );
    expect(await readFile(join(cwd, "kept"), "utf8")).toBe("kept");
  });

  it("leaves an existing file unchanged when an evaluation is interrupted", async () => {
    const words = ["evaluate", "tiny.onnx", "--data", good, "--chips", "100000", "--json", "kept"];
    const outcome = await runNeft(words, { cwd, interrupt: { text: "chips", signal: "SIGINT" } });
    expectError(outcome, exitCodes.interrupted, /stopped before the end; no results were written/);
    expect(await readFile(join(cwd, "kept"), "utf8")).toBe("kept");
  });
});

describe("a worker that dies", () => {
  const marker = (): string => join(cwd, "died");
  afterEach(() => rm(marker(), { force: true }));

  /** A module that every thread loads first. It ends a worker at its first message: each worker, or the first one only. */
  async function killer(once: boolean): Promise<{ NODE_OPTIONS: string }> {
    const file = join(cwd, once ? "once.mjs" : "always.mjs");
    const source = `
      import { closeSync, openSync } from "node:fs";
      import { isMainThread, parentPort } from "node:worker_threads";
      const isFirst = () => { try { closeSync(openSync(${JSON.stringify(marker())}, "wx")); return true; } catch { return false; } };
      if (!isMainThread && (${!once} || isFirst())) parentPort.once("message", () => process.exit(9));`;
    await writeFile(file, source);
    return { NODE_OPTIONS: `--import=${pathToFileURL(file)}` };
  }
  const evaluate = ["evaluate", "tiny.onnx", "--data", good, "--chips", "6", "--workers", "2", "--json"];
  const results = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(cwd, file), "utf8")).results;

  it("is replaced by a new one, with the same results", async () => {
    expect((await neft(...evaluate, "whole.json")).code).toBe(exitCodes.ok);
    const { code, stderr } = await runNeft([...evaluate, "died.json"], { cwd, env: await killer(true) });
    expect([code, /died|death|error/i.test(stderr)]).toEqual([exitCodes.ok, false]);
    expect(await readFile(marker(), "utf8")).toBe("");
    expect(await results("died.json")).toEqual(await results("whole.json"));
  });

  it("ends the run with the cause if the same job fails twice", async () => {
    const env = await killer(false);
    const cause =
      /expected a worker that survives the job, got a second death: worker: expected a running worker, got an exit with code 9/;
    expectError(await runNeft([...evaluate, "never.json"], { cwd, env }), exitCodes.failure, cause);
    const finetune = ["finetune", "tiny.onnx", "--data", good, "--batch", "32", "-o", "kept"];
    expectError(await runNeft(finetune, { cwd, env }), exitCodes.failure, cause);
    expect(await readFile(join(cwd, "kept"), "utf8")).toBe("kept");
  });

  it("keeps the best weights so far if it ends a finetuning", async () => {
    const file = join(cwd, "later.mjs");
    // Workers give 120 answers in all; after that, every worker dies before its first one.
    const source = `
      import { existsSync, writeFileSync } from "node:fs";
      import { isMainThread, parentPort } from "node:worker_threads";
      let left = 120;
      const die = () => { writeFileSync(${JSON.stringify(marker())}, ""); process.exit(9); };
      if (!isMainThread) {
        const post = parentPort.postMessage.bind(parentPort);
        parentPort.postMessage = (...words) => (--left === 0 || existsSync(${JSON.stringify(marker())}) ? die() : post(...words));
      }`;
    await writeFile(file, source);
    const env = { NODE_OPTIONS: `--import=${pathToFileURL(file)}` };
    const more = ["--batch", "32", "--lr", "0.01", "--epochs", "1000", "--workers", "1", "-o", "saved.onnx"];
    const outcome = await runNeft(["finetune", "tiny.onnx", "--data", good, ...more], { cwd, env });
    expectError(outcome, exitCodes.failure, /^ {2}saved.onnx holds the best weights so far \(after step \d+\)$/m);
    expect((await neft("inspect", "saved.onnx")).code).toBe(exitCodes.ok);
  });
});

describe("random command lines", () => {
  const known = [
    "evaluate",
    "finetune",
    "inspect",
    "devices",
    "help",
    "--help",
    "--",
    "-o",
    "tiny.onnx",
    "text.onnx",
    good,
    "mnist:test",
    "out.onnx",
  ];
  const options = [
    "--data",
    "--sigma",
    "--chips",
    "--seed",
    "--workers",
    "--limit",
    "--scale",
    "--mean",
    "--std",
    "--layout",
    "--output",
    "--json",
  ];
  const values = [
    "0",
    "1",
    "-1",
    "2",
    "0.1",
    "0:0.2:0.1",
    "NaN",
    "1e400",
    "",
    " ",
    "NHWC",
    "rram1",
    "irs",
    "kept",
    "folder",
    "\u{1F600}",
    "__proto__",
  ];
  const word = fc.oneof(
    fc.constantFrom(...known, ...options, ...values),
    fc.string({ maxLength: 8 }).map((text) => text.replaceAll("\0", "")),
  );

  it("end with an error of ours or a result, never with a stack or a hang", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("evaluate", "finetune", "inspect", ""),
        fc.array(word, { maxLength: 8 }),
        async (command, rest) => {
          const words = command === "" ? rest : [command, "tiny.onnx", "--limit", "40", ...rest];
          const { code, stdout, stderr } = await neft(...words);
          expect(Object.values(exitCodes).slice(0, 3)).toContain(code);
          expect(`${stdout}${stderr}`).not.toMatch(/^\s+at .*:\d+/m);
          if (code !== exitCodes.ok) expect(stderr).toMatch(/^(neft|Usage: neft)/m);
        },
      ),
      { numRuns: 40, seed: 7 },
    );
  }, 120_000);
});
