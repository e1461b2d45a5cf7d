// Convolutions of LeNet-5, VGG-8, ResNet-18 and a MobileNet, forward and both backward passes, against the machine's roofline.
import { call, noVariation, wasm } from "@neft/kernels";
import { createBuffers, read } from "../harness/buffers.mjs";
import { contest, geometricMean, median, medianRatio } from "../harness/contest.mjs";
import { convolutions, convShape, flopsOf, productSides, sides } from "../harness/networks.mjs";
import { atLeast, atMost } from "../harness/record.mjs";
import {
  checkSampled,
  convForwardEntry,
  convInputEntry,
  convWeightEntry,
  relativeError,
} from "../harness/reference.mjs";
import { ratesOf, rooflineContestant, rooflineRates } from "../harness/roofline.mjs";

/** A product is large if every side is at least this; only large products have a goal. */
const large = 64;

/** Goal of large products, as a fraction of the roofline. */
const leastRatio = 0.75;

/** A draw for every sample with a sigma too small to change a weight: such products are summed directly. */
const direct = { ...noVariation, kind: 2, sMax: 1, sigmaOuter: 1e-30, sigmaMid: 1e-30 };

/** A forward pass without bias and epilogue. */
const plain = { bias: 0, positions: 0, rectified: false, pooled: false };

/**
 * Relative errors of the passes that don't sum directly, and of the direct sum for the same pass.
 * @returns {{ pass: string, ours: number, direct: number }[]}
 */
export function convolutionErrors(layer, buffers) {
  const { n, c, h, width, oc, oh, ow, kernel, groups } = layer;
  const counts = { x: n * c * h * width, w: (oc * c * kernel * kernel) / groups, y: n * oc * oh * ow };
  const [x, w, dy] = [buffers.normal("x", counts.x), buffers.normal("w", counts.w), buffers.normal("dy", counts.y)];
  const [y, dx] = [buffers.empty(counts.y), buffers.empty(counts.x)];
  const shape = convShape(layer);
  const [xs, ws, dys] = [read(x, counts.x), read(w, counts.w), read(dy, counts.y)];
  const forward = (variation) => {
    wasm().convForward(call.convForward({ ...plain, x, w, y, shape, variation }));
    return relativeError(read(y, counts.y), (i) => convForwardEntry(i, layer, xs, ws));
  };
  const input = (variation) => {
    wasm().convBackwardInput(call.convBackwardInput({ dy, w, dx, shape, variation }));
    return relativeError(read(dx, counts.x), (i) => convInputEntry(i, layer, dys, ws));
  };
  return Object.entries({ forward, "backward input": input })
    .map(([pass, error]) => ({ pass, ours: error(noVariation), direct: error(direct) }))
    .filter(({ ours, direct }) => ours !== direct);
}

/** The three passes of a layer, after a check of their outputs. */
export function convolutionPasses(layer, buffers) {
  const { n, c, h, width, oc, oh, ow, kernel, groups } = layer;
  const title = `${layer.network} ${layer.name}`;
  const counts = { x: n * c * h * width, w: (oc * c * kernel * kernel) / groups, y: n * oc * oh * ow };
  const [x, w, dy] = [buffers.normal("x", counts.x), buffers.normal("w", counts.w), buffers.normal("dy", counts.y)];
  const [y, dx, dw] = [buffers.empty(counts.y), buffers.empty(counts.x), buffers.empty(counts.w)];
  const shape = convShape(layer);
  const passes = {
    forward: () => wasm().convForward(call.convForward({ ...plain, x, w, y, shape, variation: noVariation })),
    "backward input": () =>
      wasm().convBackwardInput(call.convBackwardInput({ dy, w, dx, shape, variation: noVariation })),
    "backward weight": () => wasm().convBackwardWeight(call.convBackwardWeight({ x, dw, shape }), [dy], []),
  };
  for (const pass of Object.values(passes)) pass();
  const [xs, ws, dys] = [read(x, counts.x), read(w, counts.w), read(dy, counts.y)];
  checkSampled(`${title} y`, read(y, counts.y), (i) => convForwardEntry(i, layer, xs, ws));
  checkSampled(`${title} dx`, read(dx, counts.x), (i) => convInputEntry(i, layer, dys, ws));
  checkSampled(`${title} dW`, read(dw, counts.w), (i) => convWeightEntry(i, layer, xs, dys));
  return passes;
}

/** Measures one build. */
export async function run({ rounds, record }) {
  const ratios = {};
  let [reached, total] = [0, 0];
  const largest = { ours: 0, direct: 0 };
  for (const layer of convolutions()) {
    const buffers = createBuffers();
    const { network, name } = layer;
    for (const { pass, ours, direct } of convolutionErrors(layer, buffers)) {
      const what = `${network} ${name} ${pass}, relative error`;
      record({
        what,
        ours: 1e7 * ours,
        peer: 1e7 * direct,
        peerName: "the direct sum",
        unit: "1e-7",
        ratio: ours / direct,
      });
      largest.ours = Math.max(largest.ours, ours);
      largest.direct = Math.max(largest.direct, direct);
    }
    const passes = convolutionPasses(layer, buffers);
    const roofline = rooflineContestant();
    const times = await contest({ before: roofline, ...passes, after: roofline }, { rounds, warmUp: 2 });
    buffers.close();
    const limit = rooflineRates(times.before.map((ms, round) => Math.min(ms, times.after[round])));
    const product = productSides(layer);
    const isLarge = Math.min(...product) >= large;
    for (const pass of Object.keys(passes)) {
      const rates = ratesOf(times[pass], flopsOf(layer));
      const ratio = medianRatio(rates, limit);
      ratios[pass] ??= { large: [], others: [] };
      ratios[pass][isLarge ? "large" : "others"].push(ratio);
      if (isLarge) total++;
      if (isLarge && ratio >= leastRatio) reached++;
      record({
        what: `${layer.network} ${layer.name} ${sides(...product)} ${pass}`,
        ours: median(rates),
        peer: median(limit),
        peerName: "roofline",
        unit: "GFLOP/s",
        ratio,
        goal: isLarge ? atLeast(leastRatio) : undefined,
      });
    }
  }
  const what = `passes of large layers that reach ${leastRatio} of the roofline`;
  record({ what, ours: reached, peer: total, peerName: "passes", unit: "", ratio: reached / total, goal: atLeast(1) });
  record({
    what: "largest relative error of all layers",
    ours: 1e7 * largest.ours,
    peer: 1e7 * largest.direct,
    peerName: "the direct sums' largest",
    unit: "1e-7",
    ratio: largest.ours / largest.direct,
    goal: atMost(3),
  });
  for (const [pass, kinds] of Object.entries(ratios)) {
    for (const [kind, values] of Object.entries(kinds)) {
      const what = `geometric mean, ${kind === "large" ? `every side ≥ ${large}` : "the others"}, ${pass}`;
      const ratio = geometricMean(values);
      const goal = kind === "large" ? atLeast(leastRatio) : undefined;
      record({ what, ours: ratio, peer: 1, peerName: "roofline", unit: "×", ratio, goal });
    }
  }
}
