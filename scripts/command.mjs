// Runs other programs. Imports only Node's modules, because it runs before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Environment that turns off telemetry, update notices and downloads. */
export const quiet = {
  TURBO_TELEMETRY_DISABLED: "1",
  TURBO_NO_UPDATE_NOTIFIER: "1",
  DO_NOT_TRACK: "1",
  ONNXRUNTIME_NODE_INSTALL: "skip",
};

/**
 * Runs a program and waits for its end. Its output is printed, or returned with `capture`.
 *
 * @param cwd  working folder. Default: the repository's root.
 * @returns {{ status: number, output: string }} status 127 when the program can't be started.
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

/** Runs a script of an installed package with Node; `script` is its path in node_modules. */
export function runInstalled(script, args, options) {
  return runProgram(process.execPath, [join(root, "node_modules", script), ...args], options);
}

/**
 * The same without waiting, so that several run at once. What it prints is printed when it ends, in one piece.
 *
 * @returns {Promise<{ status: number }>}
 */
export function startInstalled(script, args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, "node_modules", script), ...args], {
      cwd: root,
      env: { ...process.env, ...quiet },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => chunks.push(chunk));
    const end = (status) => {
      process.stdout.write(Buffer.concat(chunks));
      resolve({ status });
    };
    child.on("error", () => end(127));
    child.on("close", (status) => end(status ?? 1));
  });
}
