import { computed, effect, signal, untracked } from "@preact/signals";
import { type Dataset, makeDataset, predictOnChips } from "../engine.js";
import { clearProblem, showProblem } from "./problems.js";
import { activity, chips, network, robust, seed, testData } from "./state.js";

/** How many chips vote. */
export const voters = 20;

export interface Vote {
  readonly choice: number;
  /** Softmax value of the choice, 0 to 1. */
  readonly confidence: number;
}

/** The picture under vote: a drawing, or a test image with its label. Values are those of the dataset, in its shape. */
export interface Picture {
  readonly values: Uint8Array | Float32Array;
  readonly label: number | undefined;
}

export const picture = signal<Picture | undefined>(undefined);
export const voteSigma = signal(0.3);
export const ballot = signal<"before" | "after">("before");
export const votes = signal<{ readonly before?: Vote[]; readonly after?: Vote[] }>({});
export const shownVotes = computed(() => votes.value[ballot.value]);

/** Test image `index` as a picture. */
export function testImage({ values, shape, labels }: Dataset, index: number): Picture {
  const size = shape.reduce((product, n) => product * n, 1);
  return { values: values.slice(index * size, (index + 1) * size), label: labels[index] };
}

/** Softmax of the largest score. */
function confidenceOf(scores: Float32Array): number {
  const largest = Math.max(...scores);
  return 1 / scores.reduce((sum, score) => sum + Math.exp(score - largest), 0);
}

let current = 0;

/** Asks the chips of each network; an answer that a newer question has overtaken is dropped. */
async function ask(shown: Picture, data: Dataset, networks: [name: "before" | "after", bytes: Uint8Array][]) {
  const own = ++current;
  clearProblem("vote");
  try {
    const { shape, layout, classes } = data;
    const one = makeDataset("picture", { name: "picture", values: shown.values, labels: [0], shape, layout, classes });
    const options = { device: chips.value.device, seed, sigma: voteSigma.value, chips: voters };
    const answers = [];
    for (const [name, bytes] of networks) {
      const predictions = await predictOnChips(bytes, one, options);
      answers.push([
        name,
        predictions.map(({ scores, argmax }) => ({ choice: argmax[0]!, confidence: confidenceOf(scores) })),
      ]);
    }
    if (own === current) votes.value = Object.fromEntries(answers);
  } catch (error) {
    if (own === current) showProblem("vote", "The chips can't read this picture.", error);
  }
}

/** Votes follow the picture, σ, the device and the networks, between long-running calls. */
export function keepVotesFresh(): () => void {
  return effect(() => {
    const [shown, data, original, tuned] = [picture.value, testData.value, network.value, robust.value];
    voteSigma.value;
    chips.value.device;
    if (!shown || !data || !original || activity.value) return;
    const tunedToo: ["after", Uint8Array][] = tuned ? [["after", tuned.bytes]] : [];
    untracked(() => void ask(shown, data, [["before", original.bytes], ...tunedToo]));
  });
}
