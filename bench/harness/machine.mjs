import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem, type } from "node:os";

/** Description of this machine. Only results with equal descriptions are compared. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    features: cpuFeatures(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${process.arch}`,
    node: process.version,
    v8: process.versions.v8,
  };
}

/** Vector instruction sets of the CPU: peers use the widest, WebAssembly doesn't. */
function cpuFeatures() {
  const known = ["avx512f", "avx2", "fma", "asimd"];
  try {
    const text = readFileSync("/proc/cpuinfo", "utf8").match(/^(flags|Features)\s*:.*$/m)?.[0] ?? "";
    const flags = new Set(text.split(/\s+/));
    return known.filter((name) => flags.has(name));
  } catch {
    return [];
  }
}

/** The current commit, or null outside a clone. */
export function commit() {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return null;
  }
}
