import { execFile, type SpawnOptions, spawn } from "node:child_process";
import { constants, existsSync } from "node:fs";
import { type FileHandle, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { init, readModel } from "neft";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runNeft, writeIdx, writeModels } from "./fixtures.js";
import { evaluationFile } from "./results-file.js";

const command = `${process.execPath} ${fileURLToPath(new URL("../bin/neft.js", import.meta.url))}`;

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "neft-streams-"));
  await writeModels(cwd);
  await writeIdx(cwd, { name: "good", images: 120 });
  await init();
});
afterAll(() => rm(cwd, { recursive: true, force: true }));
beforeEach(async () => {
  for (const name of ["out.onnx", "r.json", "latest.onnx", "new.onnx", "table"])
    await rm(join(cwd, name), { force: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a line of bash. There, `neft` is the command, and `status` the exit code of a pipeline's first command. */
function shell(line: string, options: SpawnOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const script = `neft() { ${command} "$@"; }; ${line}`;
    const child = spawn("bash", ["-c", script], { cwd, ...options, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

const finetune = "neft finetune tiny.onnx --data idx:good-images,good-labels --batch 32 -o out.onnx --json r.json";
const evaluate = "neft evaluate tiny.onnx --data idx:good-images,good-labels --chips 2 --json r.json";
const status = "; echo $PIPESTATUS >&3";

describe("exit code 0 means that every requested file was written", () => {
  it.each([
    ["2>&1 | head -1"],
    ["2>&1 | head -0"],
    ["| head -0"],
    ["| true"],
    [">&-"],
    ["2>&-"],
    [">&- 2>&-"],
    ["2> >(true)"],
    ["</dev/null >/dev/null 2>/dev/full"],
  ])("%s", async (redirection) => {
    for (const words of [finetune, evaluate]) {
      await rm(join(cwd, "r.json"), { force: true });
      const { stdout } = await shell(`exec 3>&1; { ${words} ${redirection}${status}; } >/dev/null 2>/dev/null`);
      expect([words.slice(0, 13), stdout.trim()]).toEqual([words.slice(0, 13), "0"]);
      JSON.parse(await readFile(join(cwd, "r.json"), "utf8"));
      if (words === finetune) (await readModel(join(cwd, "out.onnx"))).model.dispose();
    }
  });

  it.each([finetune, evaluate, "neft inspect tiny.onnx", "neft devices", "neft --help"])(
    "%s on a full disk says so, with code 1; files are written all the same",
    async (words) => {
      const { code, stderr } = await shell(`${words} >/dev/full`);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^neft: writing to standard output failed \(no space left on the device\)$/m),
      ]);
      if (words.includes("r.json")) JSON.parse(await readFile(join(cwd, "r.json"), "utf8"));
    },
  );

  it.each([
    ["a full device", "/dev/full", /--json: writing "\/dev\/full" failed \(no space left on the device\)/],
    ["a closed pipe", "/dev/stdout", /--json: writing "\/dev\/stdout" failed \(its reader has closed it\)/],
  ])("results into %s are an error; the model is kept", async (_, file, reason) => {
    const words = finetune.replace("r.json", file);
    const { stdout, stderr } = await shell(`exec 3>&1; ${words} | true${status}`);
    expect([stdout.trim(), stderr]).toEqual(["1", expect.stringMatching(reason)]);
    expect(stderr).toMatch(/^ {2}the finetuned model is in out\.onnx$/m);
    (await readModel(join(cwd, "out.onnx"))).model.dispose();
  });
});

describe("/dev/stdout as output", () => {
  const parse = (text: string) => evaluationFile(JSON.parse(text));
  it.each(["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])(
    "%s: results alone, through a pipe and into a file",
    async (path) => {
      await rm(join(cwd, "link"), { force: true });
      await symlink("/dev/stdout", join(cwd, "link"));
      const words = evaluate.replace("r.json", path);
      const piped = await shell(`${words} | cat`);
      expect(parse(piped.stdout).results).toHaveLength(3);
      expect(piped.stderr).toContain("mean %");
      const { code } = await shell(`echo before > r.json; ${words} >> r.json`);
      expect(code).toBe(0);
      const text = await readFile(join(cwd, "r.json"), "utf8");
      expect(text.slice(0, 7)).toBe("before\n");
      expect(parse(text.slice(7)).results).toEqual(parse(piped.stdout).results);
    },
  );

  it("takes a model, while another descriptor takes the results", async () => {
    const words = finetune.replace("out.onnx", "/dev/stdout").replace("r.json", "/dev/fd/3");
    const { code, stderr } = await shell(`${words} 3> r.json | cat > new.onnx`);
    expect([code, stderr]).toEqual([0, expect.stringContaining("/dev/stdout holds the weights")]);
    const { model, sha256 } = await readModel(join(cwd, "new.onnx"));
    model.dispose();
    expect(JSON.parse(await readFile(join(cwd, "r.json"), "utf8")).out.sha256).toBe(sha256);
  });

  it.each([
    [
      "the same pipe twice",
      `${finetune.replace("out.onnx", "/dev/stdout").replace("r.json", "/dev/fd/1")} | cat; (exit $PIPESTATUS)`,
      /--json: expected a different file from --out/,
      2,
    ],
    [
      "the file of standard output, by name",
      `${evaluate} > r.json`,
      /--json: expected a different file from standard output's/,
      2,
    ],
    [
      "a descriptor open for reading",
      evaluate.replace("r.json", "/dev/stdin"),
      /--json: expected a path that can be written, got "\/dev\/stdin" \(it isn't open for writing\)/,
      1,
    ],
    [
      "a closed descriptor",
      evaluate.replace("r.json", "/dev/fd/99"),
      /--json: expected a path that can be written, got "\/dev\/fd\/99"/,
      1,
    ],
    [
      "a pipe without a reader",
      `rm -f p; mkfifo p; ${evaluate.replace("r.json", "p")}`,
      /got "p" \(.*no process reads/,
      1,
    ],
  ])("refuses %s", async (_, line, reason, expected) => {
    const { code, stderr } = await shell(line);
    expect([code, stderr]).toEqual([expected, expect.stringMatching(reason)]);
  });

  it("refuses to send a model's bytes to a terminal", async () => {
    const inner = `${command} ${finetune.slice(5).replace("out.onnx", "/dev/tty")}`;
    const { stdout } = await shell(`script -qec ${JSON.stringify(inner)} /dev/null`);
    expect(stdout).toContain('--out: expected a file or a pipe for the model\'s bytes, got the terminal "/dev/tty"');
  });

  it("writes to a named pipe, and to one of the shell", async () => {
    const fifo = await shell(
      `rm -f p; mkfifo p; cat p > table & sleep 0.3; ${evaluate.replace("r.json", "p")} && wait`,
    );
    expect(fifo.code).toBe(0);
    parse(await readFile(join(cwd, "table"), "utf8"));
    const substituted = await shell(
      `${evaluate.replace("--json r.json", "")} --json >(cat > r.json; echo >&3) 3>&1 | cat`,
    );
    expect(substituted.stdout).toContain("mean %");
    parse(await readFile(join(cwd, "r.json"), "utf8"));
  });

  it("creates the target of a dangling link", async () => {
    await symlink("new.onnx", join(cwd, "latest.onnx"));
    expect((await shell(finetune.replace("out.onnx", "latest.onnx"))).code).toBe(0);
    (await readModel(join(cwd, "new.onnx"))).model.dispose();
  });
});

describe("signals", () => {
  const words = "finetune tiny.onnx --data idx:good-images,good-labels --batch 32 -o out.onnx --json r.json".split(" ");
  const left = async (): Promise<string[]> => (await readdir(cwd)).filter((name) => /partial|neft-/.test(name));

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s saves the best weights so far", async (signal) => {
    const more = [...words, "--epochs", "100000", "--validation-every", "3"];
    const { code, stderr } = await runNeft(more, { cwd, interrupt: { text: "after step 30", signal } });
    expect([code, stderr]).toEqual([130, expect.stringMatching(/out\.onnx holds the weights after step \d+/)]);
    expect(JSON.parse(await readFile(join(cwd, "r.json"), "utf8")).result.ended.reason).toBe("aborted");
    expect(await left()).toEqual([]);
  });

  /** A module that delays every step of a run, which gives time before the first one ends. */
  const slow = async (): Promise<{ NODE_OPTIONS: string }> => {
    const file = join(cwd, "slow.mjs");
    await writeFile(
      file,
      `import { isMainThread, parentPort } from "node:worker_threads";
      let answers = 0;
      if (!isMainThread) {
        const post = parentPort.postMessage.bind(parentPort);
        parentPort.postMessage = (...words) => setTimeout(() => post(...words), ++answers > 6 ? 5000 : 0);
      }`,
    );
    return { NODE_OPTIONS: `--import=${file}` };
  };

  it("before the end of the first step leave an earlier output unchanged", async () => {
    for (const text of ["", "after step 0"]) {
      await writeFile(join(cwd, "out.onnx"), "good");
      await writeFile(join(cwd, "r.json"), "earlier");
      const outcome = await runNeft([...words, "--workers", "1", "--epochs", "100000"], {
        cwd,
        env: text === "" ? {} : await slow(),
        interrupt: { text: text === "" ? "after step 0" : text, signal: "SIGINT" },
      });
      const out = await readFile(join(cwd, "out.onnx"), "utf8");
      if (text === "" && out !== "good") continue; // A step was through before the signal came.
      expect([outcome.code, outcome.stderr]).toEqual([
        130,
        expect.stringMatching(/^ {2}no step was completed; "out.onnx" was not written$/m),
      ]);
      expect([out, await readFile(join(cwd, "r.json"), "utf8")]).toEqual(["good", "earlier"]);
    }
  });

  it("at any moment leave the old file or a whole new one, and nothing else", async () => {
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (let i = 0; i < 36; i++) {
      await writeFile(join(cwd, "out.onnx"), "good");
      const child = spawn(
        process.execPath,
        [command.split(" ")[1]!, ...words, "--epochs", "40", "--validation-every", "1"],
        {
          cwd,
          stdio: "ignore",
        },
      );
      const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
      setTimeout(() => child.kill(signals[i % 3]), 40 * i);
      // Every third signal is sent twice.
      if (i % 3 === 0) setTimeout(() => child.kill(signals[i % 3]), 40 * i + 3 * (i % 5));
      const code = await ended;
      expect([null, 0, 130]).toContain(code);
      expect(await left()).toEqual([]);
      const bytes = await readFile(join(cwd, "out.onnx"));
      if (bytes.toString() !== "good") (await readModel(join(cwd, "out.onnx"))).model.dispose();
      else expect(code).not.toBe(0);
    }
  }, 240_000);

  /** A module that delays the writing of every file, and reports it. */
  const slowDisk = async (): Promise<{ NODE_OPTIONS: string }> => {
    const file = join(cwd, "slow-disk.mjs");
    await writeFile(
      file,
      `import fs from "node:fs";
      import { syncBuiltinESMExports } from "node:module";
      const { fsyncSync } = fs;
      fs.fsyncSync = (descriptor) => {
        fs.writeSync(2, "on the way to the disk\\n");
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
        fsyncSync(descriptor);
      };
      syncBuiltinESMExports();`,
    );
    return { NODE_OPTIONS: `--import=${file}` };
  };

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s while files are written leaves whole ones", async (signal) => {
    const env = { ...process.env, ...(await slowDisk()) };
    const evaluation = "evaluate tiny.onnx --data idx:good-images,good-labels --chips 2 --json r.json".split(" ");
    for (const [line, nth] of [
      [evaluation, 1],
      [words, 1],
      [words, 2],
    ] as const) {
      await rm(join(cwd, "r.json"), { force: true });
      const child = spawn(process.execPath, [command.split(" ")[1]!, ...line], { cwd, env });
      let times = 0;
      child.stderr.on("data", (text) => {
        const before = times;
        times += String(text).split("on the way").length - 1;
        if (before < nth && times >= nth) child.kill(signal);
      });
      await new Promise((resolve) => child.on("close", resolve));
      expect(times).toBeGreaterThanOrEqual(nth);
      expect(await left()).toEqual([]);
      if (line === evaluation || nth === 2) JSON.parse(await readFile(join(cwd, "r.json"), "utf8"));
      if (line === words) (await readModel(join(cwd, "out.onnx"))).model.dispose();
    }
  });

  const opened = (pipe: string): Promise<FileHandle> =>
    open(pipe, constants.O_WRONLY | constants.O_NONBLOCK).catch(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return opened(pipe);
    });

  it("end a command that waits for its input", async () => {
    await promisify(execFile)("mkfifo", [join(cwd, "waiting")]);
    for (const line of [`evaluate waiting --data mnist:test`, `finetune waiting --data mnist:test -o out.onnx`]) {
      const child = spawn(process.execPath, [command.split(" ")[1]!, ...line.split(" ")], { cwd });
      let stderr = "";
      child.stderr.on("data", (text) => {
        stderr += text;
      });
      const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve(code ?? signal)));
      // Opening a pipe for writing succeeds once the command has opened it for reading.
      const writer = await opened(join(cwd, "waiting"));
      child.kill("SIGINT");
      expect([await ended, stderr]).toEqual(["SIGINT", expect.stringMatching(/^neft \w+: stopped before .*\n$/)]);
      expect(existsSync(join(cwd, "out.onnx"))).toBe(false);
      await writer.close();
    }
  });
});
