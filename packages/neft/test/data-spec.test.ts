import { describe, expect, it } from "vitest";
import { parseDataSpec } from "../src/data-spec.js";

const who = "--x";

describe("parseDataSpec", () => {
  it.each([
    ["mnist:train", { kind: "mnist", part: "train" }],
    ["mnist:test", { kind: "mnist", part: "test" }],
    ["idx:a/images.gz,b/labels.gz", { kind: "idx", images: "a/images.gz", labels: "b/labels.gz" }],
    ["idx:a/images.gz", { kind: "idx", images: "a/images.gz" }],
    ["npy:a,b#c.npy", { kind: "npy", file: "a,b#c.npy" }],
    ["npz:a.npz#images,", { kind: "npz", file: "a.npz", arrays: ["images"] }],
    ["cifar10:one.bin", { kind: "cifar10", files: ["one.bin"] }],
    ["cifar10:one.bin,two.bin", { kind: "cifar10", files: ["one.bin", "two.bin"] }],
    ["npz:C:\\data\\x,y.npz", { kind: "npz", file: "C:\\data\\x,y.npz" }],
    ["npz:a.npz#train", { kind: "npz", file: "a.npz", part: "train" }],
    ["npz:a#b/c#1.npz#test", { kind: "npz", file: "a#b/c#1.npz", part: "test" }],
    ["npz:a.npz#val", { kind: "npz", file: "a.npz", part: "val" }],
    ["npz:a.npz#images,my labels", { kind: "npz", file: "a.npz", arrays: ["images", "my labels"] }],
    ["npz:#1.npz", { kind: "npz", file: "#1.npz" }],
    ["npz:a#b,c.npz", { kind: "npz", file: "a#b,c.npz" }],
    ["npz:a#b/x,y", { kind: "npz", file: "a#b/x,y" }],
    ["npz:a#train#", { kind: "npz", file: "a#train" }],
    ["npz:a##test", { kind: "npz", file: "a#", part: "test" }],
    ["npz:#train", { kind: "npz", file: "#train" }],
  ])("reads %s", (word, spec) => {
    expect(parseDataSpec(word, who)).toEqual(spec);
  });

  it.each([
    "",
    "mnist",
    "mnist:",
    "mnist:valid",
    "MNIST:test",
    "idx:",
    "npy: ",
    "inputs:a.npz",
    "idx:a,b,c",
    "idx:,b",
    "cifar10:",
    "cifar10:a,,b",
    "npz:",
    "npz",
    "csv:x",
    ":x",
  ])("refuses %j", (word) => {
    expect(() => parseDataSpec(word, who)).toThrow(/^--x: expected .*, got /);
  });
});
