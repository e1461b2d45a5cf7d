/** σ of finetuning, and of the chips in the right half of the chart. */
export const trainedSigma = 0.2;

/** The imported network and five ways to finetune it, with all other settings equal. */
export const runs = [
  { id: "imported", name: "as imported" },
  { id: "noise-injection", name: "noise injection", settings: { strategy: "noise-injection" } },
  { id: "temperature", name: "temperature control", settings: { strategy: { id: "temperature", divisorN: 3 } } },
  { id: "ovf", name: "OVF", settings: { strategy: { id: "ovf", beta: 0.1 } } },
  {
    id: "irs",
    name: "IRS",
    settings: { strategy: { id: "irs", beta: 0.1, gamma: [1, 0.1], sizes: [6, 4], hidden: 128 } },
  },
  { id: "noise-injection-clip2", name: "noise injection, clip 2", settings: { strategy: "noise-injection", clip: 2 } },
];

/** Numbers of samples and chips; `quick` is for `--quick` and for tests. */
export const budgets = {
  full: { trainImages: 40_000, testImages: 10_000, chips: 20 },
  quick: { trainImages: 1_500, testImages: 500, chips: 3 },
};
