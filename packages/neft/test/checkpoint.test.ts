import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init } from "neft";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeCheckpoint, encodeCheckpoint } from "../src/checkpoint-file.js";
import { runNeft, writeIdx, writeModels } from "./fixtures.js";

let cwd: string;
let data: string;
/** Bytes of the model that a run writes which isn't interrupted. */
let expected: Buffer;

beforeAll(async () => {
  await init();
  cwd = await mkdtemp(join(tmpdir(), "neft-checkpoint-"));
  await writeModels(cwd);
  data = await writeIdx(cwd, { name: "train", images: 200 });
  expect((await neft(...words("--out", "expected.onnx", "--log", "expected.jsonl"))).code).toBe(0);
  expected = await readFile(join(cwd, "expected.onnx"));
}, 60_000);
afterAll(() => rm(cwd, { recursive: true, force: true }));

const neft = (...all: string[]) => runNeft(all, { cwd });

/** 200 steps, with validations every 40. */
const words = (...more: readonly string[]): string[] => [
  ..."finetune tiny.onnx --data".split(" "),
  data,
  ..."--batch 8 --epochs 10 --validation 40 --validation-every 40 --ema 0.9 --workers 1".split(" "),
  ...more,
];

const kept = (...more: readonly string[]): string[] =>
  words(
    "--out",
    "out.onnx",
    "--checkpoint",
    "run.checkpoint",
    "--checkpoint-every",
    "7",
    "--log",
    "run.jsonl",
    ...more,
  );

const linesOf = async (name: string): Promise<Record<string, unknown>[]> =>
  (await readFile(join(cwd, name), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const withoutTimes = (lines: readonly Record<string, unknown>[]) => lines.map(({ seconds: _, ...rest }) => rest);

/** A run that is stopped by a signal in its middle. */
async function stopped(signal: NodeJS.Signals, ...more: readonly string[]) {
  await Promise.all(["run.checkpoint", "run.jsonl", "out.onnx"].map((name) => rm(join(cwd, name), { force: true })));
  return runNeft(kept(...more), { cwd, interrupt: { text: "after step 80", signal } });
}

describe("--checkpoint", () => {
  it("goes on after Ctrl-C with the same bits, and says how", async () => {
    const { code, stderr } = await stopped("SIGINT");
    expect(code).toBe(130);
    expect(stderr).toMatch(/"run\.checkpoint" holds the run after step \d+: the same command goes on from there/);
    const again = await neft(...kept("--workers", "2"));
    expect(again.stderr).toMatch(/"run\.checkpoint": going on after step \d+/);
    expect(again.code).toBe(0);
    expect(await readFile(join(cwd, "out.onnx"))).toEqual(expected);
    expect(await readdir(cwd)).not.toContain("run.checkpoint");
    expect(withoutTimes(await linesOf("run.jsonl"))).toEqual(withoutTimes(await linesOf("expected.jsonl")));
  }, 60_000);

  it("goes on after the process was killed, twice, with the same bits", async () => {
    expect((await stopped("SIGKILL")).code).toBeNull();
    const { code, stderr } = await runNeft(kept(), { cwd, interrupt: { text: "after step 160", signal: "SIGKILL" } });
    expect(stderr).toContain("going on after step");
    expect(code).toBeNull();
    expect((await neft(...kept())).code).toBe(0);
    expect(await readFile(join(cwd, "out.onnx"))).toEqual(expected);
    expect(withoutTimes(await linesOf("run.jsonl"))).toEqual(withoutTimes(await linesOf("expected.jsonl")));
    expect((await readdir(cwd)).filter((name) => name.endsWith(".partial"))).toEqual([]);
  }, 60_000);

  it("keeps heads, a rescaled network and what validations measured, and records the same results", async () => {
    for (const more of [
      ["--equalise", "--strategy", "irs", "--head-hidden", "8", "--distill", "0.1"],
      ["--strategy", "distillation"],
    ]) {
      const whole = await neft(...words("--out", "whole.onnx", "--json", "whole.json", ...more));
      expect(whole.stderr).not.toContain("expected");
      expect((await stopped("SIGINT", ...more)).code).toBe(130);
      expect((await neft(...kept("--json", "run.json", ...more))).code).toBe(0);
      expect(await readFile(join(cwd, "out.onnx"))).toEqual(await readFile(join(cwd, "whole.onnx")));
      const [first, second] = await Promise.all(
        ["whole.json", "run.json"].map(async (name) => JSON.parse(await readFile(join(cwd, name), "utf8"))),
      );
      expect([second.settings, second.result]).toEqual([first.settings, first.result]);
    }
  }, 120_000);

  it("refuses checkpoints of other runs, and files that are none, in one line each", async () => {
    await stopped("SIGINT");
    const bytes = await readFile(join(cwd, "run.checkpoint"));
    const refusal = async (all: readonly string[], file: Uint8Array = bytes): Promise<string> => {
      await writeFile(join(cwd, "run.checkpoint"), file);
      const { code, stderr } = await neft(...all);
      expect(code).toBe(1);
      expect(await readFile(join(cwd, "run.checkpoint"))).toEqual(Buffer.from(file));
      const lines = stderr.trimEnd().split("\n");
      expect(lines.filter((line) => line.startsWith("neft finetune: "))).toHaveLength(1);
      return lines.find((line) => line.startsWith("neft finetune: "))!;
    };
    const begin = 'neft finetune: --checkpoint: "run.checkpoint": ';
    const end = '; to begin anew, delete "run.checkpoint" or name another file';
    const same = "expected a checkpoint of the same run, got one of";
    for (const [more, message] of [
      [["--sigma", "0.3"], "another: settings.sigma: expected 0.3, got 0.2"],
      [["--strategy", "none"], 'another: settings.strategy.id: expected "none", got "ovf"'],
      [["--clip", "2"], "another: settings.clip: expected 2, got undefined"],
      [["--scale", "3"], "another setting scale: expected 3, got none"],
      [["--limit", "160"], "other samples"],
      [["--fast"], 'another build of the kernels (see --fast): expected "relaxed", got "simd128"'],
    ] as const)
      expect(await refusal(kept(...more))).toBe(`${begin}${same} ${message}${end}`);
    const other = kept().map((word) => (word === "tiny.onnx" ? "two-outputs.onnx" : word));
    expect(await refusal([...other, "--output", "fine"])).toBe(`${begin}${same} another model${end}`);
    const cut = "expected a whole checkpoint, got one that was cut off or changed";
    for (const length of [8, 11, 40, 500, bytes.length - 1])
      expect(await refusal(kept(), bytes.subarray(0, length))).toBe(`${begin}${cut}${end}`);
    for (const at of [9, 100, bytes.length - 100, bytes.length - 1])
      expect(
        await refusal(
          kept(),
          bytes.map((byte, i) => (i === at ? byte ^ 4 : byte)),
        ),
      ).toBe(`${begin}${cut}${end}`);
    for (const file of [new Uint8Array(0), await readFile(join(cwd, "tiny.onnx"))])
      expect(await refusal(kept(), file)).toBe(
        `${begin}expected a checkpoint of neft finetune, got another file${end}`,
      );
  }, 120_000);

  it("refuses a file that another option writes, or a pipe", async () => {
    for (const [more, message] of [
      [["--checkpoint", "out.onnx"], "--checkpoint: expected a different file from --out"],
      [["--checkpoint", "tiny.onnx"], "--checkpoint: expected a different file from the input"],
      [["--checkpoint", "/dev/null"], "--checkpoint: expected a file, got the pipe or device"],
      [["--log", "out.onnx"], "--log: expected a different file from --out"],
      [["--log", "/dev/null"], "--log: expected a file, got the pipe or device"],
      [["--log", "missing/log"], "--log: expected a path that can be written"],
    ] as const) {
      const { code, stderr } = await neft(...words("--out", "out.onnx", ...more));
      expect(code, message).not.toBe(0);
      expect(stderr).toContain(message);
    }
  }, 60_000);
});

describe("--log", () => {
  it("has a line for each step and validation, with seconds that grow", async () => {
    const lines = await linesOf("expected.jsonl");
    const steps = lines.filter(({ kind }) => kind === "step");
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    expect(Object.keys(steps[0]!).sort()).toEqual([
      "epoch",
      "kind",
      "learningRate",
      "loss",
      "seconds",
      "step",
      "steps",
    ]);
    const validations = lines.filter(({ kind }) => kind === "validation");
    expect(validations.map(({ step }) => step)).toEqual([0, 40, 80, 120, 160, 200]);
    for (const { accuracy } of validations) expect(accuracy).toBeGreaterThanOrEqual(0);
    const seconds = lines.map((line) => line.seconds as number);
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
  });

  it("refuses to go on with another file", async () => {
    await stopped("SIGINT");
    await writeFile(join(cwd, "run.jsonl"), "some text\n");
    const { code, stderr } = await neft(...kept());
    expect(code).toBe(1);
    expect(stderr).toContain(
      '--log: "run.jsonl": expected the log of the run that the checkpoint continues, got the line "some text"; name another file',
    );
    expect(await readFile(join(cwd, "run.jsonl"), "utf8")).toBe("some text\n");
  }, 30_000);
});

describe("a checkpoint's bytes", () => {
  it("hold any state, and refuse every change of a byte", async () => {
    await stopped("SIGINT");
    const bytes = await readFile(join(cwd, "run.checkpoint"));
    const checkpoint = decodeCheckpoint(bytes);
    expect(Buffer.from(encodeCheckpoint(checkpoint))).toEqual(bytes);
    expect(checkpoint.state.modifiers.ema!.length).toBeGreaterThan(0);
    for (let at = 0; at < bytes.length; at += 97) {
      const changed = bytes.map((byte, i) => (i === at ? byte + 1 : byte));
      expect(() => decodeCheckpoint(changed), `byte ${at}`).toThrow(/^expected a (whole )?checkpoint/);
    }
  }, 30_000);
});
