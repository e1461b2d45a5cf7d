// Nanoseconds per standard normal of a stream on one core, against tfjs and PyTorch.
import { wasm } from "@neft/kernels";
import { stream } from "@neft/tensor";
import { createBuffers, read, seed } from "../harness/buffers.mjs";
import { contest, median, medianRatio } from "../harness/contest.mjs";
import { atMost } from "../harness/record.mjs";
import { startPytorch, withPytorch } from "../peers/pytorch.mjs";
import { tf, tfjsCpuName, useTfjs } from "../peers/tfjs.mjs";

const count = 1 << 20;

/**
 * Checks that the moments of `count` numbers are those of a standard normal within five standard errors. The standard errors are
 * 1/√n of the mean, √(2/n) of the variance and √(p(1−p)/n) of the fraction beyond ±2.
 * @throws {Error} with the differences in standard errors.
 */
function checkNormals(values) {
  const mean = values.reduce((sum, x) => sum + x, 0) / count;
  const variance = values.reduce((sum, x) => sum + x * x, 0) / count;
  const beyond = values.reduce((sum, x) => sum + (Math.abs(x) > 2 ? 1 : 0), 0) / count;
  const p = 0.0455003;
  const off = [
    Math.abs(mean) * Math.sqrt(count),
    Math.abs(variance - 1) / Math.sqrt(2 / count),
    Math.abs(beyond - p) / Math.sqrt((p * (1 - p)) / count),
  ];
  if (!off.every((errors) => errors < 5)) {
    throw new Error(
      `normals: expected moments of a standard normal within 5 standard errors, got differences of ${off} standard errors`,
    );
  }
}

/** Measures one build. */
export async function run({ rounds, record, skip }) {
  const buffers = createBuffers();
  const out = buffers.empty(count);
  const key = stream(seed, { purpose: "bench", name: "normals" });
  const ours = () => wasm().fillNormal(key, out, count);
  ours();
  checkNormals(read(out, count));
  const what = "2^20 normals";
  const report = (times, peer, peerName) => {
    const each = (all) => all.map((ms) => (ms * 1e6) / count);
    const ratio = medianRatio(times.ours, times[peer]);
    record({ what, ours: median(each(times.ours)), peer: median(each(times[peer])), peerName, unit: "ns", ratio });
  };
  await useTfjs("cpu");
  const tfjs = () => tf.randomNormal([count]).dispose();
  const times = await contest({ ours, tfjs }, { rounds });
  const ns = median(times.ours.map((ms) => (ms * 1e6) / count));
  record({ what, ours: ns, peer: 1, peerName: "a nanosecond", unit: "ns", ratio: ns, goal: atMost(3) });
  report(times, "tfjs", tfjsCpuName);
  await withPytorch({ skip, what }, [startPytorch()], async ([pytorch]) => {
    report(await contest({ ours, pytorch: pytorch.timer("normals") }, { rounds }), "pytorch", pytorch.name);
  });
  buffers.close();
}
