import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openOutput, removePartials } from "../src/command/outputFile.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "neft-output-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("openOutput", () => {
  it("leaves the old file alone until the new one is complete, and keeps its mode", async () => {
    const path = join(folder, "model.onnx");
    await writeFile(path, "old");
    await chmod(path, 0o640);
    const output = await openOutput(path, "-o");
    expect(await readFile(path, "utf8")).toBe("old");
    await output.write("new");
    expect(await readFile(path, "utf8")).toBe("new");
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readdir(folder)).toEqual(["model.onnx"]);
  });

  it("can be written twice, the later contents winning", async () => {
    const output = await openOutput(join(folder, "a"), "-o");
    await output.write("one");
    await output.write(Uint8Array.of(116, 119, 111));
    expect(await readFile(join(folder, "a"), "utf8")).toBe("two");
    expect(await readdir(folder)).toEqual(["a"]);
  });

  it("follows a symbolic link and keeps it", async () => {
    await writeFile(join(folder, "real"), "old");
    await symlink("real", join(folder, "link"));
    const output = await openOutput(join(folder, "link"), "-o");
    expect(output.target).toBe((await openOutput(join(folder, "real"), "-o")).target);
    await output.write("new");
    expect(await readlink(join(folder, "link"))).toBe("real");
    expect(await readFile(join(folder, "real"), "utf8")).toBe("new");
    removePartials();
  });

  it("leaves nothing behind when discarded, or when the process ends", async () => {
    await writeFile(join(folder, "kept"), "old");
    await (await openOutput(join(folder, "kept"), "-o")).discard();
    expect(await readdir(folder)).toEqual(["kept"]);
    await openOutput(join(folder, "kept"), "-o");
    expect(await readdir(folder)).toHaveLength(2);
    removePartials();
    expect(await readdir(folder)).toEqual(["kept"]);
  });

  it("writes a device directly", async () => {
    await (await openOutput("/dev/null", "--json")).write("{}");
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
  });

  it("reports a failed write and keeps the old file", async () => {
    const inner = join(folder, "inner");
    await mkdir(inner);
    const output = await openOutput(join(inner, "a"), "-o");
    await rm(inner, { recursive: true });
    await expect(output.write("x")).rejects.toThrow(/^-o: writing ".*" failed \(no such file or directory\)/);
  });

  it.each([
    ["a missing folder", "nowhere/x.onnx", "no such file or directory"],
    ["a folder", ".", "it is a directory"],
    ["a file as a folder", "plain/x.onnx", "a part of the path is not a directory"],
    ["a name that is too long", "n".repeat(300), "the name is too long"],
    ["a name with a NUL", "a\0b", "the name holds a character that no path can have"],
  ])("refuses %s at once", async (_, name, reason) => {
    await writeFile(join(folder, "plain"), "");
    await expect(openOutput(join(folder, name), "-o")).rejects.toThrow(reason);
    await expect(openOutput(join(folder, name), "-o")).rejects.toThrow(
      /^-o: expected a path that can be written, got /,
    );
  });
});
