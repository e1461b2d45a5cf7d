// Runs a peer's Python script in a child process, with the interpreter that NEFT_PYTHON names, or python3. Peers are never dependencies.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * Starts a script that describes itself in its first line and then answers each line of input with one of JSON.
 *
 * @param script  its name beside this file.
 * @param needs   the package that it imports, for the message.
 * @param env     further variables. Default: none.
 * @returns {Promise<object>} `about`, the description; `ask(work)`, which resolves to the answer; `close()`.
 * @throws {Error} when there is no interpreter or it can't import the package; the message has the reason.
 */
export async function startPython({ script, needs, env = {} }) {
  const program = process.env.NEFT_PYTHON ?? "python3";
  const child = spawn(program, [fileURLToPath(new URL(script, import.meta.url))], {
    env: { ...process.env, ...env },
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
  try {
    const about = await answer();
    const ask = (work) => {
      child.stdin.write(`${work}\n`);
      return answer();
    };
    return { about, ask, close: () => child.stdin.end() };
  } catch (error) {
    const reason = error.code === "ENOENT" ? `no program ${program}` : error.message;
    throw new Error(`${needs}: expected an interpreter that can import it, got ${reason}; set NEFT_PYTHON to one`);
  }
}
