// Runs one bench with one build in a separate process: a process can load only one build, and benches must not share compiled code.
//   node bench/child.mjs TOPIC BUILD ROUNDS      sends records to the parent process
import { init } from "@neft/kernels";
import { makeRecord, makeSkipped } from "./harness/record.mjs";

const [name, build, rounds] = process.argv.slice(2);
const { run } = await import(`./topics/${name}.mjs`);
await init({ relaxed: build === "relaxed" });
await run({
  build,
  rounds: Number(rounds),
  record: (record) => process.send(makeRecord({ bench: name, build, ...record })),
  skip: (record) => process.send(makeSkipped({ bench: name, build, ...record })),
});
process.disconnect();
