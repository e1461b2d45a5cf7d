import { type GraphNode, type Model, operatorOf, valueShapes } from "@neft/model";
import { inWords, OptionError } from "@neft/options";
import type { ResolvedSettings } from "./settings.js";

/** ONNX's momentum: the weight of the old running value. Default: 0.9. */
const momentumOf = ({ attributes }: GraphNode): number => (attributes.momentum as number | undefined) ?? 0.9;

/** How a run treats the model's batch normalisation nodes. */
export interface NormPlan {
  /** Names of the nodes that normalise with their running statistics and don't update them. */
  readonly frozen: readonly string[];
  /** Whether the others, if any, update their running statistics. */
  readonly isMoving: boolean;
  readonly warnings: readonly string[];
}

/**
 * Plans batch normalisation for a run. A node normalises with its running statistics, unchanged, if they are frozen, or if its momentum
 * is 1: that would never update them, so validation and export would use other statistics than training.
 *
 * @param frozen  Names of parameters that don't train.
 * @param samples  Number of training samples.
 * @param fixedBatch  Samples of a run of a network that fixes its batch.
 * @throws {OptionError} for a momentum outside 0 to 1, or if some step would normalise a single value per channel.
 */
export function planNorms(
  model: Model,
  { batchNorm, batch, shards, dropLast }: ResolvedSettings,
  frozen: ReadonlySet<string>,
  samples: number,
  fixedBatch?: number,
): NormPlan {
  if (batchNorm === "frozen") return { frozen: [], isMoving: false, warnings: [] };
  const norms = model.nodes.filter((node) => operatorOf(node).traits.running !== undefined);
  const kept = norms.filter((node) => runningInputs(node).some((name) => frozen.has(name)));
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
      advice: "train with the running statistics: {batchNorm} frozen",
      mentions: ["batchNorm"],
    });
  }
  // A run of a fixed batch has all of its samples.
  if (fixedBatch === undefined) checkCounts(model, moving, { batch, shards, dropLast }, samples);
  return {
    frozen: [...kept, ...still].map(({ name }) => name),
    isMoving: moving.length > 0,
    warnings: still.length > 0 ? [momentumWarning(still)] : [],
  };
}

/** Names of the vectors that hold a normalisation's running statistics. */
function runningInputs(node: GraphNode): string[] {
  return Object.values(operatorOf(node).traits.running ?? {}).map((input) => node.inputs[input]!);
}

/** Maximum number of nodes named in a warning. */
const maxShownNodes = 4;

function momentumWarning(nodes: readonly GraphNode[]): string {
  const shown = nodes.slice(0, maxShownNodes).map(({ name }) => inWords(name));
  const more = nodes.length > maxShownNodes ? ` and ${nodes.length - maxShownNodes} more` : "";
  return `batch normalisation of ${shown.join(", ")}${more}: a momentum of 1 never updates the running statistics, so they were used in training, as with batchNorm frozen`;
}

/** @throws {OptionError} if a shard would have one value per channel: its variance is 0, so the output is the bias alone. */
function checkCounts(
  model: Model,
  nodes: readonly GraphNode[],
  { batch, shards, dropLast }: Pick<ResolvedSettings, "batch" | "shards" | "dropLast">,
  samples: number,
): void {
  if (nodes.length === 0) return;
  const last = samples % batch;
  const sizes = [...(samples >= batch ? [batch] : []), ...(!dropLast && last > 0 ? [last] : [])];
  // Shard sizes differ by at most one sample; empty shards aren't computed.
  const smallest = Math.min(...sizes.map((size) => Math.max(1, Math.floor(size / shards))));
  if (smallest > 1) return;
  // These shapes are for a batch of 1. The first axis can be longer, if the network folds other axes into it.
  const shapes = valueShapes(model);
  const isSingle = (length: number, axis: number): boolean => axis === 1 || length === 1;
  const node = nodes.find(({ inputs }) => shapes.get(inputs[0]!)!.every(isSingle));
  if (!node) return;
  const isLast = last > 0 && !dropLast && Math.floor(last / shards) <= 1;
  const what = isLast ? `an epoch's last batch of ${last}` : `batches of ${batch}`;
  const remedy = isLast ? "leave it out (see {dropLast})" : "raise {batch}";
  throw new OptionError({
    option: "batch",
    expected: `two samples or more in each shard for the batch statistics of ${inWords(node.name)}`,
    got: `1 from ${what} in ${shards === 1 ? "1 shard" : `${shards} shards`}`,
    advice: `${remedy}, or train with the running statistics ({batchNorm} frozen)`,
    mentions: ["dropLast", "batch", "batchNorm"],
  });
}
