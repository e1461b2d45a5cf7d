import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { quoted } from "../src/command/schedulers.js";
import { type Outcome, runNeft, writeIdx, writeModels } from "./fixtures.js";

let cwd: string;
const neft = (...words: string[]): Promise<Outcome> => runNeft(words, { cwd });
const program = `${quoted(process.execPath)} ${quoted(fileURLToPath(new URL("../bin/neft.js", import.meta.url)))}`;
const plan = "it's a plan.json";

/** Stand-ins of the schedulers, which run the tasks of the script at once: the directives and variables are those of the real ones. */
const standIns = {
  sbatch: `#!/usr/bin/env bash
script=$(cat)
range=$(sed -n 's/^#SBATCH --array=0-//p' <<<"$script")
cd "$(sed -n 's/^#SBATCH --chdir=//p' <<<"$script")" || exit 1
echo "sbatch $*" >>"$CALLS"
if [ -n "$range" ]; then
  for i in $(seq 0 "$range"); do SLURM_ARRAY_TASK_ID=$i bash -c "$script" >&2 || exit 1; done
  echo "7;cluster"
else bash -c "$script" >&2; fi
`,
  bsub: `#!/usr/bin/env bash
script=$(cat)
cd "$(sed -n 's/^#BSUB -cwd //p' <<<"$script")" || exit 1
echo "bsub $*" >>"$CALLS"
count=$(sed -n 's/.*\\[1-\\([0-9]*\\)\\].*/\\1/p' <<<"$2")
if [ -n "$count" ]; then
  for i in $(seq 1 "$count"); do LSB_JOBINDEX=$i bash -c "$script" >&2 || exit 1; done
else bash -c "$script" >&2; fi
`,
};

const contentsOf = (store: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(cwd, store, "results")).map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(cwd, store, "results", name)))
        .digest("hex"),
    ]),
  );

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "neft-schedulers-"));
  await writeModels(cwd);
  const train = await writeIdx(cwd, { name: "train", images: 100 });
  const test = await writeIdx(cwd, { name: "test", images: 60 });
  mkdirSync(join(cwd, "bin"));
  for (const [name, text] of Object.entries(standIns)) writeFileSync(join(cwd, "bin", name), text, { mode: 0o755 });
  writeFileSync(
    join(cwd, plan),
    JSON.stringify({
      kind: "plan",
      format: 1,
      networks: [{ model: "tiny.onnx", train, test }],
      methods: {
        imported: {},
        noise: { finetune: { strategy: "noise-injection", batch: 20, validation: { images: 20 } } },
      },
      sigma: { test: [0.1] },
      seeds: [1, 2],
      evaluate: { chips: 2 },
    }),
  );
  expect((await neft("sweep", "run", plan, "--store", "local", "--json", "local.json")).code).toBe(0);
}, 60_000);
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe("the script of", () => {
  it.each([
    ["slurm", ["--mem=4G", "--time=1:00:00"], /^sbatch --parsable\nsbatch --dependency=afterany:7\n$/],
    ["lsf", ["-W 60"], /^bsub -J neft-sweep-(\d+)\[1-3\]\nbsub -J neft-sweep-\1-merge -w ended\(neft-sweep-\1\)\n$/],
  ])(
    "%s runs all parts and merges them",
    async (id, options, calls) => {
      const store = `${id}'s store`;
      const words = ["sweep", id, plan, "--store", store, "--tasks", "3", "--json", `${id}.json`, "--program", program];
      const { code, stdout } = await neft(...words, `--options=${options.join(",")}`);
      expect(code).toBe(0);
      for (const option of options) expect(stdout).toMatch(new RegExp(`^#(SBATCH|BSUB) ${option}$`, "m"));
      execFileSync("bash", ["-c", stdout], {
        cwd: tmpdir(),
        env: { ...process.env, PATH: `${join(cwd, "bin")}:${process.env.PATH}`, CALLS: join(cwd, `${id}.calls`) },
        stdio: "pipe",
      });
      expect(readFileSync(join(cwd, `${id}.calls`), "utf8")).toMatch(calls);
      expect(contentsOf(store)).toEqual(contentsOf("local"));
      expect(readFileSync(join(cwd, `${id}.json`), "utf8")).toBe(readFileSync(join(cwd, "local.json"), "utf8"));
    },
    120_000,
  );

  it("k8s is an indexed job of all parts", async () => {
    const { stdout } = await neft(
      "sweep",
      "k8s",
      plan,
      "--store",
      "store",
      "--tasks",
      "5",
      "--cpus",
      "2",
      "--image",
      "registry/neft:1",
    );
    expect(stdout).toContain("completionMode: Indexed\n  completions: 5\n");
    expect(stdout).toContain('image: "registry/neft:1"');
    const command = JSON.parse(/^ +- ("exec .*)$/m.exec(stdout)![1]!) as string;
    expect(command).toMatch(
      /^exec npx neft sweep run '.*it'\\''s a plan\.json' --store .* --shard "\$JOB_COMPLETION_INDEX\/5" --workers "2"$/,
    );
  });

  it.each([
    [["--tasks", "0"], "--tasks: expected a whole number"],
    [["--tasks", "2", "--options", "--mem=1\nrm"], "--options: expected a text on one line"],
    [[], "required option '--tasks <n>' not specified"],
  ])("none is printed for %j", async (words, message) => {
    const { code, stdout, stderr } = await neft("sweep", "slurm", plan, "--store", "store", ...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});
