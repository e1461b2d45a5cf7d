import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { type ConformanceCase, scoresByOperator } from "@neft/onnx";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findCases, tolerances } from "../conformance/cases.mjs";
import { difference } from "../conformance/comparison.mjs";
import { conformance } from "../conformance/conformance.mjs";
import { loosened } from "../conformance/loosened.mjs";
import { runCases } from "../conformance/processes.mjs";
import { commonReason, missingReport, reportOf } from "../conformance/report.mjs";
import { differencesFrom, readResults, recordPath } from "../conformance/results.mjs";
import { describeCase, isRefusal, runCase } from "../conformance/run-case.mjs";
import { readValue } from "../conformance/stored-value.mjs";
import { TensorProtoSchema } from "./onnx_pb.js";
import { DataType, type FileParts, floats, int64s, onnxFile, type Tensor } from "./onnx-file.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "neft-conformance-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, bytes: Uint8Array | string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  return file;
}

const encoded = (tensor: Tensor) => toBinary(TensorProtoSchema, create(TensorProtoSchema, tensor));

/** Writes a case: one node that reads all inputs, floats of shape [2] where the parts don't say otherwise. */
function writeCase(name: string, op: string, inputs: Tensor[], outputs: Tensor[], parts: Partial<FileParts> = {}) {
  const names = inputs.map((_, i) => `x${i}`);
  const file = onnxFile({
    nodes: [{ op, inputs: names, outputs: ["y"] }],
    inputs: names.map((one) => ({ name: one, shape: [2] })),
    outputs: [{ name: "y", shape: [2] }],
    ...parts,
  });
  write(`${name}/model.onnx`, file);
  for (const [kind, tensors] of Object.entries({ input: inputs, output: outputs })) {
    for (const [i, tensor] of tensors.entries()) write(`${name}/test_data_set_0/${kind}_${i}.pb`, encoded(tensor));
  }
}

const pair = (...values: number[]) => floats("", [2], values);

/** A suite with a case of every kind. */
function writeSuite() {
  writeCase("tiny/test_right", "Sub", [pair(1, 2), pair(3, -1)], [pair(-2, 3)]);
  writeCase("tiny/test_value", "Relu", [pair(-1, 2)], [pair(0, 2.1)]);
  writeCase("tiny/test_shape", "Relu", [pair(-1, 2)], [floats("", [2, 1], [0, 2])]);
  writeCase("tiny/test_type", "Relu", [pair(-1, 2)], [int64s("", [0, 2])]);
  writeCase("tiny/test_count", "Relu", [pair(-1, 2)], [pair(0, 2), pair(0, 2)]);
  writeCase("tiny/test_run", "Sub", [pair(1, 2), floats("", [3], [1, 2, 3])], [pair(1, 2)]);
  writeCase("tiny/test_operator", "Unheard", [pair(-1, 2)], [pair(0, 2)]);
  writeCase("tiny/test_input", "Relu", [pair(-1, 2)], [pair(0, 2)], {
    inputs: [{ name: "x0", type: DataType.STRING, shape: [2] }],
  });
  write("tiny/test_bytes/model.onnx", "not a model");
  write("tiny/readme.txt", "no case");
}

/** Runs cases in this process, from the sources. */
const runHere: typeof runCases = async (cases) => {
  const rows = [];
  for (const one of cases) {
    const { suite, name } = one;
    rows.push({ suite, name, ...describeCase(one), ...(await runCase(one)) });
  }
  return rows;
};

describe("a suite", () => {
  it("has passing, failing and refused cases, each with its reason", async () => {
    writeSuite();
    const rows = await runHere(findCases(join(root, "tiny")));
    expect(rows.map(({ suite, name, result }) => `${suite}/${name} ${result}`)).toEqual([
      "tiny/test_bytes refused",
      "tiny/test_count fail",
      "tiny/test_input refused",
      "tiny/test_operator refused",
      "tiny/test_right pass",
      "tiny/test_run refused",
      "tiny/test_shape fail",
      "tiny/test_type fail",
      "tiny/test_value fail",
    ]);
    const reasons = Object.fromEntries(rows.map(({ name, reason }) => [name, reason]));
    expect(reasons.test_value).toBe(
      'output "y": expected 2.0999999046325684 at element 1, got 2 (1 of 2 elements differ)',
    );
    expect(reasons.test_shape).toBe('output "y": expected shape [2,1], got [2]');
    expect(reasons.test_type).toBe('output "y": expected i64 (INT64), got f32');
    expect(reasons.test_count).toBe("expected 2 outputs, got 1");
    expect(reasons.test_input).toMatch(/^input "x0": expected one of the data types .*, got STRING$/);
    expect(reasons.test_operator).toMatch(/expected supported operators .*Unheard/);
    expect(reasons.test_right).toBeUndefined();
    expect(reasons.test_run).toBe('run: input "x1": expected N to be 2, as on another axis, got 3');
    expect(rows[3]).toMatchObject({ operator: "Unheard", missing: ["Unheard"] });
    expect(rows[4]).toMatchObject({ operator: "Sub" });
  });

  it("ends the command with exit code 1 if a case fails, else 0, and writes a row for each case", async () => {
    writeSuite();
    const json = join(root, "results.json");
    const printed: string[] = [];
    const surroundings = { print: (text: string) => printed.push(text), run: runHere };
    expect(await conformance({ suite: [join(root, "tiny")], json }, surroundings)).toBe(1);
    expect(await conformance({ suite: [root], filter: "tiny/test_right" }, surroundings)).toBe(0);
    expect(await conformance({ missing: json }, surroundings)).toBe(0);
    expect(printed[0]).toContain("suite  pass  fail  refused  cases\ntiny      1     4        4      9\n");
    expect(printed[0]).toContain("Failed:\n  tiny/test_count: expected 2 outputs, got 1");
    expect(printed[1]).toBe("suite  pass  fail  refused  cases\ntiny      1     0        0      1");
    expect(printed[2]).toBe("operator  cases  alone\nUnheard       1      1");
    const { source, cases } = JSON.parse(readFileSync(json, "utf8"));
    expect(source).toBe(join(root, "tiny"));
    expect(cases).toHaveLength(9);
    expect(cases.every((row: { result: string; reason?: string }) => row.result === "pass" || row.reason)).toBe(true);
    await expect(conformance({ suite: [root], filter: "nothing" }, surroundings)).rejects.toThrow("expected --filter");
    await expect(conformance({ suite: [join(root, "none")] }, surroundings)).rejects.toThrow("no such folder");
    await expect(conformance({ suite: [root], check: true }, surroundings)).rejects.toThrow("--check without --suite");
  });

  it("takes tolerances from data.json, and ramps for models in the layout of light", async () => {
    writeCase("a/test_loose", "Relu", [pair(1, 2)], [pair(1.05, 2)]);
    write("a/test_loose/data.json", JSON.stringify({ rtol: 0.1 }));
    const graph = { inputs: [{ name: "x", shape: [1, 4] }], outputs: [{ name: "y", shape: [1, 4] }] };
    write("light/light_net.onnx", onnxFile({ nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }], ...graph }));
    write("light/light_net_output_0.pb", encoded(floats("", [1, 4], [0, 0.25, 0.5, 0.75])));
    write("real/test_net/data.json", JSON.stringify({ rtol: 0.002, atol: 0.5 }));
    const cases = findCases(root);
    expect(cases.map(({ suite, name, rtol, atol }) => [suite, name, rtol, atol])).toEqual([
      ["a", "test_loose", 0.1, tolerances.atol],
      ["light", "light_net", 0.002, 0.5],
    ]);
    expect((await runHere(cases)).map(({ result }) => result)).toEqual(["pass", "pass"]);
  });

  it("has other tolerances for the cases of a table, which the report names", async () => {
    const names = Object.keys(loosened);
    for (const name of [...names, "node/test_other"]) writeCase(name, "Relu", [pair(1, 2)], [pair(1, 2)]);
    const cases = findCases(root);
    const other = cases.filter(({ rtol, atol }) => rtol !== tolerances.rtol || atol !== tolerances.atol);
    expect(other.map(({ suite, name }) => `${suite}/${name}`)).toEqual(names.sort());
    const report = reportOf(await runHere(cases));
    for (const name of names)
      expect(report).toContain(`${name}: atol ${loosened[name]!.atol}: ${loosened[name]!.reason}`);
    expect(report).not.toContain("test_other");
  });

  it("reads every data set of a case, and inputs by position past initializers", async () => {
    writeCase("a/test_sets", "Sub", [pair(5, 7)], [pair(4, 5)], {
      nodes: [{ op: "Sub", inputs: ["x0", "w"], outputs: ["y"] }],
      inputs: [
        { name: "w", shape: [2] },
        { name: "x0", shape: [2] },
      ],
      initializers: [floats("w", [2], [1, 2])],
    });
    const [sound] = await runHere(findCases(root));
    expect(sound!.result).toBe("pass");
    write("a/test_sets/test_data_set_1/input_0.pb", encoded(pair(0, 0)));
    write("a/test_sets/test_data_set_1/output_0.pb", encoded(pair(1, -2)));
    const [wrong] = await runHere(findCases(root));
    expect(wrong!.reason).toBe('data set 1: output "y": expected 1 at element 0, got -1 (1 of 2 elements differ)');
  });
});

describe("a refusal", () => {
  it("is an error that states what was expected, and wraps no crash", () => {
    const ours = "expected input 0 as f32, got u8";
    const wrapped = (cause: unknown) => new Error(`node "a": ${ours}`, { cause });
    expect([new Error(ours), new TypeError(ours), wrapped(new RangeError(ours))].map(isRefusal)).toEqual([
      true,
      true,
      true,
    ]);
    const crash = new TypeError("Cannot read properties of undefined");
    const trap = new WebAssembly.RuntimeError("unreachable");
    const others = [
      crash,
      trap,
      new RangeError("Maximum call stack size exceeded"),
      wrapped(crash),
      wrapped(trap),
      ours,
    ];
    expect(others.filter(isRefusal)).toEqual([]);
  });
});

describe("the comparison of outputs", () => {
  const compare = (
    dataType: number,
    rawData: Uint8Array,
    dtype: string,
    data: ArrayLike<number | bigint>,
    declared?: number,
  ) => {
    const path = write("value.pb", encoded({ dims: [BigInt(data.length)], dataType, rawData }));
    return difference({ dtype, shape: [data.length], data }, readValue(path, declared), { rtol: 1e-3, atol: 1e-7 });
  };
  const bytes = (array: Float32Array | Float64Array | Uint16Array | BigInt64Array) => new Uint8Array(array.buffer);

  it("has a relative and an absolute tolerance for floats; NaN equals NaN, infinities equal themselves", () => {
    const same = (want: number, got: number) =>
      compare(DataType.FLOAT, bytes(Float32Array.of(want)), "f32", Float32Array.of(got)) === undefined;
    expect([same(1, 1.0009), same(1, 1.0011), same(0, 9e-8), same(0, 2e-7)]).toEqual([true, false, true, false]);
    expect([same(Number.NaN, Number.NaN), same(Number.NaN, 0), same(0, Number.NaN)]).toEqual([true, false, false]);
    const infinity = Number.POSITIVE_INFINITY;
    expect([same(infinity, infinity), same(infinity, -infinity), same(infinity, 1), same(1, infinity)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("rounds to the expected type", () => {
    const halves = bytes(Uint16Array.of(0x7c00, 0x0000)); // infinity, 0
    expect(compare(DataType.FLOAT16, halves, "f32", Float32Array.of(70_000, 1e-9))).toBeUndefined();
    expect(compare(DataType.DOUBLE, bytes(Float64Array.of(0.1)), "f32", Float32Array.of(0.1))).toBeUndefined();
    const third = bytes(Uint16Array.of(0x3eab)); // 0.333984375
    expect(compare(DataType.BFLOAT16, third, "f32", Float32Array.of(1 / 3))).toBeUndefined();
    expect(compare(DataType.UINT16, third, "f32", Float32Array.of(1 / 3), DataType.BFLOAT16)).toBeUndefined();
    expect(compare(DataType.UINT16, third, "f32", Float32Array.of(1 / 3))).toBe("expected u16 (UINT16), got f32");
  });

  it("is exact for integers", () => {
    const large = 2n ** 60n;
    const want = bytes(BigInt64Array.of(large));
    expect(compare(DataType.INT64, want, "i64", BigInt64Array.of(large))).toBeUndefined();
    expect(compare(DataType.INT64, want, "i64", BigInt64Array.of(large + 1n))).toMatch(
      /^expected 1152921504606846976 /,
    );
    expect(compare(DataType.INT64, want, "i32", Int32Array.of(0))).toBe("expected i64 (INT64), got i32");
  });
});

describe("the processes", () => {
  it("lose one case when it ends or hangs them, and keep the order", async () => {
    const child = write(
      "child.mjs",
      `process.on("message", ({ name }) => {
        if (name === "exits") process.exit(7);
        if (name === "dies") process.kill(process.pid, "SIGKILL");
        process.send({ about: { operator: "Relu" } });
        if (name === "spins") for (;;);
        process.send({ outcome: { result: "pass" } });
      });\n`,
    );
    const names = ["a", "exits", "b", "spins", "dies", "c"];
    const cases = names.map((name) => ({ suite: "s", name, model: "", sets: [], ...tolerances }));
    const rows = await runCases(cases, { processes: 2, seconds: 1, child: pathToFileURL(child) });
    expect(rows.map(({ name }) => name)).toEqual(names);
    expect(rows.map(({ result, reason }) => reason ?? result)).toEqual([
      "pass",
      "crash: the process ended with exit code 7",
      "pass",
      "expected a result within 1 s, got none",
      expect.stringMatching(/^crash: the process ended with /),
      "pass",
    ]);
    expect(rows[3]!.operator).toBe("Relu");
  });
});

describe("reports", () => {
  it("group refusals by what they have in common", () => {
    expect(commonReason('importOnnx: expected x, got node "a" (Elu), node "b\\"c" (Elu); see')).toBe(
      "importOnnx: expected x, got Elu; see",
    );
    expect(commonReason('importOnnx: expected x, got Elu (2 nodes, first "a"), Foo (node "b"); see')).toBe(
      "importOnnx: expected x, got Elu, Foo; see",
    );
    const refused = (name: string, reason: string) => ({ suite: "s", name, result: "refused" as const, reason });
    const rows = [refused("a", 'node "a" (Conv): no'), refused("b", "other"), refused("c", 'node "c" (Conv): no')];
    expect(reportOf(rows)).toContain("cases  reason    for example\n    2  Conv: no  s/a\n    1  other     s/b");
    expect(reportOf(rows, { verbose: true })).toContain('refused  s/c  node "c" (Conv): no');
  });

  it("rank missing operators by the cases that need them", () => {
    const row = (missing?: string[]) => ({
      suite: "s",
      name: "n",
      result: "refused" as const,
      ...(missing && { missing }),
    });
    const text = missingReport([row(["A", "B"]), row(["B"]), row(["C"]), row()]);
    expect(text.split("\n").map((line) => line.split(/ +/))).toEqual([
      ["operator", "cases", "alone"],
      ["B", "2", "1"],
      ["C", "1", "1"],
      ["A", "1", "0"],
    ]);
  });

  it("compare results with recorded ones, of the suites that were run", () => {
    const row = (suite: string, name: string, result: ConformanceCase["result"], reason?: string) => ({
      ...{ suite, name, result },
      ...(reason && { reason }),
    });
    const record = [
      row("s", "a", "pass"),
      row("s", "b", "refused"),
      row("s", "gone", "pass"),
      row("other", "x", "pass"),
    ];
    const rows = [row("s", "a", "fail", "wrong"), row("s", "b", "refused", "why"), row("s", "new", "pass")];
    expect(differencesFrom(record, rows)).toEqual([
      "s/a: recorded pass, got fail: wrong",
      "s/gone: recorded pass, got no case",
      "s/new: recorded no case, got pass",
    ]);
  });
});

describe("the record", () => {
  it("gives scores by operator", () => {
    const cases = readResults(recordPath).cases as ConformanceCase[];
    const scores = scoresByOperator(cases);
    const node = cases.filter(({ suite }) => suite === "node");
    expect(node).toHaveLength(1765);
    const sum = [...scores.values()].reduce((total, score) => total + score.passed, 0);
    expect(sum).toBe(node.filter(({ operator, result }) => operator !== undefined && result === "pass").length);
    expect(scores.get("Relu")).toEqual({ passed: 1, total: 1 });
    expect(scoresByOperator(cases, "none").size).toBe(0);
  });
});
