// Memory: flat over thousands of training steps, and the most a process takes for steps of VGG-8 at batch 128.
import { fork } from "node:child_process";
import { atMost } from "../harness/record.mjs";

/** Runs steps in a process of its own, which answers with what it used; see ../memoryChild.mjs. */
async function measure(network, strategy, batch, marks) {
  const child = fork(
    new URL("../memoryChild.mjs", import.meta.url),
    [network, strategy, batch, marks.join()].map(String),
    {
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    },
  );
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
  let answer;
  child.on("message", (message) => (answer = message));
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0 || !answer) throw new Error(`memory: expected ${network} steps to end well, got: ${errors.trim()}`);
  return answer;
}

/** What doesn't count as growth of what V8 holds, which it frees when it likes. */
const allowed = 1.05;

/**
 * What is compared, between which steps. V8 sets its young generation up to its full size, 48 MB, in the first few thousand
 * steps, though nothing in it stays: resident memory is compared from there on.
 */
const comparisons = [
  { what: "tensors", of: "live", from: 100, to: 1000, bound: 1 },
  { what: "WebAssembly memory", of: "memory", from: 100, to: 1000, bound: 1 },
  { what: "tensors", of: "live", from: 1000, to: 10_000, bound: 1 },
  { what: "WebAssembly memory", of: "memory", from: 1000, to: 10_000, bound: 1 },
  { what: "JavaScript heap in use", of: "heap", from: 1000, to: 10_000, bound: allowed },
  { what: "resident", of: "resident", from: 5000, to: 10_000, bound: allowed },
];

const megabytes = (bytes) => bytes / 1e6;

/** Measures one build. */
export async function run({ record }) {
  const marks = [...new Set(comparisons.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const { uses } = await measure("lenet", "noiseInjection", 8, marks);
  for (const { what, of, from, to, bound } of comparisons) {
    const [ours, peer] = [to, from].map((mark) => megabytes(uses[marks.indexOf(mark)][of]));
    record({
      what: `LeNet-5 batch 8, ${what} after ${to.toLocaleString("en")} steps`,
      ours,
      peer,
      peerName: `after ${from.toLocaleString("en")} steps`,
      unit: "MB",
      ratio: ours / peer,
      goal: atMost(bound),
    });
  }
  for (const [strategy, title, gigabytes, steps] of [
    ["noiseInjection", "noise injection", 1.5, 2],
    ["ovf", "OVF", 3, 1],
  ]) {
    const { peak } = await measure("vgg", strategy, 128, [steps]);
    const ours = peak / 1e9;
    record({
      what: `VGG-8 batch 128, ${title}, peak of the process`,
      ours,
      peer: gigabytes,
      peerName: "limit",
      unit: "GB",
      ratio: ours / gigabytes,
      goal: atMost(1),
    });
  }
}
