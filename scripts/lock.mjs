// package-lock.json must install anywhere: on every platform, from every registry.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What keeps a lock file from installing elsewhere, one line each.
 *
 * npm leaves optional packages out of the lock file when the registry at hand doesn't have them (binaries for other systems),
 * and `npm ci` then refuses it everywhere; addresses of tarballs would bind it to one registry.
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

/** `checkLock` of the lock file in a folder. */
export function checkLockFile(root) {
  return checkLock(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")));
}
