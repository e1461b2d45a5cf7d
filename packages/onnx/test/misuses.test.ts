import { env } from "node:process";
import { init } from "@neft/kernels";
import { addOperators } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { misusesOf } from "./misuses.js";
import { fileOf, opsetsOf, versions } from "./sample-file.js";
import { samples } from "./samples/samples.js";
import { outcomeOf } from "./survival.js";
import { type Watch, watch } from "./watch.js";

addOperators(moreOperators);

const isLong = env.NEFT_FUZZ !== undefined;
const all = versions();

/** An error says which node, input or tensor it is about; one about the whole file begins with the function's name. */
const isNamed = (message: string): boolean =>
  /^(node|input|initializer|output|graph in node) "|^importOnnx: /.test(message);

/** Without `npm run fuzz`, the first of every operator's samples alone is used wrongly, with a quarter of the elements and values of attributes. */
const { most, share } = isLong ? { most: Number.POSITIVE_INFINITY, share: 1 } : { most: 1, share: 4 };

describe("operators used wrongly", () => {
  // One for all operators: starting a thread takes longer than the cases of most.
  let watched: Watch;
  beforeAll(() => {
    watched = watch(60);
    return init();
  });
  afterAll(() => watched.end());

  it.each([...new Set(samples.map(({ op }) => op))])("%s: a result or our error", { timeout: 600_000 }, (op) => {
    const faults: string[] = [];
    let refused = 0;
    for (const sample of samples.filter((one) => one.op === op).slice(0, most)) {
      const opset = Math.max(...opsetsOf(sample, all.get(op)!));
      for (const { what, sample: wrong } of misusesOf(sample, share)) {
        const where = `${op} (${sample.about}) of opset ${opset}, ${what}`;
        watched.begin(where);
        const { refused: message, fault } = outcomeOf(fileOf(wrong, opset).bytes);
        if (fault !== undefined) faults.push(`${where}: ${fault}`);
        if (message === undefined) continue;
        refused++;
        if (!isNamed(message)) faults.push(`${where}: expected an error that names the node, got ${message}`);
      }
    }
    expect(faults).toEqual([]);
    expect(refused).toBeGreaterThan(10);
  });
});
