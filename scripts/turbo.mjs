// Runs turbo's tasks (turbo.json) and adds up what they print.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { quiet, root } from "./command.mjs";
import { parseLines } from "./tally.mjs";

/**
 * Runs tasks, all of them even if one fails; output is shown as it comes, a cached task's too.
 *
 * @param {string[]} args  turbo's: task names, --filter=…, -- words for the tasks.
 * @returns {Promise<{ status: number, tally: import("./tally.mjs").Tally }>} the sum of the tallies the tasks printed.
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
