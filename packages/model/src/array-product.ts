import { inWords } from "@neft/options";
import { add, maxPool2d, relu, reshape, type Tensor, type Variation, varied } from "@neft/tensor";

/** How a product reads its weight where it isn't the parameter as stored. */
export interface WeightView {
  /** The weight at the product, from a tensor of the parameter's shape. */
  apply(whole: Tensor): Tensor;
  /** W + ΔW of the whole parameter. Default: drawn anew. */
  vary?(whole: Tensor, variation: Variation): Tensor;
}

/** The weight of a product. */
export interface ArrayWeight {
  /** Name of the parameter. */
  readonly name: string;
  /** The parameter. */
  readonly tensor: Tensor;
  /** What is between the parameter and the product. ΔW is drawn in the parameter's own element order, before it. Default: nothing. */
  readonly view?: WeightView | undefined;
  /** Why all samples share one draw: "a recurrent node reads it". Default: each sample may have a draw of its own. */
  readonly sharedDraw?: string | undefined;
}

/** What follows a product, in this order. */
export interface Epilogue {
  /** Added to each output channel. */
  readonly bias?: Tensor | undefined;
  /** Whether a 2×2 max pool follows. */
  readonly pooled?: boolean;
  /** Whether a ReLU follows. */
  readonly rectified?: boolean;
}

/** Operands of a map: the data, the weight at the product, what follows. */
export interface MapCall {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly epilogue: Epilogue;
  /** Variation of the weight. Undefined: none. */
  readonly variation?: Variation | undefined;
}

/** The reads of crossbars that compute a map: the results of each block are vectors·matrix. Blocks are the groups of a convolution. */
export interface Reads {
  /** Word-line inputs of each block, [reads, inputs]. The reads of one sample follow each other. */
  readonly vectors: readonly Tensor[];
  /** The map's outputs from the results of each block, [reads, outputs]. */
  collect(results: readonly Tensor[]): Tensor;
}

/** Word lines [from, to) of each block. */
export interface WordLines {
  readonly from: number;
  readonly to: number;
}

/** A kind of linear map: everything that is known about it. */
export interface LinearMapKind<Settings = unknown> {
  readonly name: string;
  /**
   * Whether a draw for every sample draws ΔW, not the deviation of the outputs: only then can two products with one weight see the
   * same ΔW.
   */
  readonly drawsWeights: boolean;
  /** Axis of the outputs that the bias follows; negative from the end. */
  readonly channels: 1 | -1;
  /** The exact product with its epilogue. With `variation`, ΔW is drawn during the product. */
  compute(call: MapCall, settings: Settings): Tensor;
  /** The product with several weights, without gradients, where one call can share work between them. Default: one by one. */
  computeEach?(call: Omit<MapCall, "w" | "variation">, weights: readonly Tensor[], settings: Settings): Tensor[];
  /** Matrices of the blocks, [inputs, outputs], from the weight at the product. */
  matrices(w: Tensor, settings: Settings): Tensor[];
  /** The reads that compute the map with these matrices. `shape` is that of the weight at the product. */
  reads(x: Tensor, shape: readonly number[], settings: Settings): Reads;
  /**
   * What bit lines sum over some word lines, straight from x and without gradients, where x's values are on the word lines as they are
   * and each output is the sum of one bit line. Default: only `reads` says what is on the word lines.
   *
   * @param matrices  Any number of matrices, each given by its blocks, [word lines, outputs].
   * @returns for each matrix a tensor of the shape of the map's outputs.
   */
  sums?(
    x: Tensor,
    shape: readonly number[],
    settings: Settings,
    lines: WordLines,
    matrices: readonly (readonly Tensor[])[],
  ): Tensor[];
}

/** What a product computes from its input and weight: a kind with its settings, which are plain data but for tensors. */
export interface LinearMap<Settings = unknown> {
  readonly kind: LinearMapKind<Settings>;
  readonly settings: Settings;
}

/** A map of a kind. */
export const mapOf = <Settings>(kind: LinearMapKind<Settings>, settings: Settings): LinearMap =>
  ({ kind, settings }) as LinearMap<never> as LinearMap;

/**
 * Values of the outputs, [outputs], in a shape that broadcasts to a product's results.
 *
 * @param channels  Axis of the results that the outputs are on; negative from the end.
 */
export function alongOutputs(values: Tensor, { shape }: Pick<Tensor, "shape">, channels: number): Tensor {
  const after = (channels < 0 ? -1 : shape.length - 1) - channels;
  return after === 0 ? values : reshape(values, [values.size, ...new Array<number>(after).fill(1)]);
}

/** Outputs with what follows a product. `channels`: as in `alongOutputs`. */
export function withEpilogue(
  y: Tensor,
  { bias, pooled = false, rectified = false }: Epilogue,
  channels: number,
): Tensor {
  let result = bias === undefined ? y : add(y, alongOutputs(bias, y, channels));
  if (pooled) result = maxPool2d(result, { kernel: [2, 2], strides: [2, 2] });
  return rectified ? relu(result) : result;
}

/** One product of an array node, as passed to the backend. */
export interface ArrayProduct {
  /** Name of the node. */
  readonly layer: string;
  readonly weight: ArrayWeight;
  /** The other operand. */
  readonly input: Tensor;
  readonly map: LinearMap;
  readonly epilogue: Epilogue;
}

/** Computes array nodes: digitally, with variation, or on a programmed chip. */
export interface ArrayBackend {
  /** Returns the output of the product, its epilogue applied. */
  product(product: ArrayProduct): Tensor;
}

/**
 * The exact product with a weight of the parameter's shape.
 *
 * @param whole  Default: the parameter.
 * @param variation  ΔW is drawn during the product. Default: none.
 * @throws {RangeError} for a draw for every sample of a weight that all samples share.
 */
export function computeProduct(
  { weight, input, map, epilogue }: ArrayProduct,
  whole: Tensor = weight.tensor,
  variation?: Variation,
): Tensor {
  const { name, view, sharedDraw } = weight;
  if (variation?.perSample === true && sharedDraw !== undefined) {
    throw new RangeError(
      `parameter ${inWords(name)}: expected one draw for all samples where ${sharedDraw}, got perSample`,
    );
  }
  const { kind, settings } = map;
  if (view === undefined) return kind.compute({ x: input, w: whole, epilogue, variation }, settings);
  const drawn = variation === undefined ? whole : (view.vary?.(whole, variation) ?? varied(whole, { variation }));
  return kind.compute({ x: input, w: view.apply(drawn), epilogue }, settings);
}

/** `computeProduct` with several weights, without gradients. */
export function computeProductEach(product: ArrayProduct, wholes: readonly Tensor[]): Tensor[] {
  const { weight, input, map, epilogue } = product;
  const { kind, settings } = map;
  if (kind.computeEach === undefined) return wholes.map((whole) => computeProduct(product, whole));
  const weights = weight.view === undefined ? wholes : wholes.map(weight.view.apply);
  return kind.computeEach({ x: input, epilogue }, weights, settings);
}
