// Two workers against one: training with two shards, and Monte Carlo evaluation.
import { availableParallelism } from "node:os";
import { createWorkers, finetune, lenet5, vgg8 } from "neft";
import { seed } from "../harness/buffers.mjs";
import { contest, median, medianRatio, wallTime } from "../harness/contest.mjs";
import { atLeast } from "../harness/record.mjs";
import { randomImages } from "../harness/steps.mjs";
import { checkAccuracy, chipsContestant, readInputs } from "./monteCarlo.mjs";

const goal = atLeast(1.8);

/** Measured trainings. A round is `stepsPerRound` steps; during the `warmUp` rounds workers start and V8 compiles. */
const runs = [
  { title: "LeNet-5", make: lenet5, shape: [1, 28, 28], batch: 128, shards: 2, stepsPerRound: 100, warmUp: 20 },
  { title: "VGG-8", make: vgg8, shape: [3, 32, 32], batch: 32, shards: 2, stepsPerRound: 1, warmUp: 2 },
];

/** Batches per epoch; a run has as many epochs as its steps need. */
const batchesPerEpoch = 4;

/**
 * Makes runs take turns: a run has the machine from the start of its turn until it asks for the next.
 * @param names  names of the runs, in the order of their turns.
 */
function createTurns(names) {
  const times = Object.fromEntries(names.map((name) => [name, []]));
  const waiting = new Map();
  const left = new Set();
  let holder = names[0];
  let since = wallTime();
  const grant = () => {
    since = wallTime();
    waiting.get(holder)?.();
    waiting.delete(holder);
  };
  const pass = () => {
    const others = names.filter((name) => name !== holder && !left.has(name));
    if (others.length > 0) holder = others[0];
    grant();
  };
  return {
    /** Milliseconds of each turn, by run. */
    times,
    /** Ends the caller's turn, if it has it, and waits for its next turn. */
    async next(name, isFirst) {
      const granted = new Promise((resolve) => waiting.set(name, resolve));
      if (holder !== name) return granted;
      if (isFirst) grant();
      else {
        times[name].push(wallTime() - since);
        pass();
      }
      return granted;
    },
    /** Ends the run: it takes no further turns. */
    leave(name) {
      left.add(name);
      if (holder === name) pass();
    },
  };
}

/** Wraps workers so that training waits for a turn before every `stepsPerRound` steps. */
function inTurn(name, workers, turns, stepsPerRound) {
  let step = 0;
  return {
    size: workers.size,
    lend: (use, waiting) =>
      workers.lend((lease) => {
        const run = async (task, setup, given, ...rest) => {
          const jobs = [...given];
          if (jobs[0]?.kind === "gradients") {
            if (step % stepsPerRound === 0) await turns.next(name, step === 0);
            step++;
          }
          return lease.run(task, setup, jobs, ...rest);
        };
        return use({ size: lease.size, inProcess: lease.inProcess, run });
      }, waiting),
  };
}

/** Trains a new model and returns its weights. */
async function train({ make, shape, batch, shards }, epochs, workers) {
  const model = make({ seed });
  const validation = { chips: 1, every: epochs * batchesPerEpoch };
  const validationData = randomImages(8, shape);
  const settings = {
    strategy: "noise-injection",
    sigma: 0.2,
    epochs,
    batch,
    shards,
    seed,
    validation,
    validationData,
  };
  await finetune(model, randomImages(batch * batchesPerEpoch, shape), { ...settings, workers });
  const weights = [...model.parameters.values()].map((tensor) => tensor.toArray());
  model.dispose();
  return weights;
}

/**
 * Trains twice, with one worker and with two, in alternating rounds; returns milliseconds per step of each round.
 * @throws {Error} when the final weights differ.
 */
async function trainBoth(settings, pools, rounds) {
  const { warmUp, stepsPerRound } = settings;
  // One more step: the last turn of a run also contains the validation and isn't counted.
  const steps = (warmUp + rounds) * stepsPerRound + 1;
  const names = Object.keys(pools);
  const turns = createTurns(names);
  const run = async (name) => {
    try {
      return await train(settings, Math.ceil(steps / batchesPerEpoch), inTurn(name, pools[name], turns, stepsPerRound));
    } finally {
      turns.leave(name);
    }
  };
  const [one, two] = await Promise.all(names.map(run));
  checkSame(settings.title, one, two);
  const counted = (name) =>
    Float64Array.from(turns.times[name].slice(warmUp, warmUp + rounds), (time) => time / stepsPerRound);
  return { one: counted("one"), two: counted("two") };
}

function checkSame(title, one, two) {
  const differs = one.some((weight, i) => weight.some((value, j) => !Object.is(value, two[i][j])));
  if (differs) throw new Error(`${title}: expected equal weights with one worker and with two, got different ones`);
}

/** Measures one build. */
export async function run({ rounds, record, skip }) {
  const cores = availableParallelism();
  if (cores < 2) {
    skip({ what: "2 workers against 1", reason: `expected two cores, got ${cores}` });
    return;
  }
  const [one, two] = [createWorkers(1), createWorkers(2)];
  const report = (what, unit, times) =>
    record({
      what,
      ours: 1e3 / median(times.two),
      peer: 1e3 / median(times.one),
      peerName: "1 worker",
      unit,
      ratio: medianRatio(times.one, times.two),
      goal,
    });
  try {
    for (const settings of runs) {
      const { title, batch, shards } = settings;
      const times = await trainBoth(settings, { one, two }, rounds);
      report(`${title} noise injection step, batch ${batch}, ${shards} shards, 2 workers`, "steps/s", times);
    }
    const inputs = await readInputs();
    await checkAccuracy(inputs, one);
    await checkAccuracy(inputs, two);
    const timed = { rounds, warmUp: 1, clock: wallTime };
    const chips = (workers) => chipsContestant(inputs, workers, 16);
    const times = await contest({ one: chips(one), two: chips(two) }, timed);
    report("Monte Carlo, LeNet-5, 10,000 images, 2 workers", "chips/s", times);
  } finally {
    await one.close();
    await two.close();
  }
}
