// Products with the shapes of LeNet-5, VGG-8 and ResNet-18, against the machine's roofline, onnxruntime-web and tfjs-wasm.
import { call, wasm } from "@neft/kernels";
import { createBuffers, read } from "../harness/buffers.mjs";
import { contest, geometricMean, median, medianRatio } from "../harness/contest.mjs";
import { networkLayers, productSides, sides } from "../harness/networks.mjs";
import { atLeast } from "../harness/record.mjs";
import { checkSampled, gemmEntry } from "../harness/reference.mjs";
import { ratesOf, rooflineContestant, rooflineRates } from "../harness/roofline.mjs";
import { onnxruntimeName, onnxruntimeProduct } from "../peers/onnxruntime.mjs";
import { tfjsProduct, tfjsWasmName, useTfjs } from "../peers/tfjs.mjs";

/** Maximum columns of a convolution's product: a whole batch has more output pixels, at the same rate. */
const maxColumns = 512;

/** A product is large if every side is at least this; large products have higher goals. */
const large = 64;

/** Products of a layer: of a convolution the forward pass, of a linear layer all three. */
function productsOf(layer) {
  const title = `${layer.network} ${layer.name}`;
  if (layer.kernel) {
    const [m, k, n] = productSides(layer);
    return [{ title, transA: false, transB: false, m, n: Math.min(n, maxColumns), k }];
  }
  const { n: batch, inputs, outputs } = layer;
  return [
    { title: `${title} y`, transA: false, transB: true, m: batch, n: outputs, k: inputs },
    { title: `${title} dx`, transA: false, transB: false, m: batch, n: inputs, k: outputs },
    { title: `${title} dW`, transA: true, transB: false, m: outputs, n: inputs, k: batch },
  ];
}

/**
 * Products with more operations take one sample per round. The roofline is the best of many samples, so two more samples of such
 * products are taken for the comparison with it: the clock rate varies.
 */
const longFlops = 5e8;

/** Minimum operations per call of onnxruntime, to amortise the cost of the call. */
const onnxruntimeFlops = 1e8;

/** Rates in GFLOP/s, one per round, of a product and its peers. */
async function measure(product, rounds) {
  const { title, transA, transB, m, n, k } = product;
  const flops = 2 * m * n * k;
  const buffers = createBuffers();
  const [a, b, c] = [buffers.normal("a", m * k), buffers.normal("b", k * n), buffers.empty(m * n)];
  const ours = () => wasm().gemm(call.gemm({ a, b, c, m, n, k, transA, transB }));
  ours();
  const [left, right] = [read(a, m * k), read(b, k * n)];
  checkSampled(title, read(c, m * n), (i) => gemmEntry(i, product, left, right));

  // Peers get both factors untransposed, which is fastest for them: tfjs-wasm is several times slower with transposed ones.
  const tfjs = tfjsProduct(m, n, k, left, right);
  const copies = Math.max(1, Math.ceil(onnxruntimeFlops / flops));
  const ort = await onnxruntimeProduct(m, n, k, left, right, copies);
  const plain = { m, n, k };
  checkSampled(`${title} (tfjs)`, tfjs.read(), (i) => gemmEntry(i, plain, left, right));
  checkSampled(`${title} (onnxruntime)`, await ort.read(), (i) => gemmEntry(i, plain, left, right));
  const roofline = rooflineContestant();
  const timed = { roofline, ours, tfjs: tfjs.run, after: roofline, ort: ort.run };
  const more = flops > longFlops ? { second: ours, third: ours } : {};
  const times = await contest({ ...timed, ...more }, { rounds });
  tfjs.close();
  await ort.close();
  buffers.close();
  const bestOf = (...names) => times[names[0]].map((_, round) => Math.min(...names.map((name) => times[name][round])));
  return {
    ours: ratesOf(times.ours, flops),
    oursAtBest: ratesOf(bestOf("ours", ...Object.keys(more)), flops),
    roofline: rooflineRates(bestOf("roofline", "after")),
    tfjs: ratesOf(times.tfjs, flops),
    ort: ratesOf(times.ort, flops * copies),
  };
}

/** Measures one build. */
export async function run({ build, rounds, record }) {
  await useTfjs("wasm");
  const ratios = { tfjs: [], ort: [] };
  const efficiencies = { large: [], others: [] };
  const above = [];
  let reached = 0;
  for (const product of networkLayers().flatMap(productsOf)) {
    const { title, m, n, k } = product;
    const what = `${title} ${sides(m, k, n)}`;
    const rates = await measure(product, rounds);
    const isLarge = Math.min(m, n, k) >= large;
    const of = (peer, ours = rates.ours) => ({
      what,
      ours: median(ours),
      peer: median(rates[peer]),
      unit: "GFLOP/s",
      ratio: medianRatio(ours, rates[peer]),
    });
    const ofRoofline = of("roofline", rates.oursAtBest);
    record({ ...ofRoofline, peerName: "roofline", goal: atLeast(isLarge ? 0.9 : 0.7) });
    if (ofRoofline.ratio >= (isLarge ? 0.9 : 0.7)) reached++;
    (isLarge ? efficiencies.large : efficiencies.others).push(ofRoofline);
    if (ofRoofline.ratio > 1) above.push(`${what}: ${ofRoofline.ratio.toFixed(3)}`);
    for (const [peer, peerName] of [
      ["ort", onnxruntimeName],
      ["tfjs", tfjsWasmName],
    ]) {
      const row = of(peer);
      ratios[peer].push(row.ratio);
      record({ ...row, peerName, goal: atLeast(1) });
    }
  }
  for (const [kind, rows] of Object.entries(efficiencies)) {
    const mean = (name) => geometricMean(rows.map((row) => row[name]));
    const what = `geometric mean, ${kind === "large" ? `every side ≥ ${large}` : "the others"}`;
    // The goal of the project's first bench.
    const goal = kind === "large" ? atLeast(0.6) : undefined;
    record({
      what,
      ours: mean("ours"),
      peer: mean("peer"),
      peerName: "roofline",
      unit: "GFLOP/s",
      ratio: mean("ratio"),
      goal,
    });
  }
  const total = efficiencies.large.length + efficiencies.others.length;
  const ofAll = { what: "products that reach their share of the roofline", ours: reached, peer: total };
  record({ ...ofAll, peerName: "products", unit: "", ratio: reached / total, goal: atLeast(1) });
  const goal = atLeast(build === "relaxed" ? 1.5 : 1.2);
  const means = { ort: onnxruntimeName, tfjs: tfjsWasmName };
  for (const [peer, peerName] of Object.entries(means)) {
    const ratio = geometricMean(ratios[peer]);
    record({ what: "geometric mean of all products", ours: ratio, peer: 1, peerName, unit: "×", ratio, goal });
  }
  if (above.length > 0)
    throw new Error(`roofline: expected no product above it, got ${above.join("; ")}: the probe is wrong`);
}
