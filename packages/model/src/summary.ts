import { probe, probeBatch } from "./batching.js";
import { shapeGraph } from "./binding.js";
import { arrayNodes, type Model } from "./model.js";

/** One line of a model's summary. */
export interface SummaryRow {
  readonly name: string;
  readonly op: string;
  /** Shape of the first input, the batch axis included. */
  readonly inputShape: readonly (number | string)[];
  readonly outputShape: readonly (number | string)[];
  /** Numbers in parameters this node reads first; a shared parameter is counted once. */
  readonly parameters: number;
  /** Whether a crossbar computes it. */
  readonly onArray: boolean;
}

/** Two sizes that shapes are tried at, both large enough for the windows of usual networks. */
const trialSizes = [64, 96] as const;

/**
 * One row for each node, in the order they run, at a batch size, by default 1 or the fixed one.
 *
 * A size that follows from a symbol of the inputs is that symbol where it is equal to it, else "?"; a shape that isn't known without
 * the symbol's size is ["?"].
 */
export function summary(model: Model, batch?: number): SummaryRow[] {
  const shapeOf = shapesBySymbol(model, batch);
  const onArray = new Set(arrayNodes(model).map(({ node }) => node));
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
      outputShape: shapeOf(node.outputs[0]),
      parameters,
      onArray: onArray.has(node),
    };
  });
}

/** Shapes of values at a batch, with the inputs' symbols as sizes. */
function shapesBySymbol(model: Model, batch?: number): (name: string | undefined) => readonly (number | string)[] {
  const graph = shapeGraph(model, []);
  const first = model.inputs[0]?.shape[0];
  if (typeof first === "number" && batch !== undefined && batch !== first) {
    throw new RangeError(`model "${model.name}": expected its fixed batch of ${first}, got ${batch}`);
  }
  const symbols = [...new Set(model.inputs.flatMap(({ shape }) => shape))].filter(
    (n) => typeof n === "string" && n !== first,
  ) as string[];
  const at = (size: number, larger?: string) => {
    const sized = (n: number | string) => (n === first || typeof n === "number" ? n : trialSizes[n === larger ? 1 : 0]);
    return probe({ ...graph, inputs: model.inputs.map((info) => ({ ...info, shape: info.shape.map(sized) })) }, size);
  };
  const size = typeof first === "number" ? first : probeBatch;
  const base = at(size);
  if (base.misfit && symbols.length === 0) {
    const single = at(1);
    if (single.misfit) throw base.misfit;
    return (name) => single.known.get(name ?? "")?.shape ?? (name ? ["?"] : []);
  }
  const doubled = typeof first === "number" ? base : at(2 * size);
  const others = symbols.map((symbol) => ({ symbol, known: at(size, symbol).known }));
  return (name) => {
    if (name === undefined || name === "") return [];
    const shape = base.known.get(name)?.shape;
    return (
      shape?.map((n, axis) => {
        const moving = others.filter(({ known }) => known.get(name)?.shape[axis] !== n);
        if (moving.length > 0) {
          const [{ symbol, known }] = moving as [(typeof moving)[0]];
          const follows = n === trialSizes[0] && known.get(name)?.shape[axis] === trialSizes[1];
          return moving.length === 1 && follows ? symbol : "?";
        }
        // Sizes grow evenly with the batch.
        const perSample = ((doubled.known.get(name)?.shape[axis] ?? n) - n) / size;
        return n + perSample * ((batch ?? (typeof first === "number" ? first : 1)) - size);
      }) ?? ["?"]
    );
  };
}
