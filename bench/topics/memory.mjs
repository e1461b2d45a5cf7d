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

/** What doesn't count as growth: a share of the resident memory, as V8 frees its own when it likes. */
const allowed = 1.05;

const megabytes = (bytes) => bytes / 1e6;

/** Measures one build. */
export async function run({ record }) {
  const marks = [100, 1000, 10_000];
  const { uses } = await measure("lenet", "noiseInjection", 8, marks);
  const report = (from, to) => {
    const [before, after] = [uses[marks.indexOf(from)], uses[marks.indexOf(to)]];
    const steps = `LeNet-5 batch 8, ${to.toLocaleString("en")} steps against ${from.toLocaleString("en")}`;
    for (const [name, what] of [
      ["live", "allocated by tensors"],
      ["memory", "WebAssembly memory"],
      ["resident", "resident"],
    ]) {
      const goal = atMost(name === "resident" ? allowed : 1);
      const [ours, peer] = [megabytes(after[name]), megabytes(before[name])];
      const peerName = `after ${from.toLocaleString("en")} steps`;
      record({ what: `${steps}, ${what}`, ours, peer, peerName, unit: "MB", ratio: ours / peer, goal });
    }
  };
  report(100, 1000);
  report(1000, 10_000);
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
