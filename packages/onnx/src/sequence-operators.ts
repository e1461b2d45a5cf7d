import type { HostArray } from "@neft/model";
import { inWords } from "@neft/options";
import type { SequenceNode } from "./sequence-node.js";

/** A list of tensors while the nodes that make and read it are resolved. */
export interface Sequence {
  /** Number of tensors; undefined when it follows from a tensor's size, which only a run knows. */
  readonly count: number | undefined;
  /** Names of the tensors. @throws {OnnxError} when their number isn't known. */
  names(): readonly string[];
  /** Adds nodes to `node` that compute its output: the number of tensors. Absent: `count` is known. */
  addLength?(node: SequenceNode): void;
  /** Adds nodes to `node` that compute its output: the tensor at a position. Absent: one of `names`. */
  addAt?(node: SequenceNode, position: number): void;
  /** The tensor that joining all of them along an axis gives, if it is known without `names`. */
  joined?(axis: number, isNew: boolean): string | undefined;
}

/** What a graph knows about its values. */
export interface Values {
  /** The sequence that a node of the graph makes. */
  sequence(name: string): Sequence;
  /** A constant of integers; undefined for any other value. */
  integers(name: string): HostArray | undefined;
  /** Declared size of a value's axis; undefined when there is none. */
  size(name: string, axis: number): number | undefined;
}

/** Resolves a node: adds the nodes that replace it, and returns the sequence that it makes. */
type Resolve = (node: SequenceNode, values: Values) => Sequence | undefined;

interface SequenceOperator {
  /** Whether input 0 is a sequence. */
  readonly reads: boolean;
  /** What isn't supported, beyond what no sequence operator supports. */
  readonly limits?: string;
  readonly resolve: Resolve;
}

/** First opset with sequences. */
export const sequenceSince = 11;

/** Operators on sequences, by name. None is left in a model. */
export const sequenceOperators: Readonly<Record<string, SequenceOperator>> = {
  SequenceEmpty: {
    reads: false,
    resolve: (node) => {
      node.inputs(0, 0);
      node.integers({ dtype: 1 });
      return listOf([]);
    },
  },
  SequenceConstruct: {
    reads: false,
    resolve: (node) => {
      const names = node.inputs(1, Number.POSITIVE_INFINITY);
      node.integers({});
      node.spend(names.length);
      return listOf(names);
    },
  },
  SequenceInsert: {
    reads: true,
    resolve: (node, values) => {
      const [name, tensor, position] = node.inputs(2, 3) as [string, string, string?];
      node.integers({});
      const names = countedNames(node, name, values);
      const at = positionOf(node, position, names.length, { past: true }, values);
      return listOf([...names.slice(0, at), tensor, ...names.slice(at)]);
    },
  },
  SequenceErase: {
    reads: true,
    resolve: (node, values) => {
      const [name, position] = node.inputs(1, 2) as [string, string?];
      node.integers({});
      const names = countedNames(node, name, values);
      const at = positionOf(node, position, names.length, { past: false }, values);
      return listOf([...names.slice(0, at), ...names.slice(at + 1)]);
    },
  },
  SequenceAt: {
    reads: true,
    resolve: (node, values) => {
      const [name, position] = node.inputs(2, 2) as [string, string];
      node.integers({});
      const sequence = values.sequence(name);
      if (sequence.addAt !== undefined) sequence.addAt(node, constantPosition(node, position, values));
      else {
        const names = sequence.names();
        const at = positionOf(node, position, names.length, { past: false }, values);
        node.add("Identity", [names[at]!], {}, node.output);
      }
      return undefined;
    },
  },
  SequenceLength: {
    reads: true,
    resolve: (node, values) => {
      const [name] = node.inputs(1, 1) as [string];
      node.integers({});
      const sequence = values.sequence(name);
      if (sequence.addLength !== undefined) sequence.addLength(node);
      else node.constant([sequence.count!], [], node.output);
      return undefined;
    },
  },
  ConcatFromSequence: {
    reads: true,
    resolve: (node, values) => {
      const [name] = node.inputs(1, 1) as [string];
      const { axis, new_axis: isNew } = node.integers({ axis: undefined, new_axis: 0 });
      const sequence = values.sequence(name);
      const whole = sequence.joined?.(axis, isNew !== 0);
      if (whole !== undefined) {
        node.add("Identity", [whole], {}, node.output);
        return undefined;
      }
      const names = sequence.names();
      if (names.length === 0) node.fail("a sequence of at least one tensor", "an empty one");
      const parts = isNew === 0 ? names : names.map((one) => node.reshape("Unsqueeze", one, axis));
      node.add("Concat", parts, { axis }, node.output);
      return undefined;
    },
  },
  SplitToSequence: {
    reads: false,
    limits: "a split that isn't constant is counted only",
    resolve: (node, values) => {
      const [input, split] = node.inputs(1, 2) as [string, string?];
      const { axis, keepdims } = node.integers({ axis: 0, keepdims: 1 });
      if (split === undefined) return slicesOf(node, { input, axis, keeps: keepdims !== 0 }, values);
      const sizes = values.integers(split);
      if (sizes === undefined) return uncountedPieces(node, split);
      const list = Array.from(sizes.data, Number);
      if (sizes.shape.length === 0) return chunksOf(node, { input, axis, size: list[0]! }, values);
      if (sizes.shape.length !== 1) node.fail("a split of rank 0 or 1", `shape [${sizes.shape}]`);
      if (list.length === 0) node.fail("a split into at least one tensor", "none");
      return { count: list.length, names: once(() => node.split(input, axis, list)) };
    },
  },
};

const listOf = (names: readonly string[]): Sequence => ({ count: names.length, names: () => names });

/** A function that runs once. Nodes are added when something reads them. */
function once<T>(body: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= body());
}

/** Adds the size of an axis as a scalar. */
function addSize(node: SequenceNode, input: string, axis: number, output?: string): string {
  return node.add("Gather", [node.add("Shape", [input]), node.constant([axis], [])], { axis: 0 }, output);
}

/** Declared size of the axis that a node splits. */
function declaredSize(node: SequenceNode, input: string, axis: number, values: Values): number {
  const size = values.size(input, axis);
  return (
    size ??
    node.fail(
      `${inWords(input)} to have a declared size on axis ${axis}, because its parts are read one by one`,
      "none",
    )
  );
}

/** Slices of size 1, of which there are as many as the axis is long. */
function slicesOf(
  node: SequenceNode,
  { input, axis, keeps }: { input: string; axis: number; keeps: boolean },
  values: Values,
): Sequence {
  return {
    count: undefined,
    names: once(() => {
      const size = declaredSize(node, input, axis, values);
      node.spend(size);
      const slices = node.split(input, axis, new Array<number>(size).fill(1));
      return keeps ? slices : slices.map((one) => node.reshape("Squeeze", one, axis));
    }),
    addLength: (reader) => addSize(reader, input, axis, reader.output),
    // Gather refuses a position out of range, where Slice would give an empty tensor.
    addAt: (reader, position) =>
      reader.add("Gather", [input, reader.constant([position], keeps ? [1] : [])], { axis }, reader.output),
    joined: (at, isNew) => (at === axis && isNew !== keeps ? input : undefined),
  };
}

/** Chunks of one size, but for the last, which has the rest. */
function chunksOf(
  node: SequenceNode,
  { input, axis, size }: { input: string; axis: number; size: number },
  values: Values,
): Sequence {
  if (size < 1) node.fail("chunks of at least 1", `${size}`);
  return {
    count: undefined,
    names: once(() => {
      const whole = declaredSize(node, input, axis, values);
      const count = Math.ceil(whole / size);
      node.spend(count);
      const sizes = Array.from({ length: count }, (_, i) => Math.min(size, whole - i * size));
      return node.split(input, axis, sizes);
    }),
    addLength: (reader) => {
      const rounded = reader.add("Add", [addSize(reader, input, axis), reader.constant([size - 1], [])]);
      reader.add("Div", [rounded, reader.constant([size], [])], {}, reader.output);
    },
    joined: (at, isNew) => (at === axis && !isNew ? input : undefined),
  };
}

/** Pieces whose sizes only a run knows. */
function uncountedPieces(node: SequenceNode, split: string): Sequence {
  return {
    count: undefined,
    names: () => node.fail("a constant split, because its parts are read one by one", inWords(split)),
    addLength: (reader) => addSize(reader, split, 0, reader.output),
  };
}

/** Names of a sequence that is changed, which is a new list: its length is counted. */
function countedNames(node: SequenceNode, name: string, values: Values): readonly string[] {
  const sequence = values.sequence(name);
  if (sequence.count === undefined)
    node.fail("a sequence whose length the file states", `${inWords(name)}, whose length follows from a tensor's size`);
  node.spend(sequence.count + 1);
  return sequence.names();
}

/** @throws {OnnxError} when a position isn't a constant of one element. */
function constantPosition(node: SequenceNode, name: string, values: Values): number {
  const found = values.integers(name);
  if (found === undefined) node.fail("a constant position", inWords(name));
  if (found.data.length !== 1) node.fail("a position of one element", `${found.data.length}`);
  return Number(found.data[0]);
}

/** A position counted from the start. Absent: the end. @param past  Whether it may be the one after the last. */
function positionOf(
  node: SequenceNode,
  name: string | undefined,
  length: number,
  { past }: { past: boolean },
  values: Values,
): number {
  const last = past ? length : length - 1;
  const given = name === undefined ? last : constantPosition(node, name, values);
  const at = given < 0 ? given + length : given;
  if (at >= 0 && at <= last) return at;
  return node.fail(
    length === 0 ? "a sequence that isn't empty" : `a position of ${-length} to ${last}`,
    length === 0 ? "an empty one" : `${given}`,
  );
}
