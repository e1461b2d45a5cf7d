// A process that runs cases one after another. The parent sends each; the answers are { about } at once, then { outcome }.
import { describeCase, runCase } from "./run-case.mjs";

process.on("message", async (one) => {
  process.send({ about: describeCase(one) });
  process.send({ outcome: await runCase(one) });
});
