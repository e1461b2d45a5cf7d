// Training step of VGG-8 with noise injection at batch 32 on one thread, against PyTorch.
import { contest, median, medianRatio } from "../harness/contest.mjs";
import { checkAgainstPytorch, checkSlope } from "../harness/gradient-check.mjs";
import { atMost } from "../harness/record.mjs";
import { rooflineContestant } from "../harness/roofline.mjs";
import { createTrainer, stepFlops, strategies } from "../harness/steps.mjs";
import { startPytorch, withPytorch } from "../peers/pytorch.mjs";

const batch = 32;
const what = "noise injection step, batch 32";

/** Measures one build. */
export async function run({ build, rounds, record, skip }) {
  checkSlope("vgg", strategies.noiseInjection);
  const trainer = createTrainer("vgg", batch, strategies.noiseInjection);
  const ours = () => trainer.step();
  const roofline = rooflineContestant();
  const report = (times, peer, peerName, goal) =>
    record({
      what,
      ours: median(times.ours),
      peer: median(times[peer]),
      peerName,
      unit: "ms",
      ratio: medianRatio(times.ours, times[peer]),
      goal,
    });
  const { step } = stepFlops("vgg", batch);
  const toArithmetic = (times) => ({ ...times, roofline: times.roofline.map((ms) => (ms * step) / 1e9) });
  const arithmeticName = "its multiply-adds at the roofline";
  const peers = [startPytorch(), startPytorch({ avx2: true })];
  let isMeasured = false;
  await withPytorch({ skip, what }, peers, async ([full, avx2]) => {
    await checkAgainstPytorch("vgg", full);
    const work = `vgg.noiseInjection.${batch}`;
    const contestants = { ours, roofline, full: full.timer(work), avx2: avx2.timer(work) };
    const times = toArithmetic(await contest(contestants, { rounds, warmUp: 1 }));
    isMeasured = true;
    report(times, "full", full.name);
    // The goal is for a CPU whose vectors are AVX2's.
    report(times, "avx2", avx2.name, atMost(build === "relaxed" ? 1.2 : 1.5));
    report(times, "roofline", arithmeticName);
  });
  if (!isMeasured) {
    report(toArithmetic(await contest({ ours, roofline }, { rounds, warmUp: 1 })), "roofline", arithmeticName);
  }
  trainer.close();
}
