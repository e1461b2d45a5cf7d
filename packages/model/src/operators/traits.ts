import type { GraphNode } from "../graph.js";
import type { HostArray, HostData } from "../host-array.js";
import type { Scaling } from "./scaling.js";

/** A weight's place on a crossbar. */
export interface WeightUse {
  /** Index of the input that is the weight. */
  readonly input: number;
  /** Axes of the weight at the product: "oi" [out, in], "io" [in, out], "conv" [out, in/group, …kernel]. */
  readonly layout: "oi" | "io" | "conv";
  /** Number of outputs of one product: bit lines. */
  readonly outputs: number;
  /** Number of inputs of one product: word lines. For a convolution, in/group times the kernel's size. */
  readonly inputs: number;
  /** Where the product's sums and results are, as negative axes; undefined when it isn't one axis each. */
  readonly flow?: Flow;
}

/** Axes of a product's data and output. */
export interface Flow {
  /** Index of the input with the data. */
  readonly data: number;
  /** Axis of the data that the product sums over. Negative axes count from the end. */
  readonly from: number;
  /** Axis of the output with one element for each of the weight's outputs. */
  readonly to: number;
  /** Index of the bias, which broadcasts to the output, or has one element for each of its channels. */
  readonly bias?: number;
}

/** How an operator multiplies data with weights. */
export interface Products<A> {
  /** Indices of the inputs that may be the weight of a product. */
  readonly operands: readonly number[];
  /** Whether a node multiplies at all. Default: always. */
  isProduct?(attributes: A): boolean;
  /** The weights that a crossbar can hold, given the shape of each input that is a parameter; usually one or none. */
  uses(shapeOf: (input: number) => readonly number[] | undefined, attributes: A): readonly WeightUse[];
}

/** Range of a value's elements. */
export type Interval = readonly [low: number, high: number];

/** Element of an input that is a constant scalar; undefined for any other input. */
export type ScalarOf = (input: number) => number | undefined;

/**
 * What passes over a graph have to know of an operator. A pass asks for a trait, never for a name. Default of each: no.
 */
export interface Traits<A> {
  /** Belongs to the array layer before it: bias, normalisation, residual sum, activation, pool. */
  readonly tail?: boolean;
  /** Rearranges its first input, as its other inputs say, and changes no element. */
  readonly view?: boolean;
  /** Converts elements to another dtype, and integers to numbers to compute with. */
  readonly converts?: boolean;
  /** Rearranges or selects elements; "rowMajor" keeps their order. With one input or more, it takes one value's. */
  readonly rearranges?: "rowMajor" | "moved";
  /** Gives its first input unchanged. */
  readonly copies?: boolean;
  /** How it multiplies data with weights. */
  readonly products?: Products<A>;
  /** Its first input are codes of its output: returns those nearest to values, as the other inputs say. */
  encode?(values: Float32Array, inputs: readonly (HostArray | undefined)[], attributes: A): HostData;
  /** Name of the attribute that places the table it reads on a crossbar: it looks up embeddings. */
  readonly embeds?: string;
  /** Indices of inputs that are trained when they are fixed tensors. */
  readonly parameters?: readonly number[];
  /** Inputs that hold the running statistics of a batch normalisation. */
  readonly running?: { readonly mean: number; readonly variance: number };
  /** Sums its two inputs: one of them may be the bias of an array node. */
  readonly adds?: boolean;
  /** Multiplies its inputs elementwise: one of them may gate the other. */
  readonly multiplies?: boolean;
  /** What a product can apply to its outputs before it stores them. */
  readonly absorbs?: readonly ("pool" | "relu")[];
  /** What a product's `absorbs` calls this node; undefined when it can't be absorbed. */
  absorbedAs?(attributes: A, node: GraphNode): "pool" | "relu" | undefined;
  /** Is an increasing function of each element. */
  readonly increasing?: boolean;
  /** Each output is the largest of some inputs, so it can be exchanged with an increasing function. */
  readonly selectsLargest?: boolean;
  /** Depends on draws of a run, so that it can't be computed at import. */
  readonly draws?: boolean;
  /** Indices of inputs that must be constants. */
  readonly constants?: readonly number[];
  /** Whether other runtimes drop values here in every run. */
  drops?(scalar: ScalarOf): boolean;
  /** How positive factors on its inputs come out. Without it, they don't: its inputs have to keep their scale. */
  readonly scaling?: Scaling<A>;
  /** Index of the input with the output's shape, whose first size may be the batch. */
  readonly target?: number;
  /** Index of an optional input with axes; without it, the axes of size 1 are meant. */
  readonly impliedAxes?: number;
  /** Turns logits into probabilities or their logarithms. */
  readonly probability?: {
    /** Range of the outputs. */
    readonly range: Interval;
    /** Axes from `begin` to before `end` that it normalises together. Default: it maps each element alone. */
    axes?(attributes: A, rank: number): readonly [begin: number, end: number];
  };
  /**
   * Range of the outputs for that of the data, when each output is an increasing function of one element of the data;
   * undefined when the node's constants break the order. The data is the only input that isn't a constant scalar.
   */
  order?(interval: Interval, scalar: ScalarOf, attributes: A, node: GraphNode): Interval | undefined;
  /** Multiply-adds of one output element, for bounds on arithmetic with constants. Default: 1. */
  cost?(shapes: readonly (readonly number[] | undefined)[], attributes: A): number;
}
