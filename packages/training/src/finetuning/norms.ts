import { type GraphNode, type Model, valueShapes } from "@neft/model";
import { inWords, OptionError } from "@neft/options";
import type { ResolvedSettings } from "./settings.js";

/** ONNX's: the share of the old running value that stays. */
const momentumOf = ({ attributes }: GraphNode): number => (attributes.momentum as number | undefined) ?? 0.9;

/** What a run with batch statistics does to a model's batch normalisations. */
export interface NormPlan {
  /** Names of the nodes that use the running statistics, which stay as they are. */
  readonly frozen: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Plans batch normalisation before the first step. A node keeps its running statistics, and trains with them, where these are frozen, or
 * where its momentum of 1 would never move them: trained on the batch's, it would be tried and exported with others.
 *
 * @param frozen  names of parameters that stay as they are.
 * @param samples  how many there are to train on.
 * @throws {RangeError} for a momentum outside of 0 to 1, or where some step would normalise a single value per channel.
 */
export function planNorms(
  model: Model,
  { batchNorm, batch, shards, dropLast }: ResolvedSettings,
  frozen: ReadonlySet<string>,
  samples: number,
): NormPlan {
  if (batchNorm === "frozen") return { frozen: [], warnings: [] };
  const norms = model.nodes.filter(({ op }) => op === "BatchNormalization");
  const kept = norms.filter(({ inputs }) => inputs.slice(3, 5).some((name) => frozen.has(name)));
  const still = norms.filter((node) => !kept.includes(node) && momentumOf(node) === 1);
  const moving = norms.filter((node) => !kept.includes(node) && !still.includes(node));
  for (const node of moving) {
    const momentum = momentumOf(node);
    if (momentum >= 0 && momentum < 1) continue;
    throw new OptionError({
      option: "batchNorm",
      subject: `node ${inWords(node.name)} (BatchNormalization): momentum`,
      expected: "0 to 1",
      got: String(momentum),
      advice: "train with its statistics as they are: {batchNorm} frozen",
      mentions: ["batchNorm"],
    });
  }
  checkCounts(model, moving, { batch, shards, dropLast }, samples);
  return { frozen: [...kept, ...still].map(({ name }) => name), warnings: still.length > 0 ? [stillWords(still)] : [] };
}

/** Nodes named in a warning. */
const shownNodes = 4;

function stillWords(nodes: readonly GraphNode[]): string {
  const shown = nodes.slice(0, shownNodes).map(({ name }) => inWords(name));
  const more = nodes.length > shownNodes ? ` and ${nodes.length - shownNodes} more` : "";
  return `batch normalisation of ${shown.join(", ")}${more}: a momentum of 1 never moves the running statistics, so they were kept and trained with, as with batchNorm frozen`;
}

/** A batch norm of one value per channel gives nothing but its bias, and no variance to move the running one toward. */
function checkCounts(
  model: Model,
  nodes: readonly GraphNode[],
  { batch, shards, dropLast }: Pick<ResolvedSettings, "batch" | "shards" | "dropLast">,
  samples: number,
): void {
  if (nodes.length === 0) return;
  const last = samples % batch;
  const sizes = [...(samples >= batch ? [batch] : []), ...(!dropLast && last > 0 ? [last] : [])];
  // Shards differ by one sample at most; those without any aren't computed.
  const smallest = Math.min(...sizes.map((size) => Math.max(1, Math.floor(size / shards))));
  if (smallest > 1) return;
  // At a batch of 1; a network may have folded other axes into the first one.
  const shapes = valueShapes(model);
  const isSingle = (length: number, axis: number): boolean => axis === 1 || length === 1;
  const node = nodes.find(({ inputs }) => shapes.get(inputs[0]!)!.every(isSingle));
  if (!node) return;
  const isLast = last > 0 && !dropLast && Math.floor(last / shards) <= 1;
  const what = isLast ? `an epoch's last batch of ${last}` : `batches of ${batch}`;
  const wayOut = isLast ? "leave it out (see {dropLast})" : "raise {batch}";
  throw new OptionError({
    option: "batch",
    expected: `two samples or more in each shard for the batch statistics of ${inWords(node.name)}`,
    got: `1 from ${what} in ${shards === 1 ? "1 shard" : `${shards} shards`}`,
    advice: `${wayOut}, or train with the statistics as they are ({batchNorm} frozen)`,
    mentions: ["dropLast", "batch", "batchNorm"],
  });
}
