import { arrayNodes, digitalProducts, type Model } from "./model.js";
import { valueShapes } from "./shapes.js";

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
  /** Whether it is a product with weights that no crossbar computes, so that they don't vary. */
  readonly staysDigital: boolean;
}

/** One row for each node, in the order they run, at a batch size, by default 1 or the fixed one. */
export function summary(model: Model, batch?: number): SummaryRow[] {
  const shapes = valueShapes(model, batch);
  const onArray = new Set(arrayNodes(model).map(({ node }) => node));
  const digital = new Set(digitalProducts(model));
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
      staysDigital: digital.has(node),
    };
  });
}
