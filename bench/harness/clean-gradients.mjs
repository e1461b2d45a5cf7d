// Training on chips whose gradients go to the inputs of a layer through the weights as they are, not as they are programmed: what
// CrossSim did up to 3.1.0. The library's own training takes the programmed ones. One thread.
import { Chip, defineChip } from "@neft/crossbar";
import { batchTensor } from "@neft/data";
import { computeProduct, run, trainableParameters, withEpilogue } from "@neft/model";
import { add, backward, crossEntropy, noGrad, permutation, scope, stream, sub } from "@neft/tensor";
import { optimiserNamed } from "@neft/training";
import { normalisationOf } from "neft/tensor";

/** `value` with the gradients of x. */
const through = (x, value) =>
  add(
    x,
    noGrad(() => sub(value, x)),
  );

/** A chip's products, with the gradients of the products without it. */
const withCleanGradients = (backend) => ({
  product: (product) => {
    const { epilogue, map } = product;
    const plain = { ...product, epilogue: {} };
    const y = through(
      computeProduct(plain),
      noGrad(() => backend.product(plain)),
    );
    return withEpilogue(y, epilogue, map.kind.channels);
  },
});

/**
 * Trains a model in place with cross-entropy and Adam, on a new chip for each batch.
 *
 * @param chip  as `defineChip` takes it.
 * @param settings  epochs, batch, learningRate, heldOut (share of the samples that aren't trained on), seed.
 */
export function trainWithCleanGradients(model, data, chip, { epochs, batch, learningRate, heldOut, seed }) {
  const spec = defineChip(chip);
  const [{ shape, dtype }] = model.inputs;
  const [{ name: logits }] = model.outputs;
  const normalisation = normalisationOf(data, {});
  const trained = trainableParameters(model).map((name) => model.parameters.get(name));
  const adam = optimiserNamed({ id: "adam" }).start(trained, { id: "adam" });
  const purpose = "clean gradients";
  const kept = permutation(stream(seed, { purpose, name: "split" }), data.count).subarray(
    Math.round(heldOut * data.count),
  );
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = permutation(stream(seed, { purpose, name: "order", step: epoch }), kept.length).map((i) => kept[i]);
    for (let from = 0; from < order.length; from += batch) {
      const indices = order.slice(from, from + batch);
      scope(() => {
        const x = batchTensor(data, indices, normalisation, shape, dtype);
        const one = new Chip(spec, { seed, purpose, index: 0, step: step++ });
        const { outputs } = run(model, x, { backend: withCleanGradients(one.backend()), outputs: [logits] });
        const labels = Int32Array.from(indices, (i) => data.labels[i]);
        adam.step(backward(crossEntropy(outputs.get(logits), labels), trained), learningRate);
        one.dispose();
      });
    }
  }
  adam.dispose();
}
