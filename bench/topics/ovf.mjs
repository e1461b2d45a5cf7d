// The step of OVF against its arithmetic: four forward and backward passes, with the first layer's weight gradient computed once.
import { contest, median } from "../harness/contest.mjs";
import { checkSlope } from "../harness/gradient-check.mjs";
import { atMost } from "../harness/record.mjs";
import { createTrainer, networks, stepFlops, strategies } from "../harness/steps.mjs";

/**
 * Network, batch and warm-up steps. The ratio doesn't depend on the batch; VGG-8's is 8 instead of 32 to save time. V8 compiles in the
 * background during the first hundred steps, which adds processor time.
 */
const steps = [
  ["lenet", 128, 100],
  ["vgg", 8, 1],
];

/** Measures one build. */
export async function run({ rounds, record }) {
  for (const [network, batch, warmUp] of steps) {
    const { title } = networks[network];
    checkSlope(network, strategies.ovf);
    const [once, ovf] = ["noiseInjection", "ovf"].map((name) => createTrainer(network, batch, strategies[name]));
    const times = await contest({ once: () => once.step(), ovf: () => ovf.step() }, { rounds, warmUp });
    const { step, firstWeight } = stepFlops(network, batch);
    // (4F − 3·F_dW)/F steps of noise injection, where F_dW is the first layer's weight gradient: that layer's input is the same in all
    // four passes, so the output gradients are added before the product.
    const bound = times.once.map((ms) => (ms * (4 * step - 3 * firstWeight)) / step);
    const ratio = median(times.ovf.map((ms, round) => ms / bound[round]));
    record({
      what: `${title} step, batch ${batch}`,
      ours: median(times.ovf),
      peer: median(bound),
      peerName: `${((4 * step - 3 * firstWeight) / step).toFixed(2)} noise injection steps`,
      unit: "ms",
      ratio,
      goal: atMost(1.05),
    });
    once.close();
    ovf.close();
  }
}
