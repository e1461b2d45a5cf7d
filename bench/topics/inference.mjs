// One pass of real networks against onnxruntime-web, both on one thread, from values in JavaScript's memory to values in JavaScript's memory.
import { createRequire } from "node:module";
import { run as runModel } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { importOnnx } from "@neft/onnx";
import { noGrad, scope, tensor } from "@neft/tensor";
import { bytesOf } from "../../packages/onnx/test/networks/files.mjs";
import { networks } from "../../packages/onnx/test/networks/table.mjs";
import { feedsOf } from "../../packages/onnx/test/networks/values.mjs";
import { contest, geometricMean, median, medianRatio } from "../harness/contest.mjs";
import { atMost } from "../harness/record.mjs";
import { checkOutputs } from "../harness/reference.mjs";
import { onnxruntimeName, onnxruntimeNetwork } from "../peers/onnxruntime.mjs";

/** Goal: our time over onnxruntime-web's. */
const mostTimes = 2;

const { resolve } = createRequire(import.meta.url);

/** Runs an imported model. @returns {Record<string, ArrayLike<number | bigint>>} the outputs' elements by name. */
function runHere(model, feeds) {
  return scope(() =>
    noGrad(() => {
      const inputs = Object.entries(feeds).map(([name, { dtype, shape, data }]) => [name, tensor(data, shape, dtype)]);
      const { outputs } = runModel(model, Object.fromEntries(inputs));
      return Object.fromEntries([...outputs].map(([name, value]) => [name, value.toArray()]));
    }),
  );
}

/** "PP-OCRv4 detection, N 1, H 320, W 320" */
const titleOf = ({ name, typical }) => [name, ...Object.entries(typical).map((entry) => entry.join(" "))].join(", ");

/** The model, or the reason why it can't be imported. */
function importOrReason(bytes) {
  try {
    return { model: importOnnx(bytes, { operators: [moreOperators] }) };
  } catch (error) {
    return { reason: error.message.slice(0, 200) };
  }
}

/** How long each runs before it is timed: V8 compiles hundreds of functions of ours, and both modules anew, in that time. */
const warmUpMs = 1000;

async function warmUp(work) {
  const end = performance.now() + warmUpMs;
  while (performance.now() < end) await work();
}

/** Measures one build. */
export async function run({ rounds, record, skip }) {
  const ratios = [];
  for (const network of networks) {
    const what = titleOf(network);
    const bytes = bytesOf(network, resolve);
    const { model, reason } = importOrReason(bytes);
    if (model === undefined) {
      skip({ what, peerName: onnxruntimeName, reason });
      continue;
    }
    const feeds = feedsOf(network, network.typical);
    const peer = await onnxruntimeNetwork(bytes, feeds);
    checkOutputs(what, runHere(model, feeds), await peer.read(), network.timedTolerance ?? network.tolerance);
    const contestants = { ours: () => void runHere(model, feeds), peer: peer.run };
    for (const work of Object.values(contestants)) await warmUp(work);
    const times = await contest(contestants, { rounds });
    model.dispose();
    await peer.close();
    const ratio = medianRatio(times.ours, times.peer);
    ratios.push(ratio);
    record({
      what,
      ours: median(times.ours),
      peer: median(times.peer),
      peerName: onnxruntimeName,
      unit: "ms",
      ratio,
      goal: atMost(mostTimes),
    });
  }
  const ratio = geometricMean(ratios);
  record({ what: "geometric mean", ours: ratio, peer: 1, peerName: onnxruntimeName, unit: "×", ratio });
}
