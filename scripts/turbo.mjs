// Runs turbo's tasks (turbo.json) and sums the tallies they print.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { quiet, root } from "./command.mjs";
import { noteFailure } from "./failures.mjs";
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
    child.on("close", (status) => {
      for (const { task, text } of brokenTasks(output)) noteFailure(task, text);
      resolve({ status: status ?? 1, tally: parseLines(output) });
    });
  });
}

/**
 * Failed tasks (builds, checks), with what they printed; tests that printed a tally have noted their failures themselves.
 *
 * @param {string} output  of turbo; `so:build: text` is a line of the task `so#build`.
 * @returns {{ task: string, text: string }[]}
 */
export function brokenTasks(output) {
  const failed = /^Failed: +(.*)$/m.exec(output)?.[1].split(", ") ?? [];
  const lines = output.split("\n");
  return failed
    .map((task) => {
      const prefix = `${task.replace("#", ":")}: `;
      const printed = lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
      return { task, text: printed.filter((line) => !/^(npm error|> |cache )/.test(line)).join("\n") };
    })
    .filter(({ task, text }) => !(task.includes("#test") && /^\d+ passed, \d+ failed/m.test(text)));
}
