import { arrayNodes, describeNode, type Model, trainableParameters } from "@neft/model";
import { inWords, OptionError, oneLine, shortened } from "@neft/options";

/** Maximum length of a list of names in an error. */
const maxCharacters = 500;

/** Maximum number of names in an error. */
const maxShownNames = 5;

/**
 * Resolves the setting `freeze` to the names of the parameters that don't train.
 *
 * @param names  Names of parameters or nodes; * matches any characters. A node stands for all parameters it reads, including an array
 *   weight read through views such as Transpose.
 * @throws {RangeError} for a model without a parameter to train.
 * @throws {OptionError} for a name that matches nothing (lists the closest names), or if no parameter is left to train.
 */
export function frozenParameters(model: Model, names: readonly string[]): Set<string> {
  const owners = new Map<string, readonly string[]>([...model.parameters.keys()].map((name) => [name, [name]]));
  const weights = new Map(arrayNodes(model).map(({ node, weight }) => [node.name, weight]));
  for (const node of model.nodes) {
    const own = [...node.inputs, weights.get(node.name) ?? ""].filter((name) => model.parameters.has(name));
    if (own.length > 0) owners.set(node.name, [...(owners.get(node.name) ?? []), ...own]);
  }
  const frozen = new Set<string>();
  for (const name of names) {
    const found = [...owners].filter(([owner]) => matches(name, owner));
    if (found.length === 0) {
      const near = [...owners.keys()].sort((a, b) => distance(name, a) - distance(name, b)).slice(0, maxShownNames);
      throw new OptionError({
        option: "freeze",
        expected: `names of parameters or layers, such as ${oneLine(shortened(near.join(", "), maxCharacters))}`,
        got: inWords(name),
      });
    }
    for (const [, parameters] of found) for (const parameter of parameters) frozen.add(parameter);
  }
  const trainable = trainableParameters(model);
  if (trainable.length === 0) throw new RangeError(`model ${inWords(model.name)}: ${nothingToTrain(model)}`);
  if (trainable.every((name) => frozen.has(name))) {
    throw new OptionError({
      option: "freeze",
      expected: "at least one parameter left to train",
      got: "all parameters frozen",
    });
  }
  return frozen;
}

/** Describes a network without a parameter that gradients update, by its largest fixed tensor. */
function nothingToTrain({ nodes, constants }: Model): string {
  const [largest] = [...constants].sort(([, a], [, b]) => b.size - a.size);
  const reader = largest && nodes.find(({ inputs }) => inputs.includes(largest[0]));
  const what =
    reader &&
    `; its largest tensor is the ${largest[1].dtype} [${largest[1].shape.join(", ")}] of ${describeNode(reader)}`;
  return `expected parameters of floats to train, got none${what ?? ""}`;
}

/** Whether a name matches a pattern in which * stands for any characters. */
function matches(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return name === pattern;
  const last = rest.pop()!;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > name.length - last.length) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}

/** Levenshtein distance of two strings, over their first 100 characters. */
function distance(a: string, b: string): number {
  const [from, to] = [a.slice(0, 100), b.slice(0, 100)];
  let row = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = row[j - 1]! + Number(from[i - 1] !== to[j - 1]);
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
