import { env } from "node:process";
import { init } from "@neft/kernels";
import { addOperators, knownOperators } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { beforeAll, describe, expect, it } from "vitest";
import { corpus } from "./corpus.js";
import { mutatedBytes, mutatedParts, randomIntegers } from "./mutations.js";
import { type Outcome, outcomeOf } from "./survival.js";
import { watch } from "./watch.js";

addOperators(moreOperators);

/** Files of `npm run fuzz`, or of the tests; and what makes another run's files differ. */
const isLong = env.NEFT_FUZZ !== undefined;
const count = Number(env.NEFT_FUZZ ?? 20_000);
const seed = Number(env.NEFT_FUZZ_SEED ?? 1);

/** More of these are not listed. */
const mostFaults = 20;

describe("mutated files", () => {
  beforeAll(() => init());

  it(`${count} files: a result or our error`, { timeout: 20 * count + 120_000 }, async () => {
    const files = corpus(isLong);
    const operators = [...knownOperators.keys()];
    const tally: Record<Outcome["reached"], number> = { nothing: 0, model: 0, shapes: 0, outputs: 0 };
    const faults: string[] = [];
    let slowest = { time: 0, name: "" };
    const watched = watch(60);
    for (let i = 0; i < count && faults.length < mostFaults; i++) {
      const random = randomIntegers(Math.imul(seed, 0x1000193) + i * 7919);
      const { name: file, bytes } = files[random(files.length)]!;
      const isBytes = random(4) === 0;
      const name = `file ${i} of seed ${seed} (${file}, changed ${isBytes ? "bytes" : "parts"})`;
      watched.begin(name);
      const mutated = isBytes ? mutatedBytes(bytes, random) : mutatedParts(bytes, operators, random);
      const outcome = outcomeOf(mutated, i);
      tally[outcome.reached]++;
      if (outcome.fault !== undefined) faults.push(`${name}: ${outcome.fault}`);
      if (outcome.time > slowest.time) slowest = { time: outcome.time, name };
    }
    await watched.end();
    if (isLong) console.log(tally, slowest);
    expect(faults).toEqual([]);
    expect(tally.nothing + tally.model + tally.shapes + tally.outputs).toBe(count);
    // Mutations that nothing survives would test the first check alone.
    expect(tally.outputs / count).toBeGreaterThan(0.2);
    expect(tally.nothing / count).toBeGreaterThan(0.2);
  });
});
