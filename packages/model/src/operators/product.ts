import type { Tensor } from "@neft/tensor";
import { type ArrayWeight, computeProduct, type Epilogue, type LinearMap, type WeightView } from "../array-product.js";
import type { RunCall } from "./operator.js";

/** Parts of a node's product. */
export interface ProductParts {
  /** Index of the node's input that is the weight. */
  readonly weight: number;
  /** The data, as the map takes it. */
  readonly input: Tensor;
  readonly map: LinearMap;
  /** Default: none. */
  readonly epilogue?: Epilogue;
  /** How the product reads the node's input. Default: as it is. */
  readonly view?: WeightView;
  /** As in `ArrayWeight`. */
  readonly sharedDraw?: string;
}

/**
 * Computes a product. If its weight stands on a crossbar, the backend computes it.
 *
 * ΔW is drawn in the parameter's element order, and views are applied to W + ΔW. So all products with one parameter
 * share one draw.
 */
export function product(call: RunCall, { weight: index, input, map, epilogue = {}, ...reading }: ProductParts): Tensor {
  const { node, context, arrays } = call;
  const layer = node.name;
  const given = call.inputs[index]!;
  if (!arrays.includes(index)) {
    return computeProduct({
      layer,
      weight: { name: node.inputs[index]!, tensor: given, ...reading },
      input,
      map,
      epilogue,
    });
  }
  const found = context.weights.weightOf(node.inputs[index]!)!;
  const { parameter: name, views } = found;
  const tensor = views.length === 0 ? given : context.parameter(name);
  const own: ArrayWeight = { name, tensor, ...reading };
  if (views.length === 0) return context.product({ layer, weight: own, input, map, epilogue });
  const outer: WeightView = { apply: (whole) => (whole === tensor ? given : context.view(found, whole)) };
  const { view } = reading;
  const weight: ArrayWeight = {
    ...own,
    view: view === undefined ? outer : { ...view, apply: (whole) => view.apply(outer.apply(whole)) },
    sharedDraw: reading.sharedDraw ?? `a product reads it through ${views.map(({ op }) => op).join(", ")}`,
  };
  return context.product({ layer, weight, input, map, epilogue });
}
