// Training steps as `finetune` runs them in one thread: gather the batch, compute the gradients of the strategy's loss, update.
import { rram1 } from "@neft/crossbar";
import { makeDataset, makeNormalisation } from "@neft/data";
import { lenet5, vgg8 } from "@neft/model";
import { sizeOf, stream, words } from "@neft/tensor";
import { createTrainingState, disposeTrainingState, optimiserNamed, StepUpdate, shardGradients } from "@neft/training";
import { seed } from "./buffers.mjs";
import { flopsOf, layersOf } from "./networks.mjs";

/** Trained networks, by their names in pytorch.py. */
export const networks = {
  lenet: { title: "LeNet-5", make: lenet5, shape: [1, 28, 28] },
  vgg: { title: "VGG-8", make: vgg8, shape: [3, 32, 32] },
};

/** Strategies, by their names in pytorch.py. */
export const strategies = {
  clean: { strategy: { id: "none" }, sigma: 0 },
  noiseInjection: { strategy: { id: "noise-injection" }, sigma: 0.2 },
  ovf: { strategy: { id: "ovf", beta: 0.1, gamma: [1, 0.1, 0.01], deltaSigma: [0.15, 0.1, 0.05] }, sigma: 0.2 },
};

const classes = 10;
const optimiser = { id: "adam" };
const learningRate = 1e-3;

/** A dataset of `count` random byte images with random labels. */
export function randomImages(count, shape) {
  const draw = (name, size) => words(stream(seed, { purpose: "bench", name }), size);
  const size = sizeOf(shape);
  return makeDataset("bench", {
    name: "random images",
    values: Uint8Array.from(draw("images", count * size), (word) => word & 255),
    labels: Int32Array.from(draw("labels", count), (word) => word % classes),
    shape,
    classes,
  });
}

/** Trains a network on one batch of random images; `step` makes one step, `gradients` only computes gradients, `close` frees all. */
export function createTrainer(network, batch, { strategy, sigma, perSample = false }) {
  const { make, shape } = networks[network];
  const model = make({ seed });
  const data = randomImages(batch, shape);
  const normalisation = makeNormalisation(data);
  const indices = Uint32Array.from({ length: batch }, (_, i) => i);
  const settings = {
    device: rram1,
    strategy,
    sigma,
    perSample,
    batchNorm: "batch",
    seed,
    logits: model.outputs[0].name,
    heads: [],
  };
  const state = createTrainingState(model, data, { ...settings, normalisation });
  const adam = optimiserNamed(optimiser).start(state.trained, optimiser);
  const update = new StepUpdate(model, state.trained, adam);
  let steps = 0;
  const gradients = () => shardGradients(state, { step: steps, shard: 0, shards: 1, indices, first: 0 });
  return {
    model,
    data,
    state,
    gradients,
    step() {
      update.begin(batch);
      update.take(0, gradients());
      update.apply(learningRate);
      steps++;
    },
    close() {
      update.dispose();
      adam.dispose();
      disposeTrainingState(state);
      model.dispose();
    },
  };
}

/**
 * Floating-point operations of the products of a training step. `forward`: of one forward pass. `step`: of forward and backward
 * pass, without the first layer's input gradient, which isn't computed. `firstWeight`: of the first layer's weight gradient.
 */
export function stepFlops(network, batch) {
  const flops = layersOf({ ...networks[network], batch }).map(flopsOf);
  const forward = flops.reduce((sum, value) => sum + value, 0);
  return { forward, step: 3 * forward - flops[0], firstWeight: flops[0] };
}
