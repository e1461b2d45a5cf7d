import { inWords } from "@neft/options";
import type { GraphNode } from "./graph.js";
import type { Model } from "./model.js";
import { modelFromRecord, modelToRecord, type TensorRecord } from "./record.js";

/** Nodes between the producer of a value and all that read it. */
export interface Insertion {
  /** The value. The last of the nodes makes it. */
  readonly value: string;
  /** New name of what its producer makes, for the nodes to read. */
  readonly made: string;
  /** Names of nodes and of the other values are new. */
  readonly nodes: readonly GraphNode[];
}

/** What a model is extended by. */
export interface Extension {
  readonly insertions: readonly Insertion[];
  /** Parameters that take the place of those with the same names; their shapes may be others. */
  readonly parameters: readonly TensorRecord[];
  /** Further constants. */
  readonly constants: readonly TensorRecord[];
}

/** The `source` of an extended model, from which an exporter extends the file in the same way. */
export class ExtendedSource {
  constructor(
    /** That of the model without the insertions. */
    readonly source: unknown,
    /** In the order in which they were made: a later one may follow nodes of an earlier one. */
    readonly insertions: readonly Insertion[],
  ) {}
}

/**
 * Copies a model and extends the copy. The copy has tensors of its own; dispose it, too.
 *
 * @throws {Error} when a value has no producer, or the result is no model.
 */
export function extendModel(model: Model, { insertions, parameters, constants }: Extension): Model {
  const record = modelToRecord(model);
  const nodes = insertions.reduce(inserted, record.nodes);
  const replaced = new Map(parameters.map((one) => [one.name, one]));
  const { source } = model;
  const [own, earlier] = source instanceof ExtendedSource ? [source.source, source.insertions] : [source, []];
  return modelFromRecord(
    {
      ...record,
      nodes,
      parameters: record.parameters.map((one) => replaced.get(one.name) ?? one),
      constants: [...record.constants, ...constants],
    },
    own === undefined ? undefined : new ExtendedSource(own, [...earlier, ...insertions]),
  );
}

function inserted(nodes: readonly GraphNode[], { value, made, nodes: added }: Insertion): GraphNode[] {
  const at = nodes.findIndex(({ outputs }) => outputs.includes(value));
  if (at < 0) throw new Error(`extendModel: expected a node that makes ${inWords(value)}, got none`);
  const producer = nodes[at]!;
  const outputs = producer.outputs.map((name) => (name === value ? made : name));
  return [...nodes.slice(0, at), { ...producer, outputs }, ...added, ...nodes.slice(at + 1)];
}
