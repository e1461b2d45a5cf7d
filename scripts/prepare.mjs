// From a fresh clone to installed packages: Node's version, npm ci where something is missing.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, runProgram } from "./command.mjs";

const oldestNode = [20, 19];

/**
 * Installs what is missing.
 *
 * @throws {Error} naming the step that failed.
 */
export function prepare() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
    throw new Error(`expected Node ${oldestNode.join(".")} or newer, got ${process.versions.node}`);
  }
  const missing = missingPackage(readLock("package-lock.json"), readLock("node_modules/.package-lock.json"));
  if (missing !== undefined) {
    console.log(`Installing (${missing}): npm ci`);
    // npm tells its scripts where it is; else the one on PATH.
    const npm = process.env.npm_execpath;
    const { status } = npm?.endsWith(".js")
      ? runProgram(process.execPath, [npm, "ci", "--no-fund", "--no-audit"])
      : runProgram("npm", ["ci", "--no-fund", "--no-audit"]);
    if (status !== 0) throw new Error("npm ci failed; its message is above");
  }
}

/**
 * Why what is installed isn't what the lock file asks for, or undefined when it is.
 *
 * Compares versions, not file times: a checkout touches the lock file without changing it. Packages that may be absent
 * (optional ones, built for other systems) don't count.
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
