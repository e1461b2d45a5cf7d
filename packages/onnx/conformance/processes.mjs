// Runs cases in processes, so that a case that ends or hangs its process fails alone.
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

/**
 * A case with its result: a row of the JSON file.
 *
 * @typedef {{ suite: string, name: string } & import("./run-case.mjs").About & import("./run-case.mjs").Outcome} Row
 */

/**
 * Runs cases and returns their rows, in order.
 *
 * @param {readonly import("./cases.mjs").Case[]} cases
 * @param {object} [options]
 * @param {number} [options.processes]  Default: one for each core.
 * @param {number} [options.seconds]  Limit on the time of one case. Default: 120.
 * @param {string | URL} [options.child]  Program of the processes. Default: child.mjs.
 * @returns {Promise<Row[]>}
 */
export async function runCases(
  cases,
  {
    processes = Math.min(availableParallelism(), cases.length),
    seconds = 120,
    child = new URL("child.mjs", import.meta.url),
  } = {},
) {
  const rows = new Array(cases.length);
  let next = 0;
  /** Takes cases until there is none left, with a process that is replaced when a case ended it. */
  const work = async () => {
    let running;
    while (next < cases.length) {
      const index = next++;
      if (running?.connected !== true)
        running = fork(fileURLToPath(child), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
      const { suite, name } = cases[index];
      rows[index] = { suite, name, ...(await runIn(running, cases[index], seconds)) };
    }
    if (running?.connected) running.disconnect();
  };
  await Promise.all(Array.from({ length: processes }, work));
  return rows;
}

/** Runs a case in a process, which is killed at the time limit. */
function runIn(running, one, seconds) {
  return new Promise((resolve) => {
    let about = {};
    const finish = (outcome) => {
      clearTimeout(timer);
      running.removeAllListeners();
      resolve({ ...about, ...outcome });
    };
    const fail = (reason) => finish({ result: "fail", reason });
    const timer = setTimeout(() => {
      running.once("exit", () => fail(`expected a result within ${seconds} s, got none`));
      running.removeListener("exit", ended);
      running.kill("SIGKILL");
    }, seconds * 1000);
    const ended = (code, signal) => fail(`crash: the process ended with ${signal ?? `exit code ${code}`}`);
    running.on("message", (message) => {
      if (message.about !== undefined) about = message.about;
      else finish(message.outcome);
    });
    running.once("exit", ended);
    running.once("error", (error) => fail(`crash: ${error.message}`));
    running.send(one);
  });
}
