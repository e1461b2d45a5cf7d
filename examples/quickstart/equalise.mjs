import { writeFile } from "node:fs/promises";
import { equalise, evaluate, exportOnnx, init, readDataset, readModel, take } from "neft";

await init();
const { model } = await readModel("examples/models/mnist-lenet5.onnx");
const [train, test] = await Promise.all([readDataset("mnist:train"), readDataset("mnist:test")]);
const chips = { sigma: 0.2, chips: 20, seed: 1, workers: 2 };

console.log((await evaluate(model, test, chips)).results[0].accuracy.mean);
const { layers, distance } = await equalise(model, { sigma: 0.2, data: take(train, 5000) }); // reads no labels
console.log((await evaluate(model, test, chips)).results[0].accuracy.mean);
console.log(layers, distance); // max|W|/rms and the distance of chips from the network, before and after
await writeFile("robust.onnx", exportOnnx(model)); // the same outputs without variation
