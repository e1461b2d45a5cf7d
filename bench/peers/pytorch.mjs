// PyTorch in a process beside this one, where an interpreter that has it is found; never a dependency.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What keeps PyTorch from instructions wider than AVX2: about the width a WebAssembly engine could have used. */
const avx2Only = { ATEN_CPU_CAPABILITY: "avx2", ONEDNN_MAX_CPU_ISA: "AVX2", MKL_ENABLE_INSTRUCTIONS: "AVX2" };

/**
 * Starts pytorch.py.
 *
 * @returns {Promise<object>} `timer(work)`, a contestant that has the work done once and resolves to its milliseconds;
 *   `ask(work)`, the whole answer; `name` for records; `close()`.
 * @throws {Error} when there is no such interpreter or it can't import torch; the message says what it said.
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
  // A process that ends after its last answer is no error.
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
    throw new Error(`no PyTorch here (${reason}); NEFT_PYTHON names an interpreter that has it`);
  }
  return {
    name: `PyTorch ${about.torch} (${avx2 ? "AVX2 only" : about.capability})`,
    ask,
    timer: (work) => async () => (await ask(work)).ms,
    close: () => child.stdin.end(),
  };
}

/** Lends processes to `use`, or records why there are none: nothing of ours needs them. */
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
