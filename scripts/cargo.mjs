// Finds a working cargo.
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { runProgram } from "./command.mjs";

/**
 * The first cargo that runs at the repository's root, with the environment variables to run it with; undefined when none does.
 *
 * The system's compiler is tried first, because a rustup shim on PATH can fail: rust-toolchain.toml names a toolchain that it would
 * have to download.
 *
 * @returns {{ program: string, version: string, env: Record<string, string> } | undefined}
 */
export function findCargo(run = runProgram) {
  for (const program of ["/usr/bin/cargo", "cargo", join(homedir(), ".cargo", "bin", "cargo")]) {
    // cargo runs the first rustc on PATH, which must be the one in cargo's folder.
    const env = isAbsolute(program) ? { PATH: `${dirname(program)}${delimiter}${process.env.PATH ?? ""}` } : {};
    const { status, output } = run(program, ["--version"], { capture: true, env });
    if (status === 0) return { program, version: output.trim().split("\n")[0], env };
  }
  return undefined;
}
