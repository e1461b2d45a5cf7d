// Checks that package-lock.json can be installed on every platform and from every registry.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Lists the entries of a lock file that prevent installation elsewhere, one line each.
 *
 * npm omits optional packages (binaries for other systems) that its registry lacks, and `npm ci` then refuses the lock file everywhere.
 * Addresses of tarballs bind a lock file to one registry.
 *
 * @param {{ packages: Record<string, { resolved?: string, link?: boolean, optionalDependencies?: Record<string, string> }> }} lock
 * @returns {string[]}
 */
export function checkLock({ packages }) {
  return Object.entries(packages).flatMap(([path, { resolved, link, optionalDependencies = {} }]) => [
    ...Object.keys(optionalDependencies)
      .filter((name) => !packages[`${path}/node_modules/${name}`] && !packages[`node_modules/${name}`])
      .map((name) => `package-lock.json: ${path} → ${name}: expected an entry for this optional package, got none`),
    ...(resolved && !link ? [`package-lock.json: ${path}: expected no address, got ${resolved}`] : []),
  ]);
}

/** Runs `checkLock` on the lock file in the folder `root`. */
export function checkLockFile(root) {
  return checkLock(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")));
}
