// Runs training steps in a separate process and reads its memory after some of them.
//   node --expose-gc bench/memory-child.mjs NETWORK STRATEGY BATCH MARK,…      sends the readings to the parent process
import { init, memoryUse } from "@neft/kernels";
import { createTrainer, strategies } from "./harness/steps.mjs";

const [network, strategy, batch, marks] = process.argv.slice(2);
await init();
const trainer = createTrainer(network, Number(batch), strategies[strategy]);
const uses = [];
let steps = 0;
for (const mark of marks.split(",").map(Number)) {
  for (; steps < mark; steps++) trainer.step();
  // Unreachable array buffers are freed in the background, with certainty only by the next collection.
  globalThis.gc();
  globalThis.gc();
  const { live, memory } = memoryUse();
  const { rss: resident, heapUsed, external } = process.memoryUsage();
  // `external` includes WebAssembly memory, which is compared separately.
  uses.push({ live, memory, heap: heapUsed + external - memory, resident });
}
// maxRSS is in units of 1024 bytes.
process.send({ uses, peak: process.resourceUsage().maxRSS * 1024 });
process.disconnect();
