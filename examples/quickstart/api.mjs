import { writeFile } from "node:fs/promises";
import { evaluate, exportOnnx, finetune, init, readDataset, readModel } from "neft";

await init();
const { model } = await readModel("examples/models/mnist-lenet5.onnx");
const [train, test] = await Promise.all([readDataset("mnist:train"), readDataset("mnist:test")]);
const chips = { device: "rram1", sigma: 0.3, seed: 1, workers: 2 };

console.log((await evaluate(model, test, { ...chips, chips: 20 })).results[0].accuracy); // { mean, std, ci95, p5, worst }
await finetune(model, train, { ...chips, strategy: "ovf", clip: 2 });
console.log((await evaluate(model, test, { ...chips, chips: 20 })).results[0].accuracy);
await writeFile("robust.onnx", exportOnnx(model));
