import { spawn } from "node:child_process";
import { join } from "node:path";

/** The repository. */
export const root = join(import.meta.dirname, "../../../..");

/** Exit code and output of a program. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What programs don't inherit: what tells them about the test runner, or changes their output. */
const { NODE_OPTIONS: _, VITEST: _vitest, NODE_ENV: _environment, ...environment } = process.env;

/** Environment of programs: without colours and the settings of npm's own processes. */
export const env = {
  ...Object.fromEntries(Object.entries(environment).filter(([name]) => !/^npm_/i.test(name))),
  NO_COLOR: "1",
};

/** Runs a program to its end. */
export function run(program: string, words: readonly string[], cwd: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/**
 * Runs a program that has to succeed.
 * @throws {Error} with its output if it fails.
 */
export async function runWell(program: string, words: readonly string[], cwd: string): Promise<Outcome> {
  const outcome = await run(program, words, cwd);
  if (outcome.code !== 0)
    throw new Error(`${program} ${words.join(" ")}: exit code ${outcome.code}\n${outcome.stdout}${outcome.stderr}`);
  return outcome;
}

/** Path of a file of a tool that the repository has installed. */
export const tool = (path: string): string => join(root, "node_modules", path);
