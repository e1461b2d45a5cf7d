import { batch } from "@preact/signals";
import { describeNetwork, type FinetuneProgress, finetuneCopy } from "../engine.js";
import { clearProblem, showProblem } from "./problems.js";
import { run } from "./run.js";
import {
  activity,
  after,
  announcement,
  chips,
  curves,
  network,
  robust,
  seed,
  type TrainingCurves,
  trainData,
  training,
} from "./state.js";

const noCurves: TrainingCurves = {
  steps: [],
  loss: [],
  validatedAt: [],
  accuracy: [],
  best: undefined,
  total: 0,
};

function addTo(old: TrainingCurves, progress: FinetuneProgress): TrainingCurves {
  const total = progress.steps;
  if (progress.kind === "step") {
    return { ...old, total, steps: [...old.steps, progress.step], loss: [...old.loss, progress.loss] };
  }
  if (progress.kind === "equalise") return { ...old, total };
  // The page's strategies train on labels, so every validation has an accuracy.
  const { accuracy = Number.NaN, isBest, step } = progress;
  return {
    ...old,
    total,
    validatedAt: [...old.validatedAt, step],
    accuracy: [...old.accuracy, accuracy],
    best: isBest ? accuracy : old.best,
  };
}

/** Finetunes a copy of the network, then evaluates it on the chips of the run before. */
export async function finetuneNetwork(): Promise<void> {
  const [original, data] = [network.value, trainData.value];
  if (!original || !data || activity.value) return;
  clearProblem("training");
  const controller = new AbortController();
  const start = performance.now();
  const report = (done: number, total: number): void => {
    activity.value = { kind: "finetune", words: "Training", done, total, start, stop: () => controller.abort() };
  };
  report(0, 1);
  curves.value = noCurves;
  let isDone = false;
  try {
    const { bytes, diverged } = await finetuneCopy(original.bytes, data, {
      ...training.value,
      device: chips.value.device,
      seed,
      signal: controller.signal,
      onProgress: (progress) =>
        batch(() => {
          curves.value = addTo(curves.value ?? noCurves, progress);
          report(progress.step, progress.steps);
        }),
    });
    if (diverged !== undefined) {
      showProblem(
        "training",
        "The loss grew without bound. The best weights before that are kept; try a lower learning rate.",
        diverged,
      );
    }
    const name = original.name.replace(/(\.onnx)?$/i, "-robust.onnx");
    robust.value = { name, bytes, info: await describeNetwork(bytes) };
    after.value = undefined;
    announcement.value = "Finetuning ended. The finetuned network is evaluated now.";
    isDone = true;
  } catch (error) {
    if (!controller.signal.aborted)
      showProblem(
        "training",
        "The finetuning ended early. The network is as it was before; you can start again.",
        error,
      );
  } finally {
    activity.value = undefined;
  }
  if (isDone) await run();
}
