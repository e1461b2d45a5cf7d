// Rows of the table of bench/equalise.mjs, and its lines.
import { runs } from "../../examples/quickstart/runs.mjs";
import { keyOf } from "./cells.mjs";

/** σ of the chips that networks are evaluated on. */
export const sigmas = [0.05, 0.1, 0.2, 0.3];

export const devices = ["rram1", "rram4"];

/** Networks of examples/models, with the σ that they are rescaled for with samples and finetuned at: about where accuracy falls. */
export const networks = [
  { id: "mnist-lenet5", name: "LeNet-5, MNIST", sigma: 0.2 },
  { id: "mnist-mlp", name: "MLP, MNIST", sigma: 0.2 },
  { id: "fashion-cnn", name: "CNN, Fashion-MNIST", sigma: 0.1 },
  { id: "fashion-cnn-bn", name: "CNN with batch norms, Fashion-MNIST", sigma: 0.1 },
  { id: "fashion-resnet8", name: "ResNet-8, Fashion-MNIST", sigma: 0.1 },
  { id: "fashion-resnet8-bn", name: "ResNet-8 with batch norms, Fashion-MNIST", sigma: 0.1 },
];

/** One epoch with the demo's settings. */
const epoch = (id) => ({ finetune: runs.find((run) => run.id === id).settings });

/** The demo's IRS with values for a third head, which networks of fewer heads don't read. */
const irs = { strategy: { ...epoch("irs").finetune.strategy, gamma: [1, 0.1, 0.01], sizes: [6, 4, 3] } };

const balance = { samples: false };

/** What is done to a network before it is evaluated, step by step. */
export const methods = [
  { id: "imported", name: "as imported", steps: [] },
  { id: "balanced", name: "balanced, without data", steps: [balance] },
  { id: "optimised", name: "optimised, unlabelled samples", steps: [{ samples: true }] },
  { id: "noise", name: "noise injection", steps: [epoch("noise-injection")] },
  { id: "ovf", name: "OVF", steps: [epoch("ovf")] },
  { id: "irs", name: "IRS", steps: [{ finetune: irs }] },
  { id: "clip2", name: "noise injection, clip 2", steps: [epoch("noise-injection-clip2")] },
  { id: "balanced-noise", name: "balanced, then noise injection", steps: [balance, epoch("noise-injection")] },
  { id: "balanced-ovf", name: "balanced, then OVF", steps: [balance, epoch("ovf")] },
  {
    id: "balanced-clip2",
    name: "balanced, then noise injection, clip 2",
    steps: [balance, epoch("noise-injection-clip2")],
  },
];

const percent = (value) => value.toFixed(2);

/** A mean with half of its 95 % interval. */
const accuracyInWords = ({ mean, ci95 }) =>
  ci95 ? `${percent(mean)} ± ${percent((ci95[1] - ci95[0]) / 2)}` : percent(mean);

/**
 * Lines of a Markdown table. Cells that aren't recorded say so; a network without any recorded cell on a device is one row.
 *
 * @param cells  by key, as `readCells` returns them.
 */
export function tableOfCells(cells) {
  const head = ["network, device", "method", "digital", ...sigmas.map((sigma) => `σ ${sigma}`), "seconds"];
  const blank = sigmas.map(() => "");
  const rows = networks.flatMap(({ id: network, name }) =>
    devices.flatMap((device) => {
      const where = `${name}, ${device}`;
      const own = methods.map((method) => ({ method, cell: cells.get(keyOf({ network, device, method: method.id })) }));
      if (own.every(({ cell }) => cell === undefined)) return [[where, "missing", "", ...blank, ""]];
      return own.map(({ method, cell }, i) => {
        const title = [i === 0 ? where : "", method.name];
        if (!cell) return [...title, "missing", ...blank, ""];
        const seconds = method.steps.length > 0 ? cell.processorSeconds.toFixed(1) : "";
        return [...title, percent(cell.digital), ...cell.results.map(accuracyInWords), seconds];
      });
    }),
  );
  const line = (words) => `| ${words.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
