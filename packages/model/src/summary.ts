import { checkWithin, inWords } from "@neft/options";
import { type BatchProbe, probe, probeBatch } from "./batching.js";
import { shapeGraph } from "./binding.js";
import { whyDigital } from "./digital.js";
import type { KnownValue } from "./host-array.js";
import { arrayNodes, type Model } from "./model.js";
import { modelRule } from "./use.js";

/** One node in a model's summary. */
export interface SummaryRow {
  readonly name: string;
  readonly op: string;
  /** Shape of the first input, with the batch axis. Sizes that aren't known are symbols or "?". */
  readonly inputShape: readonly (number | string)[];
  /** Shape of the first output that is used. */
  readonly outputShape: readonly (number | string)[];
  /** Number of elements in the node's parameters. A shared parameter is counted at its first node. */
  readonly parameters: number;
  /** Whether a crossbar computes the node. */
  readonly onArray: boolean;
  /** Why no crossbar computes the product; undefined for products on crossbars and for other nodes. */
  readonly whyDigital: string | undefined;
}

/** Sizes tried for a symbol, in this order: one that fits most windows, then common channels and sides of images. */
const trialSizes = [64, 1, 3, 28, 32, 224] as const;

/** Steps of inference that trials of single symbols may take for each of the sizes: real networks have a few symbols. */
const mostSteps = 2 ** 16;

/**
 * Summarises a model: one row per node, in running order.
 *
 * A size that always equals a symbol of the inputs is shown as that symbol, one that depends on symbols otherwise as
 * "?". If only one of the usual sizes fits the network, that size is shown. An unknown shape is ["?"]. With very many
 * symbols, every size that depends on them is "?".
 *
 * @param batch  Default: the model's fixed batch, else 1.
 * @throws {RangeError} when `batch` is not a whole number from 1 to 2^31 − 1, or the model's batch is fixed at
 *   another size.
 */
export function summary(model: Model, batch?: number): SummaryRow[] {
  modelRule(model, "summary: model");
  if (batch !== undefined) checkWithin("summary: batch", batch, { whole: true, min: 1, max: 2 ** 31 - 1 });
  const shapeOf = shapesBySymbol(model, batch);
  const onArray = new Set(arrayNodes(model).map(({ node }) => node));
  const digital = whyDigital(model);
  const counted = new Set<string>();
  return model.nodes.map((node) => {
    let parameters = 0;
    for (const name of node.inputs) {
      const parameter = model.parameters.get(name);
      if (parameter === undefined || counted.has(name)) continue;
      counted.add(name);
      parameters += parameter.size;
    }
    return {
      name: node.name,
      op: node.op,
      inputShape: shapeOf(node.inputs[0]),
      outputShape: shapeOf(node.outputs.find((output) => output !== "")),
      parameters,
      onArray: onArray.has(node),
      whyDigital: digital.get(node),
    };
  });
}

/** Sizes at which most shapes of a model are known. */
interface Trial {
  /** Shapes with these sizes, at a batch size. */
  at(size: number, sizes: ReadonlyMap<string, number>): BatchProbe;
  readonly size: number;
  readonly sizes: ReadonlyMap<string, number>;
  /** Symbols that are tried together. */
  readonly groups: readonly (readonly string[])[];
  /** Whether single symbols are tried. */
  readonly isFew: boolean;
  knownTwice(group: readonly string[]): ReadonlyMap<string, KnownValue>;
  readonly base: BatchProbe;
}

/** Tries sizes for the symbols in the shapes of a model's inputs. @throws {Error} naming the node that no size fits. */
function trialOf(model: Model): Trial {
  const graph = shapeGraph(model, []);
  const first = model.inputs[0]?.shape[0];
  const symbols = [...new Set(model.inputs.flatMap(({ shape }) => shape))].filter(
    (n) => typeof n === "string" && n !== first,
  ) as string[];
  const at = (size: number, sizes: ReadonlyMap<string, number>): BatchProbe => {
    const sized = (n: number | string) => (typeof n === "string" ? (sizes.get(n) ?? n) : n);
    return probe({ ...graph, inputs: model.inputs.map((info) => ({ ...info, shape: info.shape.map(sized) })) }, size);
  };
  const size = typeof first === "number" ? first : probeBatch;
  const isFew = symbols.length * (model.nodes.length + model.inputs.length) <= mostSteps;
  const groups = isFew ? symbols.map((symbol) => [symbol]) : [symbols];
  const sizes = new Map(symbols.map((symbol) => [symbol, trialSizes[0] as number]));
  const knownWith = (some: readonly string[], n: number) =>
    at(size, new Map([...sizes, ...some.map((symbol) => [symbol, n] as const)])).known;
  const knownTwice = (group: readonly string[]) => knownWith(group, 2 * sizes.get(group[0]!)!);
  /** Gives all these symbols the size at which most shapes are known. */
  const chooseSize = (some: readonly string[]): void => {
    const known = trialSizes.map((trial) => knownWith(some, trial).size);
    for (const symbol of some) sizes.set(symbol, trialSizes[known.indexOf(Math.max(...known))]!);
  };
  // Channels fit one size each, so symbols are tried group by group. Sides of images change together, so the rest share a size.
  for (const group of groups) chooseSize(group);
  const mostKnown = knownWith([], 0).size;
  chooseSize(groups.filter((group) => knownTwice(group).size >= mostKnown).flat());
  const base = at(size, sizes);
  if (base.shapeError && symbols.length === 0) {
    const single = at(1, sizes);
    if (single.shapeError) throw base.shapeError;
    return { at, size: 1, sizes, groups, isFew, knownTwice, base: single };
  }
  return { at, size, sizes, groups, isFew, knownTwice, base };
}

/**
 * Dtype and shape of every value of a model, without samples: with usual sizes for the symbols of its inputs, and if it
 * has symbols besides the batch, with twice these sizes, where they fit. Values whose shape depends on data are left
 * out, and those that depend on them.
 */
export function trialShapes(model: Model): ReadonlyMap<string, KnownValue>[] {
  const { base, groups, at, size, sizes } = trialOf(model);
  const symbols = groups.flat();
  if (symbols.length === 0) return [base.known];
  const larger = at(size, new Map([...sizes].map(([symbol, n]) => [symbol, 2 * n])));
  // Sizes that are 1, or equal by chance, are neither twice as large.
  return larger.known.size < base.known.size ? [base.known] : [base.known, larger.known];
}

/** Shapes of values at a batch size, with the inputs' symbols as sizes. */
function shapesBySymbol(model: Model, batch?: number): (name: string | undefined) => readonly (number | string)[] {
  const first = model.inputs[0]?.shape[0];
  if (typeof first === "number" && batch !== undefined && batch !== first) {
    throw new RangeError(`model ${inWords(model.name)}: expected its fixed batch of ${first}, got ${batch}`);
  }
  const { at, size, sizes, groups, isFew, knownTwice, base } = trialOf(model);
  if (base.size === 1 && size === 1 && groups.flat().length === 0) {
    return (name) => (name ? (base.known.get(name)?.shape ?? ["?"]) : []);
  }
  const larger = groups.flatMap((group) => {
    const known = knownTwice(group);
    return isFew && known.size < base.known.size ? [] : [{ symbol: group.length === 1 ? group[0] : undefined, known }];
  });
  const doubled = typeof first === "number" ? base : at(2 * size, sizes);
  return (name) => {
    if (!name) return [];
    const shapeIn = ({ known }: Pick<BatchProbe, "known">) => known.get(name)?.shape ?? [];
    const shape = base.known.get(name)?.shape.map((n, axis) => {
      const [moving, ...others] = larger.filter((trial) => shapeIn(trial)[axis] !== n);
      if (moving) {
        const { symbol } = moving;
        const follows = symbol !== undefined && n === sizes.get(symbol) && shapeIn(moving)[axis] === 2 * n;
        return others.length === 0 && follows ? symbol : "?";
      }
      // Sizes are linear in the batch.
      return doubled === base ? n : n + (((shapeIn(doubled)[axis] ?? n) - n) / size) * ((batch ?? 1) - size);
    });
    return shape ?? ["?"];
  };
}
