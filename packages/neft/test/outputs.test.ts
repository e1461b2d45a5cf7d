import { execFile, spawn } from "node:child_process";
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Outputs } from "../src/command/outputs.js";

let folder: string;
let outputs: Outputs;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "neft-output-"));
  outputs = new Outputs();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const open = (name: string) => outputs.open(at(name), "-o");
const write = async (name: string, contents: string | Uint8Array): Promise<void> =>
  outputs.write(new Map([[await open(name), contents]]));
const mkfifo = (name: string) => promisify(execFile)("mkfifo", [at(name)]);

describe("Outputs", () => {
  it("keep the old file until the new one is complete, and keep its mode", async () => {
    await writeFile(at("model.onnx"), "old");
    await chmod(at("model.onnx"), 0o640);
    const output = await open("model.onnx");
    expect(await readFile(at("model.onnx"), "utf8")).toBe("old");
    await outputs.write(new Map([[output, "new"]]));
    expect(await readFile(at("model.onnx"), "utf8")).toBe("new");
    expect((await stat(at("model.onnx"))).mode & 0o777).toBe(0o640);
    expect(await readdir(folder)).toEqual(["model.onnx"]);
  });

  it("can be written twice, and hold the later contents", async () => {
    const output = await open("a");
    await outputs.write(new Map([[output, "one"]]));
    await outputs.write(new Map([[output, Uint8Array.of(116, 119, 111)]]));
    expect(await readFile(at("a"), "utf8")).toBe("two");
    expect(await readdir(folder)).toEqual(["a"]);
  });

  it("follow symbolic links and keep them, even to missing files", async () => {
    await mkdir(at("inner"));
    await writeFile(at("real"), "old");
    await symlink("real", at("link"));
    await symlink("inner/new", at("dangling"));
    await symlink("dangling", at("twice"));
    await write("link", "new");
    expect([await readlink(at("link")), await readFile(at("real"), "utf8")]).toEqual(["real", "new"]);
    await write("twice", "made");
    expect([await readlink(at("dangling")), await readFile(at("inner/new"), "utf8")]).toEqual(["inner/new", "made"]);
    await symlink("round", at("round"));
    await symlink("nowhere/x", at("lost"));
    await expect(open("round")).rejects.toThrow("too many symbolic links");
    await expect(open("lost")).rejects.toThrow("no such file or directory");
  });

  it("leave nothing on disk if a run ends before they are written", async () => {
    await writeFile(at("kept"), "old");
    await open("kept");
    await open("other");
    expect(await readdir(folder)).toEqual(["kept"]);
  });

  it("ignore temporary files of an earlier run", async () => {
    for (const id of [0, 1, process.pid]) await writeFile(at(`.neft-${id}-0.partial`), "left");
    await write("a", "whole");
    expect((await readdir(folder)).filter((name) => name.endsWith(".partial"))).toHaveLength(3);
    expect(await readFile(at("a"), "utf8")).toBe("whole");
  });

  it("differ from each other and from inputs, under any names", async () => {
    await writeFile(at("file"), "");
    await link(at("file"), at("hard"));
    await symlink("file", at("soft"));
    await symlink("new", at("dangling"));
    await symlink(".", at("here"));
    const pairs = [
      ["file", "hard"],
      ["file", "soft"],
      ["file", "here/file"],
      ["new", "here/new"],
      ["new", "./here/../new"],
      ["new", "dangling"],
    ];
    for (const [one, other] of pairs) {
      outputs = new Outputs();
      await open(one!);
      await expect(outputs.open(at(other!), "--json")).rejects.toThrow(/^--json: expected a different file from -o/);
      if (one !== "file") continue;
      outputs = new Outputs();
      await outputs.addInputs([at(one)]);
      await expect(open(other!)).rejects.toThrow(/^-o: expected a different file from the input /);
      outputs = new Outputs();
      await open(one);
      await expect(outputs.addInputs([at(other!)])).rejects.toThrow(/^-o: expected a different file from the input /);
    }
  });

  it("refuse two names for one file of a model", async () => {
    const out = await open("m.onnx");
    await expect(outputs.openExternal(["a/w", "./a/w"], out)).rejects.toThrow(
      '-o: external data: expected one name for each file, got "a/w" and "./a/w" for the same file',
    );
    // The same name on some systems: a composed letter, and a letter with a combining accent.
    await expect(outputs.openExternal(["\u00e9", "e\u0301"], out)).rejects.toThrow(
      /^-o: external data: expected a different file from -o: external data ".*", got /,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("write all files or none", async () => {
    await writeFile(at("a"), "old");
    const all = new Map([
      [await open("a"), "new"],
      [await open("b"), "new"],
      [await open("c"), "new"],
    ]);
    await mkdir(at("c"));
    await expect(outputs.write(all)).rejects.toThrow(
      /^-o: writing ".*c" failed \(it is a directory\); all existing files are unchanged$/,
    );
    expect(await readFile(at("a"), "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["a", "c"]);
  });

  it("report a failed write", async () => {
    await mkdir(at("inner"));
    const output = await open("inner/a");
    await rm(at("inner"), { recursive: true });
    await expect(outputs.write(new Map([[output, "x"]]))).rejects.toThrow(
      /^-o: writing ".*" failed \(no such file or directory\)/,
    );
  });

  it("don't follow a folder that became a link", async () => {
    for (const name of ["inner", "outside"]) await mkdir(at(name));
    const output = await open("inner/a");
    await rm(at("inner"), { recursive: true });
    await symlink("outside", at("inner"));
    await expect(outputs.write(new Map([[output, "x"]]))).rejects.toThrow("its folder was replaced by a link");
    expect(await readdir(at("outside"))).toEqual([]);
  });

  it("write devices and pipes directly, but no pipe without a reader", async () => {
    await outputs.write(new Map([[await outputs.open("/dev/null", "--json"), "{}"]]));
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
    await mkfifo("pipe");
    await expect(open("pipe")).rejects.toThrow(
      /^-o: expected a path that can be written, got ".*pipe" \(.*no process reads/,
    );
    const reader = spawn("cat", [at("pipe")]);
    let read = "";
    reader.stdout.on("data", (text) => {
      read += text;
    });
    const ended = new Promise((resolve) => reader.on("close", resolve));
    // cat needs some time to open it; the contents exceed the capacity of a pipe.
    let output = await open("pipe").catch(() => undefined);
    while (output === undefined) output = await open("pipe").catch(() => undefined);
    await outputs.write(new Map([[output, "x".repeat(300_000)]]));
    if (output.target.kind === "stream") (await import("node:fs")).closeSync(output.target.descriptor);
    await ended;
    expect(read).toBe("x".repeat(300_000));
  });

  it.each([
    ["a missing folder", "nowhere/x.onnx", "no such file or directory"],
    ["a folder", "inner", "it is a directory"],
    ["a folder with a slash", "inner/", "it names a folder; name a file in it"],
    ["a missing folder with a slash", "new/", "it names a folder; name a file in it"],
    ["the folder itself", "inner/.", "it names a folder; name a file in it"],
    ["a folder above", "inner/..", "it names a folder; name a file in it"],
    ["a file with a slash", "plain/", "it names a folder; name a file in it"],
    ["a file as a folder", "plain/x.onnx", "a part of the path is not a directory"],
    ["a name that is too long", "n".repeat(300), "the name is too long"],
    ["a name with a NUL", "a\0b", "the name holds a character that no path can have"],
  ])("refuse %s at once", async (_, name, reason) => {
    await writeFile(at("plain"), "");
    await mkdir(at("inner"));
    const before = await readdir(folder);
    await expect(outputs.open(`${folder}/${name}`, "-o")).rejects.toThrow(reason);
    await expect(outputs.open(`${folder}/${name}`, "-o")).rejects.toThrow(
      /^-o: expected a path that can be written, got /,
    );
    expect(await readdir(folder)).toEqual(before);
  });
});
