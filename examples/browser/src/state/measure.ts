import { computed, signal } from "@preact/signals";
import { type BenchmarkResult, measureNetwork } from "../benchmark.js";
import { clearProblem, showProblem } from "./problems.js";
import { activity, announcement, chips, network, testData, trainData } from "./state.js";

const measured = signal<{ readonly bytes: Uint8Array; readonly result: BenchmarkResult } | undefined>(undefined);

/** Times of the open network on this device; undefined until they are measured. */
export const timings = computed(() =>
  measured.value?.bytes === network.value?.bytes ? measured.value?.result : undefined,
);

/** Seconds for each of the measurements. */
const seconds = 0.5;

/** Measures the open network on one thread. */
export async function measure(): Promise<void> {
  const current = network.value;
  if (!current || activity.value) return;
  clearProblem("network-times");
  const controller = new AbortController();
  const start = performance.now();
  const report = (done: number, total: number): void => {
    activity.value = { kind: "measure", words: "Measuring", done, total, start, stop: () => controller.abort() };
  };
  report(0, 1);
  try {
    const [input] = current.info.inputs;
    const isFree = input?.shape.slice(1).some((size) => typeof size === "string");
    const { device, sigmaMax } = chips.value;
    const options = {
      device,
      sigma: sigmaMax,
      strategies: ["noise-injection"],
      seconds,
      ...(isFree && testData.value && { shape: testData.value.shape }),
      ...(testData.value && { samples: testData.value.count }),
      ...(trainData.value && { trainingSamples: trainData.value.count }),
    };
    const watched = { onProgress: report, signal: controller.signal };
    measured.value = {
      bytes: current.bytes,
      result: await measureNetwork({ bytes: current.bytes, options }, watched),
    };
    announcement.value = "The network is measured.";
  } catch (error) {
    if (!controller.signal.aborted) showProblem("network-times", "The network can't be measured.", error);
  } finally {
    activity.value = undefined;
  }
}
