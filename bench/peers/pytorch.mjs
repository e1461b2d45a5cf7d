// Runs PyTorch in a child process if an interpreter with torch is found; it is never a dependency.
import { startPython } from "./python.mjs";

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
  const { about, ask, close } = await startPython({
    script: "pytorch.py",
    needs: "torch",
    env: avx2 ? avx2Only : {},
  });
  return {
    name: `PyTorch ${about.torch} (${avx2 ? "AVX2 only" : about.capability})`,
    ask,
    timer: (work) => async () => (await ask(work)).ms,
    close,
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
