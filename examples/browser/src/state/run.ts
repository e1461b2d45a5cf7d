import { batch, type Signal } from "@preact/signals";
import { evaluateChips } from "../engine.js";
import { addProgress, emptyMeasured, type Measured } from "./measured.js";
import { clearProblem, showProblem } from "./problems.js";
import {
  activity,
  after,
  announcement,
  before,
  chips,
  network,
  type OpenNetwork,
  robust,
  seed,
  sigmas,
  testData,
} from "./state.js";

/** Evaluates the original network, and the finetuned one if there is one, on the same chips. */
export async function run(): Promise<void> {
  const [original, data, settings] = [network.value, testData.value, chips.value];
  if (!original || !data || activity.value) return;
  clearProblem("chips");
  const key = JSON.stringify([original.name, data.name, data.count, settings, seed]);
  const parts: [OpenNetwork, Signal<Measured | undefined>][] = [[original, before]];
  if (robust.value) parts.push([robust.value, after]);
  // A run after a complete one starts anew; otherwise only what is missing is measured.
  const isMissing = (one: Measured | undefined): boolean => one?.key !== key || !one.isComplete;
  const missing = parts.filter(([, measured]) => isMissing(measured.value));
  const todo = missing.length > 0 ? missing : parts;

  const controller = new AbortController();
  const perNetwork = 1 + sigmas.value.length * settings.chips;
  const start = performance.now();
  const report = (done: number): void => {
    activity.value = {
      kind: "evaluate",
      words: "Reading chips",
      done,
      total: perNetwork * todo.length,
      start,
      stop: () => controller.abort(),
    };
  };
  report(0);
  if (after.value && after.value.key !== key) after.value = undefined;
  try {
    for (const [i, [{ bytes }, measured]] of todo.entries()) {
      measured.value = emptyMeasured(key, sigmas.value, settings.chips);
      await evaluateChips(bytes, data, {
        device: settings.device,
        seed,
        sigma: sigmas.value,
        chips: settings.chips,
        signal: controller.signal,
        onProgress: (progress) =>
          batch(() => {
            measured.value = addProgress(measured.value!, progress);
            report(i * perNetwork + progress.done);
          }),
      });
      measured.value = { ...measured.value, isComplete: true };
    }
    announcement.value = "All chips are read.";
  } catch (error) {
    if (controller.signal.aborted) announcement.value = "Stopped. The chips read so far stay on the chart.";
    else
      showProblem("chips", "The run ended early. The chips read so far stay on the chart; press Run to go on.", error);
  } finally {
    activity.value = undefined;
  }
}
