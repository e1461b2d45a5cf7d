// CrossSim's published example of training with device errors in the loop, with our chips: a CNN of 7018 weights on MNIST, as
// trained, read on chips with large errors, and trained on such chips.
//   node bench/crosssim.mjs [options]
//     --seeds 1,2,3    seeds of weights, batches and chips
//     --again          measures seeds again that are recorded
//     --workers N      threads, which change no number (default: all cores)
//     --epochs N, --images N   fewer epochs and images, to try it out: nothing is recorded
// Each seed is written to results/crosssim.json as soon as it is measured; a rerun measures those that are missing.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { assign, stream, uniforms } from "@neft/tensor";
import { createWorkers, evaluate, finetune, GraphBuilder, init, readDataset, take } from "neft";
import { readCells, storeCell } from "./harness/cells.mjs";
import { trainWithCleanGradients } from "./harness/clean-gradients.mjs";
import { tableOf } from "./harness/columns.mjs";

const file = new URL("results/crosssim.json", import.meta.url);
const keyOf = ({ seed }) => `seed ${seed}`;

/**
 * CrossSim 3.2.0's tutorial/ISCA2024/isca24_codesign.ipynb, part 3. Its accuracies are over arrays that begin with as many zeros as there are
 * test images, labels and predictions alike: (10,000 + correct) / 20,000. `exact` undoes that.
 */
const published = { ideal: { mean: 98.98 }, read: { mean: 93.74, std: 1.147 }, trained: { mean: 97.62, std: 0.215 } };
const exact = ({ mean, std }) => ({ mean: 2 * mean - 100, ...(std && { std: 2 * std }) });

/** The example's settings. */
const training = {
  epochs: 20,
  batch: 64,
  learningRate: 1e-3,
  optimiser: "adam",
  schedule: "constant",
};
const draws = 10;
const heldOut = 0.2;

/**
 * The example's chip. 8 bits with the sign are 7 bits of a pair's magnitude. Its parameters are those of the simulator's `set_params`: one
 * cell of a pair is off, at a tenth of gMax; conductances aren't clipped; biases are digital; no converters. The notebook's text says
 * that the error is independent of the state; its code passes the text "False", which Python takes as true: it is proportional.
 */
const chipOf = (error, onOffRatio) => ({
  device: {
    id: `crosssim-${error}`,
    summary: "CrossSim's generic device",
    technology: "any",
    bitsPerCell: 7,
    source: { cite: "CrossSim 3.2.0, simulator/devices/generic_device.py" },
    sigmaDefinition: "α: standard deviation of a cell relative to its conductance, or to gMax where independent",
    programming: { kind: "normal", error },
    ...(onOffRatio && { onOffRatio }),
  },
  sigma: 0.3,
  mapping: { weightBits: 7, bitsPerCell: 7, arrangement: "differential", scale: "tensor" },
  effects: [{ id: "programming" }],
});
const chip = chipOf("proportional", 10);

/** What else shows where the published number of the second row is from. */
const others = {
  more: { spec: chip, chips: 100 },
  endless: { spec: chipOf("proportional"), chips: draws },
  independent: { spec: chipOf("independent", 10), chips: draws },
};

const { values: options } = parseArgs({
  options: {
    seeds: { type: "string", default: "1,2,3" },
    again: { type: "boolean" },
    workers: { type: "string", default: String(availableParallelism()) },
    epochs: { type: "string" },
    images: { type: "string" },
  },
});
const whole = (name, text) => {
  if (!/^[1-9]\d*$/.test(text)) throw new RangeError(`--${name}: expected whole numbers from 1, got ${text}`);
  return Number(text);
};
const seeds = options.seeds.split(",").map((seed) => whole("seeds", seed));
const isTrial = options.epochs !== undefined || options.images !== undefined;
const images = options.images === undefined ? Number.MAX_SAFE_INTEGER : whole("images", options.images);
const epochs = options.epochs === undefined ? training.epochs : whole("epochs", options.epochs);

/** The network with PyTorch's initial weights and biases: uniform within ±1/√fan-in. x: [N, 1, 28, 28] → [N, 10]. */
function network(seed) {
  const net = new GraphBuilder("crosssim", { seed });
  let x = net.input("image", [1, 28, 28]);
  for (const outputs of [8, 16]) x = net.relu(net.conv2d(x, { outputs, kernel: 3, stride: 2 }));
  const model = net.build({ logits: net.linear(net.flatten(x), { outputs: 10 }) });
  for (const [name, tensor] of model.parameters) {
    const [outputs, ...inputs] = model.parameters.get(name.replace(/bias$/, "weight")).shape;
    const limit = 1 / Math.sqrt(inputs.reduce((product, size) => product * size, 1));
    const drawn = uniforms(stream(seed, { purpose: "crosssim", name, index: outputs }), tensor.size);
    assign(
      tensor,
      drawn.map((u) => limit * (2 * u - 1)),
    );
  }
  return model;
}

/** Trains the seed's network and leaves the weights of the last step. */
async function trained(seed, data, how) {
  const model = network(seed);
  const validation = { images: Math.round(heldOut * data.count), chips: 1, every: 1e9 };
  const started = performance.now();
  await finetune(model, data, { ...training, epochs, seed, dropLast: false, validation, workers, ...how });
  return { model, seconds: Number(((performance.now() - started) / 1000).toFixed(0)) };
}

/**
 * The same training, but that gradients pass each layer by its weights without errors. The published numbers are of CrossSim 3.1.0, which did
 * that; 3.1.1 and later take the programmed weights, as we do, and kept the numbers.
 */
function trainedWithCleanGradients(seed, data) {
  const model = network(seed);
  trainWithCleanGradients(model, data, chip, { ...training, epochs, heldOut, seed });
  return model;
}

/** Mean and standard deviation over the draws. */
async function read(model, test, spec, seed, chips = draws) {
  const { digital, results } = await evaluate(model, test, { chip: spec, chips, seed, workers });
  const [{ accuracy }] = results;
  const { mean, std } = accuracy;
  return { digital: digital.accuracy, mean, std };
}

async function measure(seed, train, test) {
  const plain = await trained(seed, train, { strategy: "none" });
  const onChips = await trained(seed, train, { strategy: "noise-injection", chip });
  const { digital, ...readPlain } = await read(plain.model, test, chip, seed);
  const { digital: _, ...readTrained } = await read(onChips.model, test, chip, seed);
  const asPublished = trainedWithCleanGradients(seed, train);
  const { digital: ___, ...cleanGradients } = await read(asPublished, test, chip, seed);
  const cell = { seed, ideal: { mean: digital }, read: readPlain, trained: readTrained, cleanGradients };
  for (const [name, { spec, chips }] of Object.entries(others)) {
    const { digital: __, ...result } = await read(plain.model, test, spec, seed, chips);
    cell[name] = result;
  }
  for (const model of [plain.model, onChips.model, asPublished]) model.dispose();
  return { ...cell, seconds: { ideal: plain.seconds, trained: onChips.seconds } };
}

const percent = ({ mean, std }) => `${mean.toFixed(2)}${std === undefined ? "" : ` ± ${std.toFixed(2)}`}`;
const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Published accuracies, what they are without the zeros, and ours by seed. */
function report(cells) {
  const rows = [
    ["trained digitally, read digitally", "ideal", published.ideal],
    ["trained digitally, read on chips", "read", published.read],
    ["trained on chips, read on chips", "trained", published.trained],
    ["the same, gradients by weights without errors", "cleanGradients", published.trained],
    ["digitally, on 100 chips in place of 10", "more"],
    ["digitally, on chips whose off cells conduct nothing", "endless"],
    ["digitally, on chips with independent errors", "independent"],
  ];
  const head = ["", "published", "without the zeros", ...cells.map(keyOf), "mean", "less published"];
  const lines = rows.map(([title, name, theirs]) => {
    // Seeds that were recorded before a row was added don't have it.
    const measured = cells.filter((cell) => cell[name] !== undefined);
    const mean = meanOf(measured.map((cell) => cell[name].mean));
    const all = cells.map((cell) => (cell[name] === undefined ? "" : percent(cell[name])));
    const difference = theirs ? (mean - exact(theirs).mean).toFixed(2) : "";
    const known = theirs ? [percent(theirs), percent(exact(theirs))] : ["", ""];
    return [title, ...known, ...all, mean.toFixed(2), difference];
  });
  return tableOf(head, lines);
}

await init();
const workers = createWorkers(whole("workers", options.workers));
try {
  const recorded = isTrial ? new Map() : readCells(file, keyOf);
  const todo = seeds.filter((seed) => options.again || !recorded.has(keyOf({ seed })));
  console.log(`${todo.length} seeds to measure${isTrial ? "; nothing is recorded" : ""}`);
  if (todo.length > 0) {
    const [train, test] = await Promise.all(
      ["train", "test"].map(async (part) => take(await readDataset(`mnist:${part}`), images)),
    );
    for (const seed of todo) {
      const cell = {
        ...(await measure(seed, train, test)),
        settings: { ...training, epochs, draws, heldOut, images: train.count, chip },
      };
      recorded.set(keyOf(cell), cell);
      if (!isTrial) storeCell(file, cell, keyOf);
      console.log(report([cell]));
    }
  }
  console.log(report([...recorded.values()]));
} finally {
  await workers.close();
}
