import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";

const { installed, installation } = inject("shared");
const modules = join(installed, "node_modules");
const files = readdirSync(modules, { recursive: true, encoding: "utf8" })
  .map((path) => join(modules, path))
  .filter((path) => statSync(path).isFile());
const manifests = files
  .filter((path) => /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path))
  .map((path) => ({ path, manifest: JSON.parse(readFileSync(path, "utf8")) }));

describe("an installation in an empty folder", () => {
  it("succeeds without a warning", () => {
    expect(installation.code, installation.stderr).toBe(0);
    expect(installation.stderr).toBe("");
    expect(installation.stdout).not.toMatch(/warn|deprecated/i);
  });

  it("takes at most 5 MB", () => {
    const bytes = files.reduce((sum, path) => sum + statSync(path).size, 0);
    expect(bytes).toBeLessThanOrEqual(5e6);
  });

  it("has neft, the command's libraries and what they depend on", () => {
    const names = manifests.map(({ manifest }) => manifest.name).sort();
    expect(names).toEqual([
      "ansi-regex",
      "cli-progress",
      "commander",
      "emoji-regex",
      "is-fullwidth-code-point",
      "neft",
      "string-width",
      "strip-ansi",
    ]);
  });

  it("runs no script", () => {
    const scripts = manifests.flatMap(({ path, manifest }) =>
      ["preinstall", "install", "postinstall"].filter((name) => manifest.scripts?.[name]).map((name) => [path, name]),
    );
    expect(scripts).toEqual([]);
    expect(files.filter((path) => path.endsWith("binding.gyp"))).toEqual([]);
  });

  it("has no file of the repository's sources, tests or maps", () => {
    const own = files.map((path) => path.slice(modules.length + 1)).filter((path) => path.startsWith("neft/"));
    expect(own.filter((path) => /\.map$|(?<!\.d)\.ts$|\btest\//.test(path))).toEqual([]);
  });
});
