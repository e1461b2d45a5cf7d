import { readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { rescue } from "../src/command/rescue.js";

describe("rescue", () => {
  it.each(["model.onnx", "weights.bin", "a/model.onnx"])("saves a model whose weights are in %s", (location) => {
    const path = rescue(
      { model: Uint8Array.of(1), external: new Map([[location, Uint8Array.of(2)]]) },
      "/where/out.onnx",
    );
    expect(basename(path!)).toBe("out.onnx");
    expect([...readFileSync(path!)]).toEqual([1]);
    expect([...readFileSync(join(dirname(path!), location))]).toEqual([2]);
    rmSync(dirname(path!), { recursive: true });
  });
});
