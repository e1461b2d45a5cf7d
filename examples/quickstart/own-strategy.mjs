// A training strategy of your own: the mean loss of one chip whose weights are moved by a random direction, there and back.
//   node examples/quickstart/own-strategy.mjs examples/models/mnist-mlp.onnx mnist:train
import { defineStrategy, finetune, init, readDataset, readModel } from "neft";
import { add, crossEntropy, normals, scale, tensor } from "neft/tensor";

defineStrategy({
  id: "there-and-back",
  summary: "mean loss of a chip with weights moved by a random direction, there and back",
  defaults: { rho: 0.01 }, // names are those of the option `strategy`
  cost: () => ({ forward: 2, backward: 2 }),
  loss: ({ forward, sigma, labels, weights, stream }, { rho }) => {
    const way = weights.map(({ tensor: w }, i) => tensor(normals(stream("way", i), w.size), w.shape));
    const [there, back] = [rho, -rho].map((length) => {
      const offset = way.map((one) => scale(one, length));
      return crossEntropy(forward({ sigma, draw: 0, offset }).logits, labels);
    });
    return scale(add(there, back), 0.5);
  },
});

await init();
const [file, data] = process.argv.slice(2);
const { model } = await readModel(file);
const settings = { strategy: { id: "there-and-back", rho: 0.005 }, batch: 32 };
const { steps, passes } = await finetune(model, await readDataset(data), settings);
console.log(`${steps} steps, ${passes.forward} forward and ${passes.backward} backward passes`);
