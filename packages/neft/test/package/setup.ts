import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { writeData } from "./data.mjs";
import { type Outcome, root, run, runWell } from "./programs.js";

/** What the tests share. */
export interface Shared {
  /** A folder for temporary files. */
  readonly temporary: string;
  /** The packed package. */
  readonly tarball: string;
  /** A folder in which the tarball alone was installed. */
  readonly installed: string;
  /** What npm printed. */
  readonly installation: Outcome;
  /** A folder with the files that the scenario reads. */
  readonly data: string;
}

declare module "vitest" {
  interface ProvidedContext {
    readonly shared: Shared;
  }
}

/** Assembles the package, packs it, and installs it as a user does; all tests use the result. */
export async function setup({ provide }: TestProject): Promise<() => void> {
  const temporary = mkdtempSync(join(tmpdir(), "neft-package-"));
  const folder = (name: string): string => {
    mkdirSync(join(temporary, name));
    return join(temporary, name);
  };
  const [packed, installed, data] = [folder("packed"), folder("installed"), folder("data")];
  await runWell(process.execPath, [join(root, "packages/neft/scripts/assemble.mjs")], root);
  await runWell("npm", ["pack", join(root, "packages/neft/dist/package"), "--pack-destination", packed], packed);
  const tarball = join(packed, readdirSync(packed)[0]!);
  await runWell("npm", ["init", "--yes"], installed);
  const installation = await run("npm", ["install", "--prefer-offline", tarball], installed);
  writeData(data);
  provide("shared", { temporary, tarball, installed, installation, data });
  return () => rmSync(temporary, { recursive: true });
}
