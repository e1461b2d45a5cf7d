import { axisOf } from "@neft/tensor";
import { isHostArray, type KnownValue } from "../host-array.js";

/** Arguments of the functions of a scaling rule: attributes and shapes of one node. */
export interface ScalingCall<A = unknown> {
  readonly attributes: A;
  readonly inputs: readonly (KnownValue | undefined)[];
  /** The first output. */
  readonly output: KnownValue;
}

/**
 * How positive factors on elements of the inputs come out. Every rule holds exactly but for rounding.
 *
 * - elements: f(c·x) = c·f(x). An output element depends on the input elements at its own place, with NumPy
 *   broadcasting, and on others along the axes `over`. Inputs that aren't listed carry no factor.
 * - moves: rearranges, selects or repeats elements, each axis alone but for those in `along`.
 * - gates: the product of its two inputs, or their quotient.
 * - gains: multiplies by one input and adds another, along `axes`, after anything that ends a factor.
 * - contracts: a product of matrices, both computed from data.
 * - attends: softmax(q·kᵀ)·v per head.
 * - ignores: reads the shape of its input, not the elements.
 */
export type Scaling<A = unknown> =
  | {
      readonly kind: "elements";
      readonly inputs?: readonly number[];
      /** Undefined if the node isn't homogeneous. Default: none. */
      over?(call: ScalingCall<A>): readonly number[] | undefined;
    }
  | { readonly kind: "moves"; along?(call: ScalingCall<A>): readonly number[] }
  | { readonly kind: "gates"; readonly divides: boolean }
  | {
      readonly kind: "gains";
      readonly gain: number;
      readonly shift?: number;
      /** First of the axes of the output that the two inputs have. Default: they align at the end. */
      readonly axis?: number;
    }
  | { readonly kind: "contracts" }
  | { readonly kind: "attends" }
  | { readonly kind: "ignores" };

/** Reads shapes alone. */
export const ignores = { kind: "ignores" } as const;

/** Each output element depends on one element of each input. */
export const elements = { kind: "elements" } as const;
/** As `elements`, with factors on the first input alone. */
export const firstElements = { kind: "elements", inputs: [0] } as const;

const rankOf = ({ inputs: [x] }: ScalingCall): number => x!.shape.length;

/** Windows and means over the axes after the second. */
export const windows = {
  kind: "elements",
  inputs: [0],
  over: (call: ScalingCall) => Array.from({ length: Math.max(0, rankOf(call) - 2) }, (_, i) => i + 2),
} as const;

const listed = (value: KnownValue | undefined): number[] | undefined =>
  value && isHostArray(value) ? Array.from(value.data as ArrayLike<number | bigint>, Number) : undefined;

/**
 * The axes that a resize changes: those with a scale other than 1, or another size. A crop has other ranges at the same
 * size, and its value beyond them isn't scaled.
 *
 * @param scalesAt  Index of the input with the scales.
 * @param sizesAt  Index of the input with the sizes. Default: none.
 */
export const resized = (scalesAt: number, sizesAt?: number) =>
  ({
    kind: "elements",
    inputs: [0],
    over: (call: ScalingCall) => {
      const { coordinate_transformation_mode: mode, axes: given } = call.attributes as ResizeAttributes;
      if (mode === "tf_crop_and_resize") return undefined;
      const { shape } = call.inputs[0]!;
      const axes = given?.map((axis) => axisOf("axes", axis, shape.length)) ?? shape.map((_, axis) => axis);
      const [scales, sizes] = [scalesAt, sizesAt].map((at) => (at === undefined ? undefined : listed(call.inputs[at])));
      return axes.filter((axis, i) => (scales?.length ? scales[i] !== 1 : sizes?.[i] !== shape[axis]));
    },
  }) as const;

interface ResizeAttributes {
  readonly coordinate_transformation_mode?: string;
  readonly axes?: readonly number[] | undefined;
}

/** The axes that a reduction reduces. */
export const reducedAxes = {
  kind: "elements",
  inputs: [0],
  over: (call: ScalingCall<{ readonly noop_with_empty_axes: boolean }>) => {
    const axes = listed(call.inputs[1]) ?? [];
    if (axes.length > 0) return axes.map((axis) => axisOf("axes", axis, rankOf(call)));
    return call.attributes.noop_with_empty_axes ? [] : call.inputs[0]!.shape.map((_, axis) => axis);
  },
} as const;

/** Padding with a value, or with elements of the padded axes. */
export const paddedAxes = {
  kind: "elements",
  inputs: [0, 2],
  over: (call: ScalingCall) => {
    const pads = listed(call.inputs[1]);
    const axes = listed(call.inputs[3])?.map((axis) => axisOf("axes", axis, rankOf(call)));
    const all = axes ?? call.inputs[0]!.shape.map((_, axis) => axis);
    return pads ? all.filter((_, i) => pads[i] !== 0 || pads[i + all.length] !== 0) : all;
  },
} as const;

/** Elements move along attribute `axis` alone. */
export const alongAxis = {
  kind: "moves",
  along: (call: ScalingCall<{ readonly axis: number }>) => [axisOf("axis", call.attributes.axis, rankOf(call))],
} as const;

/** Elements move along the axes that input 3 lists, or along all. */
export const slicedAxes = {
  kind: "moves",
  along: (call: ScalingCall) => {
    const axes = listed(call.inputs[3])?.map((axis) => axisOf("axes", axis, rankOf(call)));
    return axes ?? call.inputs[0]!.shape.map((_, axis) => axis);
  },
} as const;

/** Elements move over all axes together. */
export const moves = {
  kind: "moves",
  along: (call: ScalingCall) => call.inputs[0]!.shape.map((_, axis) => axis),
} as const;

/** Whole axes change places. */
export const movesAxes = { kind: "moves" } as const;
