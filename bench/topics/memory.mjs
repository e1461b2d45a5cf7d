// Memory: constant over thousands of training steps, and the peak of a process that trains VGG-8 at batch 128.
import { fork } from "node:child_process";
import { median } from "../harness/contest.mjs";
import { atMost } from "../harness/record.mjs";

/** Runs steps in a separate process, ../memory-child.mjs, and returns its memory readings. */
async function measure(network, strategy, batch, marks) {
  const child = fork(
    new URL("../memory-child.mjs", import.meta.url),
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

/**
 * Compared readings: the median over the steps `to` divided by the median over the steps `from` must not exceed `bound`. In the first
 * few thousand steps V8 compiles and grows its young generation to its full size, 48 MB, so V8's memory is compared after them. V8
 * chooses when it frees memory, hence bounds above 1.
 */
const comparisons = [
  { what: "tensors", of: "live", from: [100], to: [1000], bound: 1 },
  { what: "WebAssembly memory", of: "memory", from: [100], to: [1000], bound: 1 },
  { what: "tensors", of: "live", from: [1000], to: [10_000], bound: 1 },
  { what: "WebAssembly memory", of: "memory", from: [1000], to: [10_000], bound: 1 },
  { what: "JavaScript heap in use", of: "heap", from: [5000, 5200, 5400], to: [9600, 9800, 10_000], bound: 1.03 },
  { what: "resident", of: "resident", from: [5000, 5200, 5400], to: [9600, 9800, 10_000], bound: 1.05 },
];

const megabytes = (bytes) => bytes / 1e6;

/** Measures one build. */
export async function run({ record }) {
  const marks = [...new Set(comparisons.flatMap(({ from, to }) => [...from, ...to]))].sort((a, b) => a - b);
  const { uses } = await measure("lenet", "noiseInjection", 8, marks);
  for (const { what, of, from, to, bound } of comparisons) {
    const [ours, peer] = [to, from].map((at) => median(at.map((mark) => megabytes(uses[marks.indexOf(mark)][of]))));
    record({
      what: `LeNet-5 batch 8, ${what} after ${to.at(-1).toLocaleString("en")} steps`,
      ours,
      peer,
      peerName: `after ${from[0].toLocaleString("en")} steps`,
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
