// Runs turbo's tasks (turbo.json) and sums the tallies they print.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { quiet, root } from "./command.mjs";
import { parseLines } from "./tally.mjs";

/**
 * Runs all tasks, even if one fails, and prints their output, a cached task's included.
 *
 * @param {string[]} args  turbo's arguments: task names, --filter=…, -- and arguments for the tasks.
 * @returns {Promise<{ status: number, tally: import("./tally.mjs").Tally }>} turbo's exit status and the sum of the printed tallies.
 */
export function runTurbo(args) {
  const turbo = join(root, "node_modules", "turbo", "bin", "turbo");
  const words = [turbo, "run", "--continue", "--ui=stream", "--log-order=grouped", ...args];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, words, {
      cwd: root,
      env: { ...process.env, ...quiet },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on("error", () => resolve({ status: 127, tally: parseLines("") }));
    child.on("close", (status) => resolve({ status: status ?? 1, tally: parseLines(output) }));
  });
}
