// The paper's experiment as plans: networks, datasets, methods, budgets. `plans(isFull)` makes them; setup.mjs writes them.

/** Widths of the first convolution: the paper's, and one with at most 2 million multiply-adds. */
const widths = { full: 64, reduced: 4 };

/** Samples, epochs and chips: the paper's, and those of the reduced runs. */
const budgets = {
  full: {
    train: 60_000,
    test: 10_000,
    epochs: 200,
    chips: 1000,
    sigma: [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4],
  },
  reduced: { train: 10_000, test: 2_000, epochs: 10, chips: 50, sigma: [0, 0.1, 0.2, 0.3, 0.4] },
};

/** Networks by builder, with what IRS reads: the values, the sizes that the paper pools them to, and the width of its heads. */
const networks = {
  vgg8: { taps: ["conv1", "pool1", "pool2"], sizes: [6, 4, 3], gamma: [1, 0.1, 0.01] },
  resnet18: { taps: ["stem", "layer1.1", "layer2.1", "layer3.1"], sizes: [6, 4, 3, 2], gamma: [1, 0.1, 0.01, 0.001] },
};

/** The paper's β by network and dataset. Fashion-MNIST has those of CIFAR-10, which isn't among the paper's with images like it. */
const betas = {
  vgg8: { mnist: { ovf: 1e-3, irs: 1e-2 }, fashion: { ovf: 1e-3, irs: 1e-1 } },
  resnet18: { mnist: { ovf: 1e-4, irs: 1e-1 }, fashion: { ovf: 1e-1, irs: 1e-3 } },
};

/** Samples by dataset; setup.mjs puts the files there. */
const data = Object.fromEntries(
  ["mnist", "fashion"].map((name) => {
    const spec = (part) => `idx:data/${name}-${part}-images.gz,data/${name}-${part}-labels.gz`;
    return [name, { train: spec("train"), test: spec("test") }];
  }),
);

/** The methods of the paper's tables, the control for the loss's factor 1/(N + 1), and clipping. */
const methodsOf = (network, dataset, size) => {
  const { taps, sizes, gamma } = networks[network];
  const beta = betas[network][dataset];
  const hidden = 8 * widths[size];
  const strategies = {
    "W/O": "none",
    "noise injection": "noise-injection",
    "temperature control": { id: "temperature", divisorN: 3 },
    OVF: { id: "ovf", beta: beta.ovf },
    IRS: { id: "irs", beta: beta.irs, gamma, taps, sizes, hidden },
    "CorrectNet's penalty": "correctnet",
  };
  const methods = Object.fromEntries(
    Object.entries(strategies).map(([name, strategy]) => [name, { finetune: { strategy } }]),
  );
  return { ...methods, "noise injection, clip 2": { finetune: { strategy: "noise-injection", clip: 2 } } };
};

/** Settings that all trainings share: the paper's optimiser and schedule, Adam at 1e-3 with a cosine, are the defaults. */
const trainingOf = ({ epochs }) => ({ epochs, shards: 2, validation: { images: 1000, chips: 4 } });

/** One plan for each network and dataset. */
export function plans(isFull = false) {
  const size = isFull ? "full" : "reduced";
  const budget = budgets[size];
  return Object.keys(networks).flatMap((network) =>
    Object.entries(data).map(([dataset, { train, test }]) => ({
      name: `${network}-${dataset}`,
      plan: {
        kind: "plan",
        format: 1,
        networks: [
          {
            name: network,
            model: `networks/${network}-${widths[size]}.onnx`,
            ...{ train, trainLimit: budget.train, test, testLimit: budget.test },
          },
        ],
        methods: methodsOf(network, dataset, size),
        sigma: { train: [0.2, 0.4], test: budget.sigma },
        seeds: [1, 2, 3],
        finetune: trainingOf(budget),
        evaluate: { chips: budget.chips },
      },
    })),
  );
}

/** Initial networks of the study of convergence. */
export const initialSeeds = Array.from({ length: 20 }, (_, i) => i + 1);

/** Convergence: 20 initial networks in one small, hard cell. A run converges if it ends above a stated accuracy. */
export const convergence = {
  name: "convergence",
  plan: {
    kind: "plan",
    format: 1,
    networks: initialSeeds.map((seed) => ({
      name: `vgg8, initial weights ${seed}`,
      model: `networks/vgg8-4-${seed}.onnx`,
      ...{ train: data.fashion.train, trainLimit: 4000, test: data.fashion.test, testLimit: 1000 },
    })),
    methods: Object.fromEntries(
      Object.entries(methodsOf("vgg8", "fashion", "reduced")).filter(([name]) => name !== "W/O"),
    ),
    sigma: { train: [0.4], test: [0.4] },
    seeds: [1],
    finetune: { ...trainingOf({ epochs: 8 }), validation: { images: 500, chips: 4 } },
    evaluate: { chips: 20 },
  },
};

/** What setup.mjs builds: a network's builder, its options and its file. */
export const networkFiles = (isFull) => [
  ...Object.keys(networks).map((builder) => {
    const width = widths[isFull ? "full" : "reduced"];
    return { builder, seed: 1, width, file: `${builder}-${width}.onnx` };
  }),
  ...initialSeeds.map((seed) => ({ builder: "vgg8", seed, width: 4, file: `vgg8-4-${seed}.onnx` })),
];
