// Prepares a fresh clone: checks Node's version and runs npm ci if packages are missing.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, runProgram } from "./command.mjs";

const oldestNode = [20, 19];

/**
 * Checks Node's version and installs missing packages.
 *
 * @throws {Error} when Node is too old or npm ci fails.
 */
export function prepare() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
    throw new Error(`expected Node ${oldestNode.join(".")} or newer, got ${process.versions.node}`);
  }
  const missing = missingPackage(readLock("package-lock.json"), readLock("node_modules/.package-lock.json"));
  if (missing !== undefined) {
    console.log(`Installing (${missing}): npm ci`);
    // npm sets npm_execpath for its scripts; otherwise npm is on PATH.
    const npm = process.env.npm_execpath;
    const { status } = npm?.endsWith(".js")
      ? runProgram(process.execPath, [npm, "ci", "--no-fund", "--no-audit"])
      : runProgram("npm", ["ci", "--no-fund", "--no-audit"]);
    if (status !== 0) throw new Error("npm ci failed; its message is above");
  }
}

/**
 * Describes the first installed package that differs from the lock file; undefined when all agree.
 *
 * Compares versions instead of file times, because a checkout touches the lock file without changing it. Optional packages (for
 * other systems) may be missing.
 */
export function missingPackage(lock, installed) {
  if (!installed) return "node_modules is missing";
  for (const [path, { version, link, optional, devOptional, resolved }] of Object.entries(lock?.packages ?? {})) {
    if (!path.startsWith("node_modules/") || optional || devOptional) continue;
    const there = installed.packages[path];
    if (link ? there?.resolved !== resolved : there?.version !== version) {
      return `${path} is ${there ? `${there.version}, not ${version}` : "missing"}`;
    }
  }
  return undefined;
}

function readLock(path) {
  const file = join(root, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}
