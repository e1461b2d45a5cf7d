// Cost of a variation drawn once per batch: products with W + ΔW against products with W, for each layer of VGG-8 at batch 32.
import { call, noVariation, wasm } from "@neft/kernels";
import { stream } from "@neft/tensor";
import { createBuffers, read, seed } from "../harness/buffers.mjs";
import { contest, median, medianRatio } from "../harness/contest.mjs";
import { convShape, vggLayers } from "../harness/networks.mjs";
import { atMost } from "../harness/record.mjs";
import { checkSampled, convForwardEntry, convInputEntry, gemmEntry } from "../harness/reference.mjs";

/** Maximum ratio of varied to clean time, of each convolution and of all layers together. */
const timesClean = 1.15;

/** Maximum additional nanoseconds per weight of a linear layer. */
const nsPerWeight = 3;

const oneDraw = 1;

/** The forward and backward input products of a layer, each with and without variation, after a check of their outputs. */
function productsOf(layer, buffers) {
  const { kernel } = layer;
  const isConvolution = kernel !== undefined;
  const rows = isConvolution ? layer.oc : layer.outputs;
  const columns = isConvolution ? layer.c * kernel * kernel : layer.inputs;
  const counts = {
    w: rows * columns,
    x: isConvolution ? layer.n * layer.c * layer.h * layer.width : layer.n * columns,
    y: isConvolution ? layer.n * layer.oc * layer.oh * layer.ow : layer.n * rows,
  };
  const [x, w, dy] = [buffers.normal("x", counts.x), buffers.normal("w", counts.w), buffers.normal("dy", counts.y)];
  const [y, dx, varied] = [buffers.empty(counts.y), buffers.empty(counts.x), buffers.empty(counts.w)];
  const sMax = wasm().maxAbs(w, counts.w);
  const sigma = 0.2 * 0.7776 * sMax;
  const key = stream(seed, { purpose: "bench", name: layer.name });
  const variationOf = (kind) => ({ ...noVariation, kind, sMax, sigmaOuter: sigma, sigmaMid: sigma, key });
  const plain = { bias: 0, rectified: false };
  const shape = isConvolution
    ? convShape(layer)
    : { batch: layer.n, rowsPerSample: 1, inputs: columns, outputs: rows, inputsFirst: false };
  const forward = (kind) => {
    const operands = { ...plain, x, w, y, shape, variation: variationOf(kind) };
    if (isConvolution) wasm().convForward(call.convForward({ ...operands, positions: 0, pooled: false }));
    else wasm().linearForward(call.linearForward({ ...operands, ratio: 0 }));
  };
  const backward = (kind) => {
    const operands = { dy, w, dx, shape, variation: variationOf(kind) };
    if (isConvolution) wasm().convBackwardInput(call.convBackwardInput(operands));
    else wasm().linearBackwardInput(call.linearBackwardInput({ ...operands, x: 0, ratio: 0 }));
  };

  wasm().variedWeight(call.variedWeight({ w, out: varied, rows, cols: columns, variation: variationOf(oneDraw) }));
  forward(oneDraw);
  backward(oneDraw);
  const [xs, ws, dys] = [read(x, counts.x), read(varied, counts.w), read(dy, counts.y)];
  const sides = { transA: false, m: layer.n };
  const ofY = isConvolution
    ? (i) => convForwardEntry(i, layer, xs, ws)
    : (i) => gemmEntry(i, { ...sides, transB: true, n: rows, k: columns }, xs, ws);
  const ofDx = isConvolution
    ? (i) => convInputEntry(i, layer, dys, ws)
    : (i) => gemmEntry(i, { ...sides, transB: false, n: columns, k: rows }, dys, ws);
  checkSampled(`${layer.name} y`, read(y, counts.y), ofY);
  checkSampled(`${layer.name} dx`, read(dx, counts.x), ofDx);
  return { passes: { forward, "backward input": backward }, weights: counts.w, isConvolution };
}

/** Elementwise sum; `b` when `a` is undefined. */
const plus = (a, b) => (a ? a.map((value, i) => value + b[i]) : b);

/** Measures one build. */
export async function run({ rounds, record }) {
  const sums = {};
  for (const [number, layer] of vggLayers().entries()) {
    const buffers = createBuffers();
    const { passes, weights, isConvolution } = productsOf(layer, buffers);
    for (const [pass, product] of Object.entries(passes)) {
      const times = await contest({ clean: () => product(0), varied: () => product(oneDraw) }, { rounds, warmUp: 2 });
      sums[pass] ??= {};
      sums[pass].clean = plus(sums[pass].clean, times.clean);
      sums[pass].varied = plus(sums[pass].varied, times.varied);
      const what = `VGG-8 ${layer.name} ${pass}, batch ${layer.n}`;
      const [ours, peer] = [median(times.varied), median(times.clean)];
      const ratio = medianRatio(times.varied, times.clean);
      const goal = isConvolution && number > 0 ? atMost(timesClean) : undefined;
      record({ what, ours, peer, peerName: "clean product", unit: "ms", ratio, goal });
      if (isConvolution) continue;
      const extra = median(times.varied.map((ms, round) => ((ms - times.clean[round]) * 1e6) / weights));
      record({
        what: `${what}, on top of the clean product`,
        ours: extra,
        peer: 1,
        peerName: "a nanosecond a weight",
        unit: "ns",
        ratio: extra,
        goal: atMost(nsPerWeight),
      });
    }
    buffers.close();
  }
  for (const [pass, { clean, varied }] of Object.entries(sums)) {
    record({
      what: `VGG-8, all layers, ${pass}`,
      ours: median(varied),
      peer: median(clean),
      peerName: "clean products",
      unit: "ms",
      ratio: medianRatio(varied, clean),
      goal: atMost(timesClean),
    });
  }
}
