import { env } from "node:process";
import { init } from "@neft/kernels";
import { addOperators } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { beforeAll, describe, expect, it } from "vitest";
import { misusesOf } from "./misuses.js";
import { fileOf, opsetsOf, versions } from "./sample-file.js";
import { samples } from "./samples/samples.js";
import { outcomeOf } from "./survival.js";
import { watch } from "./watch.js";

addOperators(moreOperators);

const isLong = env.NEFT_FUZZ !== undefined;
const all = versions();

/** An error says which node, input or tensor it is about; one about the whole file begins with the function's name. */
const isNamed = (message: string): boolean =>
  /^(node|input|initializer|output|graph in node) "|^importOnnx: /.test(message);

/** Without `npm run fuzz`, of every operator's samples three get wrong inputs, and the first one wrong attributes. */
const most = isLong ? Number.POSITIVE_INFINITY : 3;
const partsOf = (index: number) => (isLong || index === 0 ? "everything" : "inputs");

describe("operators used wrongly", () => {
  beforeAll(() => init());

  it.each([...new Set(samples.map(({ op }) => op))])("%s: a result or our error", { timeout: 600_000 }, async (op) => {
    const faults: string[] = [];
    let refused = 0;
    const watched = watch(60);
    for (const [index, sample] of samples
      .filter((one) => one.op === op)
      .slice(0, most)
      .entries()) {
      const opset = Math.max(...opsetsOf(sample, all.get(op)!));
      for (const { what, sample: wrong } of misusesOf(sample, partsOf(index))) {
        const where = `${op} (${sample.about}) of opset ${opset}, ${what}`;
        watched.begin(where);
        const { refused: message, fault } = outcomeOf(fileOf(wrong, opset).bytes);
        if (fault !== undefined) faults.push(`${where}: ${fault}`);
        if (message === undefined) continue;
        refused++;
        if (!isNamed(message)) faults.push(`${where}: expected an error that names the node, got ${message}`);
      }
    }
    await watched.end();
    expect(faults).toEqual([]);
    expect(refused).toBeGreaterThan(10);
  });
});
