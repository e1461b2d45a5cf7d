// Which cargo works here.
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { runProgram } from "./command.mjs";

/**
 * The first cargo that answers at the repository's root, with the environment to call it in; undefined when there is none.
 *
 * A rustup shim may be on PATH and still fail: rust-toolchain.toml names a toolchain that it would have to download.
 * The system's own compiler is tried first.
 *
 * @returns {{ program: string, version: string, env: Record<string, string> } | undefined}
 */
export function findCargo(run = runProgram) {
  for (const program of ["/usr/bin/cargo", "cargo", join(homedir(), ".cargo", "bin", "cargo")]) {
    // cargo takes its rustc from PATH: the one beside it must come first.
    const env = isAbsolute(program) ? { PATH: `${dirname(program)}${delimiter}${process.env.PATH ?? ""}` } : {};
    const { status, output } = run(program, ["--version"], { capture: true, env });
    if (status === 0) return { program, version: output.trim().split("\n")[0], env };
  }
  return undefined;
}
