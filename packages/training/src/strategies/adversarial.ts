import {
  add,
  crossEntropy,
  logSoftmax,
  mul,
  normals,
  reduceSum,
  scale,
  softmax,
  sub,
  type Tensor,
  tensor,
} from "@neft/tensor";
import { defineStrategy, type StrategyStep } from "../strategy.js";

/**
 * The loss of a chip, and how far its outputs move when its weights are attacked: λ·KL(p ‖ p*) with p* from W + Δ, |Δ| ≤ ζ·|W| for each weight
 * on a crossbar. Δ climbs the divergence by the signs of its gradients: from 0.1·ζ·|W|·N(0, 1), so many steps of ζ·|W| / steps, cut to the
 * box. All passes have the chip's draw, so with σ = 0 it is the digital network. Shards attack their own samples.
 *
 * Departures: Δ is a constant of the step, so gradients go straight through it; biases aren't attacked.
 */
export const adversarial = defineStrategy({
  id: "adversarial",
  summary: "noise injection with a penalty on how far an attack on the weights moves the outputs",
  source:
    "Büchel, Faber & Muir, Network insensitivity to parameter noise via adversarial regularization, ICLR 2022, arXiv 2106.05009",
  defaults: { robustness: 0.25, zeta: 0.1, attackSteps: 3 },
  cost: ({ attackSteps }) => ({ forward: 2 + attackSteps, backward: 2 + attackSteps }),
  loss: (step, { robustness, zeta, attackSteps }) => {
    const { forward, sigma, labels } = step;
    const { logits } = forward({ sigma, draw: 0 });
    const fixed = tensor(logits.floats(), logits.shape);
    const boxes = step.weights.map(({ tensor, onCrossbar }) =>
      onCrossbar ? tensor.floats().map((w) => zeta * Math.abs(w)) : undefined,
    );
    let attack = firstAttack(step, boxes);
    const attacked = (): Tensor => forward({ sigma, draw: 0, offset: attack }).logits;
    for (let i = 0; i < attackSteps; i++) {
      const gradients = step.gradients(divergence(fixed, attacked()));
      attack = attack.map((own, j) => own && climbed(own, gradients[j]!, boxes[j]!, attackSteps));
    }
    return add(crossEntropy(logits, labels), scale(divergence(logits, attacked()), robustness));
  },
});

type Box = Float32Array | undefined;

/** Share of the box that the random start has as its standard deviation. */
const startShare = 0.1;

function firstAttack({ weights, stream }: StrategyStep, boxes: readonly Box[]): (Tensor | undefined)[] {
  return weights.map(({ tensor: { shape, size } }, i) => {
    const box = boxes[i];
    if (box === undefined) return undefined;
    const draw = normals(stream("attack", i), size);
    return tensor(
      draw.map((one, j) => within(startShare * one * box[j]!, box[j]!)),
      shape,
    );
  });
}

/** An attack after one step up a gradient. */
function climbed(attack: Tensor, gradient: Tensor, box: Float32Array, steps: number): Tensor {
  const slopes = gradient.floats();
  const moved = attack.floats().map((own, j) => within(own + (Math.sign(slopes[j]!) * box[j]!) / steps, box[j]!));
  return tensor(moved, attack.shape);
}

const within = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value));

/** KL(p ‖ q) of the softmax of two lists of scores, mean over the samples. */
export function divergence(scores: Tensor, others: Tensor): Tensor {
  const difference = sub(logSoftmax(scores), logSoftmax(others));
  return scale(reduceSum(mul(softmax(scores), difference)), 1 / scores.shape[0]!);
}
