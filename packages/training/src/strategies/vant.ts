import { crossEntropy, uniforms } from "@neft/tensor";
import { defineStrategy } from "../strategy.js";

/** Noise injection whose σ is drawn for each step, uniformly from a range. All shards of a step have the same. */
export const vant = defineStrategy({
  id: "vant",
  summary: "noise injection at a sigma drawn for each step, uniformly from a range",
  defaults: { sigmaFactors: [0, 1.5] as readonly [number, number] },
  cost: () => ({ forward: 1, backward: 1 }),
  loss: ({ forward, sigma, labels, stream }, { sigmaFactors: [from, to] }) => {
    const [share] = uniforms(stream("sigma"), 1) as unknown as readonly [number];
    return crossEntropy(forward({ sigma: sigma * (from + (to - from) * share), draw: 0 }).logits, labels);
  },
});
