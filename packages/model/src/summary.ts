import { kinds, optional } from "@neft/options";
import { arrayNodes, type Model } from "./model.js";
import { valueShapes } from "./shapes.js";
import { modelRule } from "./use.js";

/** One line of a model's summary. */
export interface SummaryRow {
  readonly name: string;
  readonly op: string;
  /** Shape of the first input, the batch axis included. */
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Numbers in parameters this node reads first; a shared parameter is counted once. */
  readonly parameters: number;
  /** Whether a crossbar computes it. */
  readonly onArray: boolean;
}

/** One row for each node, in the order they run, at a batch size, by default 1 or the fixed one. */
export function summary(model: Model, batch?: number): SummaryRow[] {
  modelRule(model, "summary: model");
  optional(kinds.count)(batch, "summary: batch");
  const shapes = valueShapes(model, batch);
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
    const shapeOf = (name: string | undefined) => (name === undefined ? [] : (shapes.get(name) ?? []));
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
