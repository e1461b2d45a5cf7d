import { init } from "@neft/kernels";
import { type AttributeKind, addOperators, knownOperators, valueShapes } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { importOnnx } from "@neft/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { differences, runHere, runInRuntime, type Values } from "./runtime.js";
import { contentsOf, fileOf, opsets, opsetsOf, versions as versionsOfFiles } from "./sample-file.js";
import type { Sample } from "./samples/sample.js";
import { samples } from "./samples/samples.js";

addOperators(moreOperators);

const versions = versionsOfFiles();
const opsetsIn = (sample: Sample): number[] => opsetsOf(sample, versions.get(sample.op)!);

/** Outputs that a sample gives itself. */
const expectedOf = ({ expected }: Sample): Values | undefined =>
  expected && Object.fromEntries(expected.map((output, i) => [`out${i}`, contentsOf(output, i)]));

const holdsGraphs = (op: string): boolean =>
  Object.values(knownOperators.get(op)?.attributes ?? {}).some(
    (kind) => (kind as AttributeKind<unknown>).stored === "GRAPH",
  );

describe("the operator table", () => {
  beforeAll(() => init());

  it("has a sample for every row", () => {
    // bodies.test.ts has those that run graphs.
    const alone = [...versions].filter(([op]) => !holdsGraphs(op));
    const missing = alone.flatMap(([op, all]) =>
      all
        .map((since) => Math.max(since, opsets.min))
        .filter((since) => !samples.some((sample) => sample.op === op && opsetsIn(sample).includes(since)))
        .map((since) => `${op} since ${since}`),
    );
    expect(missing).toEqual([]);
  });

  it.each([...versions.keys()])("%s agrees with onnxruntime in every opset", async (op) => {
    const failures: string[] = [];
    for (const sample of samples.filter((one) => one.op === op)) {
      for (const opset of opsetsIn(sample)) {
        const where = `${op} (${sample.about}) opset ${opset}`;
        const { bytes, feeds } = fileOf(sample, opset);
        try {
          const expected = expectedOf(sample) ?? (await runInRuntime(bytes, feeds));
          const model = importOnnx(bytes);
          failures.push(...differences(runHere(model, feeds), expected).map((line) => `${where}: ${line}`));
          if (!sample.dynamic) {
            const inferred = valueShapes(model, Object.values(feeds)[0]!.shape[0]).get("out0");
            if (inferred?.join() !== expected.out0!.shape.join()) failures.push(`${where}: inferred [${inferred}]`);
          }
          model.dispose();
        } catch (error) {
          failures.push(`${where}: ${error instanceof Error ? error.message : error}`);
        }
      }
    }
    expect(failures).toEqual([]);
  });
});
