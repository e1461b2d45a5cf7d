// Training steps of LeNet-5 at batch 128 on one thread: against PyTorch, against their multiply-adds at the roofline, and with a draw
// per sample against a draw per batch.
import { contest, median, medianRatio } from "../harness/contest.mjs";
import { checkAgainstPytorch, checkSlope } from "../harness/gradient-check.mjs";
import { atMost } from "../harness/record.mjs";
import { ratesOf, rooflineContestant } from "../harness/roofline.mjs";
import { createTrainer, stepFlops, strategies } from "../harness/steps.mjs";
import { startPytorch, withPytorch } from "../peers/pytorch.mjs";

const batch = 128;

/** Warm-up steps. V8 compiles in the background during the first hundred, which adds processor time; in the contest with PyTorch the code is compiled. */
const warmUp = { own: 100, withPytorch: 10 };

/** Measures one build. */
export async function run({ rounds, record, skip }) {
  const { clean, noiseInjection, ovf } = strategies;
  checkSlope("lenet", noiseInjection);
  checkSlope("lenet", ovf);
  const trainers = {
    clean: createTrainer("lenet", batch, clean),
    perBatch: createTrainer("lenet", batch, noiseInjection),
    perSample: createTrainer("lenet", batch, { ...noiseInjection, perSample: true }),
    ovf: createTrainer("lenet", batch, ovf),
  };
  const steps = Object.fromEntries(Object.entries(trainers).map(([name, trainer]) => [name, () => trainer.step()]));

  const own = await contest({ roofline: rooflineContestant(), ...steps }, { rounds, warmUp: warmUp.own });
  const compare = (what, name, peer, peerName, goal) =>
    record({
      what,
      ours: median(own[name]),
      peer: median(own[peer]),
      peerName,
      unit: "ms",
      ratio: medianRatio(own[name], own[peer]),
      goal,
    });
  const { forward } = stepFlops("lenet", batch);
  // Milliseconds of the step's multiply-adds at the roofline of the same round.
  const arithmetic = own.roofline.map((ms) => (ms * 3 * forward) / 1e9);
  record({
    what: "noise injection step, batch 128",
    ours: median(own.perBatch),
    peer: median(arithmetic),
    peerName: "3 forward passes of multiply-adds at the roofline",
    unit: "ms",
    ratio: medianRatio(own.perBatch, arithmetic),
    goal: atMost(5),
  });
  const rate = median(ratesOf(own.perBatch, 3 * forward));
  record({ what: "noise injection step, batch 128, rate", ours: rate, unit: "GFLOP/s" });
  compare("noise injection step, batch 128", "perBatch", "clean", "our clean step");
  compare("variation drawn for every sample, batch 128", "perSample", "perBatch", "drawn for the batch", atMost(1.5));

  await withPytorch(
    { skip, what: "steps, batch 128" },
    [startPytorch(), startPytorch({ avx2: true })],
    async (peers) => {
      await checkAgainstPytorch("lenet", peers[0]);
      for (const [name, ours, goal] of [
        ["clean", "clean"],
        ["noiseInjection", "perBatch", atMost(0.7)],
        ["ovf", "ovf"],
      ]) {
        const [full, avx2] = peers.map((peer) => peer.timer(`lenet.${name}.${batch}`));
        const times = await contest({ ours: steps[ours], full, avx2 }, { rounds, warmUp: warmUp.withPytorch });
        const report = (peer, peerName) =>
          record({
            what: `${name === "noiseInjection" ? "noise injection" : name} step, batch 128`,
            ours: median(times.ours),
            peer: median(times[peer]),
            peerName,
            unit: "ms",
            ratio: medianRatio(times.ours, times[peer]),
            goal: peer === "full" ? goal : undefined,
          });
        report("full", peers[0].name);
        report("avx2", peers[1].name);
      }
    },
  );
  for (const trainer of Object.values(trainers)) trainer.close();
}
