import { init } from "@neft/kernels";
import type { ValueInfo } from "@neft/model";
import {
  arrayNodes,
  type GraphNode,
  listNames,
  type Model,
  subgraphsOf,
  summary,
  warningsOf,
  whyDigital,
} from "@neft/model";
import { oneLine, shortened } from "@neft/options";
import { readModel } from "../read-model.js";
import { alignedTable, left, right } from "./table.js";
import { print } from "./terminal.js";

/**
 * `neft inspect MODEL`: prints a model's layers, shapes, parameters and crossbar sizes.
 * @throws {Error} listing all unsupported parts.
 */
export async function inspect(file: string): Promise<void> {
  await init();
  const { model, sha256 } = await readModel(file);
  print(describeModel(model, file, sha256));
}

const mostCharacters = 120;
/** A name from the file, escaped and shortened. */
const shown = (name: string): string => oneLine(shortened(name, mostCharacters));
const shapeText = (shape: readonly (number | string)[]): string =>
  shown(shape.map((n) => (typeof n === "string" ? shown(n) : n)).join("×")) || "scalar";
const count = (n: number): string => n.toLocaleString("en-US");

/** Products that stay digital, one line for each reason. */
function digitalLines(reasons: ReadonlyMap<GraphNode, string>): string[] {
  const byReason = new Map<string, string[]>();
  for (const [{ name }, reason] of reasons) byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  return [...byReason].map(([reason, names]) => `digital: ${shown(listNames(names))}: ${reason}`);
}

/** A node and those of its graphs. */
function nodesWithin(node: GraphNode): GraphNode[] {
  return [node, ...subgraphsOf(node).flatMap(({ nodes }) => nodes.flatMap(nodesWithin))];
}

function describeModel(model: Model, file: string, sha256: string): string {
  const ends = (what: string, infos: readonly ValueInfo[]): string[] =>
    infos.map(({ name, dtype, shape }) => `${what}  ${shown(name)}: ${dtype} ${shapeText(shape)}`);
  const arrays = arrayNodes(model);
  const sizesOf = (node: GraphNode): string =>
    arrays
      .filter((one) => nodesWithin(node).includes(one.node))
      .map(({ inputs, outputs }) => `${count(inputs)}×${count(outputs)}`)
      .join(" + ");
  const columns = [
    left("layer"),
    left("operator"),
    left("input"),
    left("output"),
    right("parameters"),
    right("crossbar (in×out)"),
  ];
  const digital = whyDigital(model);
  const isDigital = (node: GraphNode): boolean => nodesWithin(node).some((one) => digital.has(one));
  const rows = summary(model).map(({ name, op, inputShape, outputShape, parameters }, i) => [
    shown(name),
    op,
    shapeText(inputShape),
    shapeText(outputShape),
    parameters === 0 ? "" : count(parameters),
    [sizesOf(model.nodes[i]!), isDigital(model.nodes[i]!) ? "digital" : ""].filter((part) => part !== "").join(" + "),
  ]);
  const weights = new Set(arrays.map(({ weight }) => weight));
  const sizeOf = (names: Iterable<string>): number =>
    [...names].reduce((sum, name) => sum + model.parameters.get(name)!.size, 0);
  return [
    `${oneLine(file)}  (${model.name === "" ? "unnamed graph" : `graph ${shown(model.name)}`}, sha256 ${sha256.slice(0, 12)}…)`,
    ...ends("input ", model.inputs),
    ...ends("output", model.outputs),
    "",
    alignedTable(columns, rows),
    "",
    `${count(model.nodes.length)} ${model.nodes.length === 1 ? "layer" : "layers"}, ${count(sizeOf(model.parameters.keys()))} parameters`,
    `${count(arrays.length)} ${arrays.length === 1 ? "product" : "products"} on crossbars, with ${count(sizeOf(weights))} weights; the rest is digital`,
    ...digitalLines(digital),
    ...warningsOf(model).map((warning) => `warning: ${warning}`),
    "Every operator of this model is supported.",
  ].join("\n");
}
