// Running other programs. Node's own modules only: this runs before anything is installed.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** No program of ours reports home, asks for newer versions or reads the terminal. */
export const quiet = {
  TURBO_TELEMETRY_DISABLED: "1",
  TURBO_NO_UPDATE_NOTIFIER: "1",
  DO_NOT_TRACK: "1",
  ONNXRUNTIME_NODE_INSTALL: "skip",
};

/**
 * Runs a program at the root until it ends; what it prints is shown, or returned when `capture` is set.
 *
 * @returns {{ status: number, output: string }} status 127 where the program isn't there.
 */
export function runProgram(program, args, { capture = false, env = {}, cwd = root } = {}) {
  const pipe = capture ? "pipe" : "inherit";
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    env: { ...process.env, ...quiet, ...env },
    stdio: ["ignore", pipe, pipe],
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return { status: error ? 127 : (status ?? 1), output: `${stdout ?? ""}${stderr ?? ""}` };
}

/** Runs the command of an installed package through Node: the file its package.json names as its program. */
export function runInstalled(script, args, options) {
  return runProgram(process.execPath, [join(root, "node_modules", script), ...args], options);
}
