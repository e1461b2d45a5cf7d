// Time from a new process to the first chip's result, against an empty process.
import { spawnSync } from "node:child_process";
import { contest, median, medianRatio, wallTime } from "../harness/contest.mjs";
import { atMost } from "../harness/record.mjs";

/** A user's program: LeNet-5 on 1,000 images through the API, on the main thread. */
const program = `
import { evaluate, importOnnx, init, readDataset, take } from "neft";
import { readFileSync } from "node:fs";
await init();
const model = importOnnx(new Uint8Array(readFileSync("../examples/models/mnist-lenet5.onnx")));
const data = take(await readDataset("mnist:test"), 1000);
const { results } = await evaluate(model, data, { sigma: 0.2, chips: 1 });
console.log(results[0].accuracy.mean);
`;

function runNode(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: new URL("..", import.meta.url),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`start: expected node to end well, got: ${stderr.trim()}`);
  return stdout;
}

/** Measures one build. */
export async function run({ rounds, record }) {
  const first = () => runNode("--input-type=module", "--eval", program);
  const accuracy = Number(first());
  if (!(accuracy > 50 && accuracy <= 100))
    throw new Error(`start: expected a chip that reads digits, got ${accuracy} %`);
  const ours = () => void first();
  const empty = () => void runNode("--eval", "0");
  const times = await contest({ ours, empty }, { rounds, warmUp: 2, clock: wallTime });
  record({
    what: "new process to the first chip, LeNet-5, 1,000 images",
    ours: median(times.ours),
    peer: median(times.empty),
    peerName: "node -e 0",
    unit: "ms",
    ratio: medianRatio(times.ours, times.empty),
    goal: atMost(8),
  });
}
