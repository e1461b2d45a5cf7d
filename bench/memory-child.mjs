// Training steps in a process of their own, whose memory is read at some of them.
//   node --expose-gc bench/memory-child.mjs NETWORK STRATEGY BATCH MARK,…      answers to the parent process
import { init, memoryUse } from "@neft/kernels";
import { createTrainer, strategies } from "./harness/steps.mjs";

const [network, strategy, batch, marks] = process.argv.slice(2);
await init();
const trainer = createTrainer(network, Number(batch), strategies[strategy]);
const uses = [];
let steps = 0;
for (const mark of marks.split(",").map(Number)) {
  for (; steps < mark; steps++) trainer.step();
  // Array buffers found unused are freed beside the program, for certain only by the time of the next collection.
  globalThis.gc();
  globalThis.gc();
  const { live, memory } = memoryUse();
  const { rss: resident, heapUsed, external } = process.memoryUsage();
  // WebAssembly memory counts as external; it is compared by itself.
  uses.push({ live, memory, heap: heapUsed + external - memory, resident });
}
// The system counts the peak in kilobytes of 1024.
process.send({ uses, peak: process.resourceUsage().maxRSS * 1024 });
process.disconnect();
