// Runs PyTorch in a child process if an interpreter with torch is found; it is never a dependency.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Environment that limits PyTorch to AVX2 instructions. */
const avx2Only = { ATEN_CPU_CAPABILITY: "avx2", ONEDNN_MAX_CPU_ISA: "AVX2", MKL_ENABLE_INSTRUCTIONS: "AVX2" };

/**
 * Starts pytorch.py.
 *
 * @param avx2  limits PyTorch to AVX2. Default: false.
 * @returns {Promise<object>} `timer(work)`, a contestant that runs the work once and resolves to its milliseconds;
 *   `ask(work)`, which resolves to the whole answer; `name` for records; `close()`.
 * @throws {Error} when there is no interpreter or it can't import torch; the message has the reason.
 */
export async function startPytorch({ avx2 = false } = {}) {
  const program = process.env.NEFT_PYTHON ?? "python3";
  const child = spawn(program, [fileURLToPath(new URL("pytorch.py", import.meta.url))], {
    env: { ...process.env, ...(avx2 ? avx2Only : {}) },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((_, reject) => {
    child.on("error", reject);
    child.on("close", (code) => reject(new Error(errors.trim().split("\n").at(-1) || `ended with code ${code}`)));
  });
  // Not an error when the process ends after its last answer.
  ended.catch(() => {});
  child.stdin.on("error", () => {});
  const answer = async () => {
    const { value, done } = await Promise.race([lines.next(), ended]);
    return done ? ended : JSON.parse(value);
  };
  const ask = (work) => {
    child.stdin.write(`${work}\n`);
    return answer();
  };
  let about;
  try {
    about = await answer();
  } catch (error) {
    const reason = error.code === "ENOENT" ? `no program ${program}` : error.message;
    throw new Error(`pytorch: expected an interpreter with torch, got ${reason}; set NEFT_PYTHON to one`);
  }
  return {
    name: `PyTorch ${about.torch} (${avx2 ? "AVX2 only" : about.capability})`,
    ask,
    timer: (work) => async () => (await ask(work)).ms,
    close: () => child.stdin.end(),
  };
}

/** Passes started PyTorch processes to `use` and closes them afterwards. If one doesn't start, records a skipped row instead. */
export async function withPytorch({ skip, what }, starting, use) {
  const started = await Promise.allSettled(starting);
  const processes = started.flatMap(({ status, value }) => (status === "fulfilled" ? [value] : []));
  try {
    const failed = started.find(({ status }) => status === "rejected");
    if (failed) skip({ what, peerName: "PyTorch", reason: failed.reason.message });
    else await use(processes);
  } finally {
    for (const process of processes) process.close();
  }
}
