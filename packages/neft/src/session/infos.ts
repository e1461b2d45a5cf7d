import type { Dataset } from "@neft/data";
import { type Model, summary, warningsOf } from "@neft/model";
import type { DatasetInfo, NetworkInfo } from "./handles.js";

/** Describes a network as plain data. */
export function networkInfo(model: Model): NetworkInfo {
  const { name, inputs, outputs } = model;
  const rows = summary(model);
  const nodes = model.nodes.map((node, i) => {
    const { outputShape: shape, parameters, onArray: onCrossbar } = rows[i]!;
    return {
      name: node.name,
      operator: node.op,
      inputs: node.inputs,
      outputs: node.outputs,
      shape,
      parameters,
      onCrossbar,
    };
  });
  return { name, inputs, outputs, summary: rows, graph: { nodes }, warnings: warningsOf(model) };
}

/** Describes a dataset without its samples. */
export function datasetInfo({ name, count, shape, layout, classes, bytes }: Dataset): DatasetInfo {
  return { name, count, shape, layout, classes, bytes };
}
