// What a read of a chip is spent on, from a profile of V8.
import { Session } from "node:inspector/promises";

/** Parts of a read by functions on the call stack, the innermost first. */
const parts = [
  ["(garbage collector)", "garbage collection"],
  ["(program)", "V8"],
  ["(idle)", undefined],
  ["unfold", "unfolding of inputs"],
  ["phasesOf", "conversions of inputs"],
  ["addConverted", "conversions of sums"],
  ["addScaled", "sums of slices and tiles"],
  ["zeros", "new tensors"],
  ["conv2dEach", "products of convolutions"],
  ["linear", "products of linear layers"],
  ["matmul", "products of linear layers"],
  ["noise", "read noise"],
  ["mul", "scales"],
  ["withEpilogue", "bias, pool, ReLU"],
  ["readBlocks", "the rest of a read"],
];

/**
 * Shares of the samples by part, the largest first.
 *
 * @param profile  of the inspector's Profiler: nodes, samples, timeDeltas.
 * @returns {{part: string, percent: number}[]}
 */
export function sharesOf({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const names = new Map(parts);
  const partOf = (id) => {
    for (let at = id; at !== undefined; at = parents.get(at)) {
      const { functionName } = byId.get(at).callFrame;
      if (names.has(functionName)) return names.get(functionName);
    }
    return "other";
  };
  const times = new Map();
  for (const [i, id] of samples.entries()) {
    const part = partOf(id);
    if (part !== undefined) times.set(part, (times.get(part) ?? 0) + timeDeltas[i]);
  }
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times]
    .map(([part, time]) => ({ part, percent: Number(((100 * time) / total).toFixed(1)) }))
    .sort((a, b) => b.percent - a.percent);
}

/** Runs work under V8's sampling profiler. */
export async function profiled(work) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  work();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  return profile;
}

/** The functions that most samples were in, with their share in percent. */
export function hottest({ nodes, samples, timeDeltas }, most = 15) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName || "(anonymous)"]));
  const times = new Map();
  for (const [i, id] of samples.entries()) {
    times.set(names.get(id), (times.get(names.get(id)) ?? 0) + timeDeltas[i]);
  }
  const total = timeDeltas.reduce((sum, time) => sum + time, 0);
  return [...times]
    .map(([name, time]) => ({ name, percent: (100 * time) / total }))
    .sort((a, b) => b.percent - a.percent)
    .slice(0, most);
}
